"""Python's own urllib: one connection for each call."""

import json
import ssl
import urllib.error
import urllib.request

from job import JOB, body_of, dial_as_told, reply


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


dial_as_told()
proxies = {}
if JOB["proxy"] is not None:
    proxies = dict.fromkeys(("http", "https"), f"http://{JOB['proxy']}")
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler(proxies),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=JOB["ca"])),
    NoRedirect,
)

replies = []
for call in JOB["calls"]:
    request = urllib.request.Request(
        JOB["base"] + call["path"],
        data=body_of(call),
        headers=dict(call["headers"]),
        method=call["method"],
    )
    try:
        response = opener.open(request, timeout=20)
    except urllib.error.HTTPError as error:
        response = error
    replies.append(reply(response.status, response.headers.items(), response.read()))
print(json.dumps(replies))
