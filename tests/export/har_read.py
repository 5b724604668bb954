"""Prints what haralyzer (pip), which shares no code with nicetap, reads in the HAR file on standard input."""
import json
import sys

from haralyzer import HarParser

(page,) = HarParser(json.load(sys.stdin)).pages
json.dump([
    {
        "method": entry.request.method,
        "url": entry.request.url,
        "credential": entry.request.headers and {
            pair["name"].lower(): pair["value"] for pair in entry.request.headers
        }.get("authorization"),
        "status": entry.response.status,
        "type": entry.response.mimeType,
        "text": entry.response.raw_entry["content"].get("text"),
        "began": entry.startTime.timestamp(),
        "took": entry.time,
        "waited": entry.timings["wait"],
    }
    for entry in page.entries
], sys.stdout)
