"""The story of one row: what the file asked, what was sent, what came back, and why it ended so."""

from collections.abc import Iterator
from typing import Any

from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.operation import Operation, PatchOperation
from bulkscim.model.row import RowState
from bulkscim.model.typed import NEXT, command
from bulkscim.planning.compare import redact
from bulkscim.reporting.hints import hint_of
from bulkscim.reporting.results import result_of
from bulkscim.reporting.summary import moment

_SHOWN_DATA = 600
_SHOWN_IDS = 5


def explain(
    recorded: RecordedRun, row: int, operation: Operation | None, run: str, undoes: str = ""
) -> Iterator[str]:
    """Return the history of a row; without its operation (the job file is gone) only what the journal knows.

    `undoes`: in a rollback, what the row takes back.
    """
    state = recorded.ledger.state(row)
    job = recorded.header.get("job")
    name = job.get("path", "") if isinstance(job, dict) else ""
    yield f"row {row} of {one_line(str(name))}: {state.value.replace('_', ' ')}"
    if undoes:
        yield f"  undoes    {undoes}"
    if operation is not None:
        yield from _asks(operation)
    history = recorded.history(row)
    for entry in history:
        yield from _told(entry, row)
    if not history:
        yield "nothing was sent for it"
    hint = hint_of(result_of(recorded, row, operation), run)
    if hint.text:
        yield f"hint: {hint.text}"
    yield f"{NEXT}{command(*(hint.words or ('results', run)))}"


def _asks(operation: Operation) -> Iterator[str]:
    yield f"  asks      {operation.verb.value} {one_line(str(operation.target))}"
    if operation.data:
        text = shown_value(redact(operation.data))
        yield f"            {text[:_SHOWN_DATA]}{'…' * (len(text) > _SHOWN_DATA)}"
    for change in operation.changes:
        yield f"            {change.op} {one_line(change.path or 'the resource')}: {_shown_change(change)}"
    for reference in operation.references:
        yield f"            {reference.role.value}: {one_line(str(reference.key))}"


def _shown_change(change: PatchOperation) -> str:
    """Return the value of a PATCH operation without its secrets."""
    name = (change.path or "").rpartition(":")[2] or "value"
    return shown_value(redact({name: change.value})[name])


def _told(entry: Entry, row: int) -> Iterator[str]:
    """Say one entry in a line or a few."""
    time, body = moment(entry.time), entry.body
    match entry.kind:
        case Kind.STARTED:
            yield f"  step {entry.step:<5}{time}  {_intent(entry, row)}"
            for path, before, after in body.get("changes") or ():
                yield f"              {one_line(path)}: {shown_value(before)} → {shown_value(after)}"
            yield from _ties(body)
        case Kind.APPLIED | Kind.REFUSED if body.get("by"):
            yield f"            {time}  {one_line(str(body.get('note') or body.get('detail')))}{_resource(body)}"
        case Kind.APPLIED:
            seen = " (found after the answer was lost)" if body.get("seen") else ""
            yield f"            {time}  applied{_answer(body)}{_resource(body)}{seen}"
            if body.get("stripped"):
                yield f"              taken out of groups by that: {_ids(body['stripped'])}"
        case Kind.REFUSED:
            yield f"            {time}  refused{_answer(body)}"
        case Kind.LOST:
            what = "accepted" if body.get("accepted") else "no answer"
            yield f"            {time}  {what}: {one_line(str(body.get('detail') or 'unknown'))}"
        case Kind.SETTLED:
            yield f"  ended     {time}  {_end(entry)}"
        case Kind.REOPENED:
            yield f"  reopened  {time}  {one_line(str(body.get('why') or 'retry'))}"
        case _:
            yield f"  {entry.kind.value:<10}{time}"


def _ties(body: dict[str, Any]) -> Iterator[str]:
    """Say who held a resource that goes, and who referred to it."""
    for name, told in (("groups", "member of groups"), ("reports", "manager of")):
        if name in body:
            ids = body[name]
            yield f"              {told}: {'unknown' if ids is None else _ids(ids) or 'none'}"


def _ids(ids: list[str]) -> str:
    more = f" and {len(ids) - _SHOWN_IDS:,} more" if len(ids) > _SHOWN_IDS else ""
    return one_line(", ".join(ids[:_SHOWN_IDS])) + more


def _intent(entry: Entry, row: int) -> str:
    body = entry.body
    part = next((part for number, part in entry.rows if number == row and part), body.get("part") or "")
    target = body.get("id") or _identity(body)
    texts = (body.get("method"), body.get("type"), target, f"for part {part}" if part else "")
    return one_line(" ".join(str(text) for text in texts if text))


def _identity(body: dict[str, Any]) -> str:
    """Return what a new resource will be known by."""
    for key in body.get("identity") or ():
        if isinstance(key, list) and key:
            return str(key[-1])
    return ""


def _answer(body: dict[str, Any]) -> str:
    """Return status, scimType, detail and attempts, as far as they are known, after a colon; else nothing."""
    attempts = body.get("attempts") or 1
    texts = [body.get("status"), body.get("scim_type"), body.get("detail")]
    if attempts > 1:
        texts.append(f"after {attempts} attempts")
    told = one_line(" ".join(str(text) for text in texts if text))
    return f": {told}" if told else ""


def _resource(body: dict[str, Any]) -> str:
    return f", id {one_line(str(body['id']))}" if body.get("id") else ""


def _end(entry: Entry) -> str:
    state = entry.state or RowState.PENDING
    detail = entry.body.get("detail")
    return f"{state.value}: {one_line(str(detail))}" if detail else state.value
