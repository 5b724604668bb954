"""Python's own urllib; no word of a proxy or a CA."""

import os
import sys
import urllib.request

fields = {"Authorization": os.environ["CREDENTIAL"], "Content-Type": "application/json"}
request = urllib.request.Request(sys.argv[1], headers=fields)
print(urllib.request.urlopen(request, timeout=20).read().decode())
