"""An inverse for people: what each record of a rollback would do, with both values of what it sets."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bulkscim.jobfile.reading import raw_records
from bulkscim.jobfile.source import JobSource
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.operation import JsonObject
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.reporting.results import Result

_WORDS = {
    "create": "was deleted → is made again",
    "delete": "was made → is deleted",
    "deactivate": "was made → is deactivated",
}


def inverse_lines(source: JobSource) -> Iterator[str]:
    """Say each record of an inverse in a line for each thing that it changes."""
    for record in raw_records(source):
        body = record.body
        head = f"{_rows(body)}  {body['type']} {one_line(str(body.get('_key') or ''))}: "
        for text in _told(body):
            yield head + text


def undoes(body: JsonObject) -> str:
    """Say what a record of an inverse takes back, by the rows and steps of its run."""
    steps = body.get("_steps") or []
    return f"{_rows(body)} (step{'s' * (len(steps) != 1)} {', '.join(map(str, steps))}) of the run"


def of_rollback(found: Iterable[Result], source: JobSource) -> Iterator[Result]:
    """Say with each result of a rollback which rows of the run it takes back, and for which resource."""
    for result, record in zip(found, raw_records(source), strict=False):
        told = (f"undoes {_rows(record.body)}", result.detail)
        key = str(record.body.get("_key") or result.key)
        yield replace(result, key=key, detail="; ".join(text for text in told if text))


def _rows(body: JsonObject) -> str:
    rows = body.get("_row")
    return f"rows {', '.join(map(str, rows))}" if isinstance(rows, list) else f"row {rows}"


def _told(body: JsonObject) -> Iterator[str]:
    if body["op"] in _WORDS:
        yield _WORDS[body["op"]]
    elif body["op"] == "add_member":
        yield f"member {one_line(str(next(iter(body['member'].values()))))} returns"
    else:
        for operation in body["patch"]:
            yield from _change(operation, body.get("expect") or {})


def _change(operation: JsonObject, expect: JsonObject) -> Iterator[str]:
    path, value = str(operation["path"]), operation.get("value")
    member = member_at(path)
    if member is not None:
        yield f"member {one_line(member)} leaves"
    elif path.lower() == MEMBERS:
        yield from (f"member {one_line(str(each.get('value')))} returns" for each in value or ())
    else:
        stands = next((after for place, after in expect.items() if place.startswith(path)), None)
        yield f"{one_line(path)}  {shown_value(stands)} → {shown_value(value)}"
