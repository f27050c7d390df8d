"""How a header stands on line 1: the one reader and the one writer of its JSON."""

from collections.abc import Mapping
from dataclasses import replace

from bulkscim.journal import typed_json
from bulkscim.journal.header import FORMATS, Header
from bulkscim.model.operation import JsonObject
from bulkscim.planning.guards import adoptions


def read(data: JsonObject) -> Header:
    """Return what line 1 says; ValueError names the member that does not fit.

    A format or a number of rows that is none is 0 or -1. Of a format that is not known nothing else is read.
    """
    version, rows = _whole(data.get("format"), 0), _whole(data.get("rows"), -1)
    if version not in FORMATS:
        return Header(version, rows=rows, others=data)
    header = typed_json.read(Header, data | {"format": version, "rows": rows})
    if "max_adopt" in (data.get("guards") or {}):
        return header
    bounds = replace(header.guards.bounds, max_adopt=adoptions(None, rows))
    return replace(header, guards=replace(header.guards, bounds=bounds))


def write(header: Header) -> JsonObject:
    """Return the JSON of a header, with all that was not known of it when it was read."""
    return typed_json.write(header) if header.format in FORMATS else dict(header.others)


def with_changes(header: Header, changed: Mapping[str, JsonObject]) -> Header:
    """Return a header whose `settings` and `guards` are as later sessions have changed them; ValueError as `read`."""
    return read(typed_json.merged(write(header), changed)) if changed else header


def _whole(value: object, otherwise: int) -> int:
    return value if type(value) is int else otherwise
