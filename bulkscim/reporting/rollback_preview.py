"""An inverse for users: what each record of a rollback would do, with both values of what it sets."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bulkscim.jobfile.reading import raw_records
from bulkscim.jobfile.source import JobSource
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.operation import JsonObject
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.reporting.results import Result

_MEMBER = "member "
_SHOWN = 3
_WORDS = {
    "create": "deleted → created again",
    "delete": "created → deleted",
    "deactivate": "created → deactivated",
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
    name = one_line(f": {body['type']} {body['_key']}") if body.get("_key") else ""
    told = f"{_rows(body)} (step{'s' * (len(steps) != 1)} {', '.join(map(str, steps))}) of the run{name}"
    return "; ".join((told, *_members(body)))


def of_rollback(found: Iterable[Result], source: JobSource) -> Iterator[Result]:
    """Say with each result of a rollback which rows of the run it takes back, and for which resource."""
    for result, record in zip(found, raw_records(source), strict=False):
        told = (f"undoes {_rows(record.body)}", *_members(record.body), result.detail)
        key = str(record.body.get("_key") or result.key)
        yield replace(result, key=key, detail="; ".join(text for text in told if text))


def _members(body: JsonObject) -> Iterator[str]:
    """Say which members a record changes: the first few of them."""
    told = [text for text in _told(body) if text.startswith(_MEMBER)]
    yield from told[:_SHOWN]
    if len(told) > _SHOWN:
        yield f"{len(told) - _SHOWN} more members"


def _rows(body: JsonObject) -> str:
    rows = body.get("_row")
    return f"rows {', '.join(map(str, rows))}" if isinstance(rows, list) else f"row {rows}"


def _told(body: JsonObject) -> Iterator[str]:
    if body["op"] in _WORDS:
        yield _WORDS[body["op"]]
    elif body["op"] == "add_member":
        yield f"{_MEMBER}{_named(next(iter(body['member'].values())), body)} returns"
    else:
        for operation in body.get("patch") or ():
            yield from _change(operation, body)


def _change(operation: JsonObject, body: JsonObject) -> Iterator[str]:
    path, value = str(operation["path"]), operation.get("value")
    member = member_at(path)
    if member is not None:
        yield f"{_MEMBER}{_named(member, body)} leaves"
    elif path.lower() == MEMBERS:
        yield from (f"{_MEMBER}{_named(each.get('value'), body)} returns" for each in value or ())
    else:
        expect = body.get("expect") or {}
        stands = next((after for place, after in expect.items() if place.startswith(path)), None)
        yield f"{one_line(path)}  {shown_value(stands)} → {shown_value(value)}"


def _named(text: object, body: JsonObject) -> str:
    """Return a member by its name where the run knew one, else by its id."""
    return one_line(str((body.get("_names") or {}).get(text) or text))
