"""What the Python clients share: the job from stdin, the address to dial, the form of a reply."""

import base64
import json
import socket
import sys

JOB = json.load(sys.stdin)


def dial_as_told():
    """Makes every look-up of the job's host answer with the job's address, port included."""
    if JOB["dial"] is None:
        return
    address, port = JOB["dial"].rsplit(":", 1)
    ask = socket.getaddrinfo

    def answer(host, asked_port, *rest, **named):
        if host == JOB["host"]:
            host, asked_port = address, int(port)
        return ask(host, asked_port, *rest, **named)

    socket.getaddrinfo = answer


def body_of(call):
    return None if call["body"] is None else base64.b64decode(call["body"])


def reply(status, headers, body):
    return {
        "status": status,
        "headers": [list(field) for field in headers],
        "body": base64.b64encode(body).decode(),
    }
