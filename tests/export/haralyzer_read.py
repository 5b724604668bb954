"""What haralyzer, which shares no code with nicetap, reads in the HAR file on standard input: a JSON object a call."""
import json
import sys

from haralyzer import HarParser

calls = []
for entry in HarParser(json.load(sys.stdin)).har_data["entries"]:
    pass
