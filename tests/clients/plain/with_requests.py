"""Python requests; no word of a proxy or a CA."""

import os
import sys

import requests

fields = {"Authorization": os.environ["CREDENTIAL"], "Content-Type": "application/json"}
print(requests.get(sys.argv[1], headers=fields, timeout=20).text)
