"""A strict second reader: what h11 makes of byte streams that a server received.

Reads lines `{"key": …, "bytes": base64}` from stdin, writes lines
`{"key", "verdict", "requests", "hosts", "error"}`. The verdicts:

whole         every byte belongs to a request that h11 reads
cut           the last request is read, but its body has not ended
partial       the stream ends inside a head
refused       h11 refuses a request
beyond-ascii  h11 refuses it only for bytes beyond ASCII in a request target
"""

import base64
import json
import re
import sys

import h11


TARGETS = re.compile(rb"^([A-Z]+ )([^ \r\n]+)( HTTP/1\.[01]\r\n)", re.MULTILINE)


def read(stream):
    """The verdict of one pass, with the requests read so far."""
    requests, hosts = [], []
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)

    def end(verdict, error=""):
        return {"verdict": verdict, "requests": requests, "hosts": hosts, "error": error}

    connection.receive_data(stream)
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            return end("refused", str(error))
        if isinstance(event, h11.Request):
            target = event.target.decode("latin-1")
            requests.append(f"{event.method.decode()} {target}")
            hosts += [value.decode("latin-1") for name, value in event.headers if name == b"host"]
        elif isinstance(event, h11.EndOfMessage):
            # A refusal, so that CONNECT and Upgrade change nothing.
            connection.send(h11.Response(status_code=400, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            rest = connection.trailing_data[0]
            if connection.our_state is h11.DONE and connection.their_state is h11.DONE:
                connection.start_next_cycle()
            elif rest:
                return end("whole", "bytes after the last request")
            if not rest:
                return end("whole")
        elif event is h11.NEED_DATA:
            inside_body = connection.their_state is h11.SEND_BODY
            return end("cut" if inside_body else "partial")
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return end("whole")


def ascii_target(line):
    return line[1] + re.sub(rb"[\x80-\xff]", b"x", line[2]) + line[3]


def judge(stream):
    if not stream:
        return {"verdict": "whole", "requests": [], "hosts": [], "error": ""}
    result = read(stream)
    if result["verdict"] == "refused" and not stream.isascii():
        if read(TARGETS.sub(ascii_target, stream))["verdict"] != "refused":
            result["verdict"] = "beyond-ascii"
    return result


for line in sys.stdin:
    item = json.loads(line)
    print(json.dumps({"key": item["key"], **judge(base64.b64decode(item["bytes"]))}))
