"""The story of one row: what the file asked, what was sent, what came back, and why it ended so."""

from collections.abc import Iterator, Sequence

from bulkscim.journal.bodies import Applied, Body, Lost, Refused, Reopened, Settled, Started
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.harmless import one_line, shown_value
from bulkscim.model.operation import USER, Operation, PatchOperation
from bulkscim.model.step import Action
from bulkscim.model.typed import NEXT, command
from bulkscim.planning.compare import redact
from bulkscim.reporting.durations import moment
from bulkscim.reporting.hints import hint_of
from bulkscim.reporting.results import result_of

_SHOWN_DATA = 600
_SHOWN_IDS = 5


def explain(
    recorded: RecordedRun, row: int, operation: Operation | None, run: str, undoes: str = ""
) -> Iterator[str]:
    """Return the history of a row; without its operation (the job file is gone) only what the journal knows.

    `undoes`: in a rollback, what the row takes back.
    """
    state = recorded.ledger.state(row)
    yield f"row {row} of {one_line(recorded.header.job.path)}: {state.value.replace('_', ' ')}"
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
    time = moment(entry.time)
    match entry.body:
        case Started() as begun:
            yield f"  step {entry.step:<5}{time}  {_intent(begun, entry, row)}"
            for change in begun.changes:
                values = f"{shown_value(change.before)} → {shown_value(change.after)}"
                yield f"              {one_line(change.path)}: {values}"
            yield from _ties(begun)
        case Applied(by=by, note=told) | Refused(by=by, detail=told) if by:
            yield f"            {time}  {one_line(told)}{_resource(entry.body)}"
        case Applied() as applied:
            seen = " (found after the answer was lost)" if applied.seen else ""
            yield f"            {time}  applied{_answer(applied)}{_resource(applied)}{seen}"
            if applied.stripped:
                yield f"              removed from groups by that: {_ids(applied.stripped)}"
        case Refused() as refused:
            yield f"            {time}  refused{_answer(refused)}"
        case Lost() as lost:
            what = "accepted" if lost.accepted else "no answer"
            yield f"            {time}  {what}: {one_line(lost.detail or 'unknown')}"
        case Settled() as end:
            yield f"  ended     {time}  {end.state.value}{f': {one_line(end.detail)}' if end.detail else ''}"
        case Reopened(why=why):
            yield f"  reopened  {time}  {one_line(why or 'retry')}"
        case _:
            yield f"  {entry.kind.value:<10}{time}"


def _ties(begun: Started) -> Iterator[str]:
    """Say who held a resource that goes, and who referred to it."""
    if begun.ties is not None:
        yield f"              member of groups: {_known(begun.ties.groups)}"
        if begun.action is Action.DELETE and begun.type == USER:
            yield f"              manager of: {_known(begun.ties.reports)}"


def _known(ids: Sequence[str] | None) -> str:
    return "unknown" if ids is None else _ids(ids) or "none"


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN_IDS:,} more" if len(ids) > _SHOWN_IDS else ""
    return one_line(", ".join(ids[:_SHOWN_IDS])) + more


def _intent(begun: Started, entry: Entry, row: int) -> str:
    part = next((part for number, part in entry.rows if number == row), "")
    identity = begun.identity[0].value if begun.identity else ""
    texts = (begun.action.method, begun.type, begun.id or identity, f"for part {part}" if part else "")
    return one_line(" ".join(text for text in texts if text))


def _answer(end: Applied | Refused) -> str:
    """Return status, scimType, detail and attempts, as far as they are known, after a colon; else nothing."""
    texts: list[object] = [end.status]
    if isinstance(end, Refused):
        texts += [end.scim_type, end.detail]
    if end.attempts > 1:
        texts.append(f"after {end.attempts} attempts")
    told = one_line(" ".join(str(text) for text in texts if text))
    return f": {told}" if told else ""


def _resource(body: Body) -> str:
    return f", id {one_line(body.id)}" if isinstance(body, Applied) and body.id else ""
