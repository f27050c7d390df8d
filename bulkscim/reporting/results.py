"""results.csv: one line per row, in row order; what a row ended as comes from the journal alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bulkscim.jobfile.csv_writer import CsvWriter
from bulkscim.journal.bodies import Applied, Body, Lost, Refused, Settled, Started
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import GROUP, Operation
from bulkscim.model.row import RowState
from bulkscim.outputs import run_file

COLUMNS = ("row", "op", "type", "key", "id", "state", "status", "scim_type", "detail", "attempts")

Asked = Iterable[tuple[int, Operation]]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row; texts as the journal or the job file has them."""

    row: int
    state: RowState
    op: str = ""
    type: str = ""
    key: str = ""
    id: str = ""
    status: int | None = None
    scim_type: str = ""
    detail: str = ""
    attempts: int = 0


def results(recorded: RecordedRun, asked: Asked) -> Iterator[Result]:
    """Return what became of every row. `asked` holds the operations of rows that are not settled, in order."""
    waiting = iter(asked)
    ahead = next(waiting, None)
    for row in recorded.ledger.numbers():
        while ahead is not None and ahead[0] < row:
            ahead = next(waiting, None)
        operation = ahead[1] if ahead is not None and ahead[0] == row else None
        yield result_of(recorded, row, operation)


def result_of(recorded: RecordedRun, row: int, operation: Operation | None) -> Result:
    """Return what became of one row; the operation fills in what the journal does not say yet."""
    state = recorded.ledger.state(row)
    last = recorded.last(row)
    found = _from_body(row, state, last.body if last is not None else None)
    if last is not None and isinstance(last.body, Settled):
        return found
    if state is RowState.IN_DOUBT and not found.detail:
        found = replace(found, detail="sent; whether it was applied is not known")
    if operation is None:
        return found
    own = found.id if _is_own(operation, last) else ""
    return replace(found, op=operation.verb.value, type=operation.type, key=operation.target.value, id=own)


def _is_own(operation: Operation, last: Entry | None) -> bool:
    """Return whether a row's last entry is about the row's own resource, and not about a group that it joins."""
    part = last.part if last is not None else ""
    return operation.type == GROUP or not part.startswith(("member:", "group:"))


def write_results(found: Iterable[Result], path: Path) -> None:
    """Write results.csv."""
    with run_file(path) as file:
        writer = CsvWriter(file)
        writer.row(COLUMNS)
        for each in found:
            named = (each.row, each.op, each.type, each.key, each.id, each.state.value)
            writer.told((*named, each.status, each.scim_type, each.detail, each.attempts))


def _from_body(row: int, state: RowState, body: Body | None) -> Result:
    """Read what a `settled` says, and of the entries of a step what they know of it."""
    found = Result(row, state)
    match body:
        case Settled():
            return Result(
                row,
                state,
                op=body.op,
                type=body.type,
                key=body.key,
                id=body.id or "",
                status=body.status,
                scim_type=body.scim_type or "",
                detail=body.detail,
                attempts=body.attempts,
            )
        case Started():
            return replace(found, type=body.type, id=body.id or "")
        case Applied():
            return replace(found, id=body.id or "", status=body.status, attempts=body.attempts)
        case Refused():
            told = replace(found, scim_type=body.scim_type or "", detail=body.detail)
            return replace(told, status=body.status, attempts=body.attempts)
        case Lost():
            told = replace(found, id=body.id or "", detail=body.detail)
            return replace(told, status=body.status, attempts=body.attempts)
        case _:
            return found
