"""Reads recorded requests, a JSON object a line, with the official SDK; writes what it understood, a JSON object a line."""

import json
import sys

from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat


def text(name, value):
    if name == "time":
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value if isinstance(value, str) else json.dumps(value)


for line in sys.stdin.buffer:
    request = json.loads(line)
    event = from_http(HTTPMessage(dict(request["headers"]), request["body"].encode()), JSONFormat())
    attributes = {name: text(name, value) for name, value in event.get_attributes().items()}
    print(json.dumps({"attributes": attributes, "data": event.get_data()}))
