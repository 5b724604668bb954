"""Python requests: one session, so one connection."""

import json

import requests

from job import JOB, body_of, dial_as_told, reply

dial_as_told()
session = requests.Session()
session.trust_env = False
if JOB["proxy"] is not None:
    session.proxies = dict.fromkeys(("http", "https"), f"http://{JOB['proxy']}")
if JOB["ca"] is not None:
    session.verify = JOB["ca"]

replies = []
for call in JOB["calls"]:
    response = session.request(
        call["method"],
        JOB["base"] + call["path"],
        headers=dict(call["headers"]),
        data=body_of(call),
        allow_redirects=False,
        stream=True,
        timeout=20,
    )
    body = response.raw.read(decode_content=False)
    response.close() if response.raw.closed else response.raw.release_conn()
    replies.append(reply(response.status_code, response.raw.headers.items(), body))
print(json.dumps(replies))
