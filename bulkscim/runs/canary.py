"""The canary of a run: a few rows that are done first, read back by their ids, and must all end as wanted."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from bulkscim.errors import CanaryFailed
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import Checked
from bulkscim.journal.bodies import Approved, Stopped
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.model.harmless import escaped
from bulkscim.model.operation import Defaults, JsonObject, Key, Operation
from bulkscim.model.row import RowState
from bulkscim.planning.canary import Shape, cover, shape_of, subject_of
from bulkscim.runs.assembly import Job
from bulkscim.runs.plan_file import PlanFile

SHOWN = 5
OVER: JsonObject = {"canary": False}  # as an approval has it where the other rows wait no longer
MOST_TRIED = 10  # rows, for each of the canary, until some change something
_CHANGED = frozenset({RowState.DONE, RowState.ADOPTED})
_RIGHT = _CHANGED | {RowState.NOOP}
Asked = Iterator[tuple[int, Operation]]


def canary_rows(
    source: JobSource, defaults: Defaults, checked: Checked, most: int, plan: PlanFile | None = None
) -> tuple[int, ...]:
    """Return the rows that are done first: `most` that cover what the job does, and all that must be done before these.

    Of a plan they are among those for which something is sent.
    """

    def asked() -> Asked:
        return rows(source, defaults, 1, lambda row: row <= checked.last and checked.takes(row))

    found = cover(_shapes(asked(), plan), most)
    return _with_needed(found, asked, checked.sound_index().makers)


def _shapes(asked: Asked, plan: PlanFile | None) -> Iterator[tuple[int, Shape]]:
    """Yield rows with what each is an example of; of a plan only those for which something is sent."""
    sent = None if plan is None else (one.row for one in plan.rows() if one.sends)
    next_sent: int | None = 0
    for row, operation in asked:
        while sent is not None and next_sent is not None and next_sent < row:
            next_sent = next(sent, None)
        if sent is None or next_sent == row:
            yield row, shape_of(operation)


def _with_needed(
    rows: Iterable[int], asked: Callable[[], Asked], makers: Callable[[Key], int | None]
) -> tuple[int, ...]:
    """Return rows with those that are asked too and that must be done before: what creates a reference, and earlier rows of one resource."""
    found = set(rows)
    while found:
        before = len(found)
        last: dict[Key, int] = {}
        needed: set[int] = set()
        for row, operation in asked():
            if row in found:
                last[subject_of(operation)] = row
                needed |= {made for one in operation.references if (made := makers(one.key)) is not None}
        found |= {
            row for row, operation in asked() if row in needed or row < last.get(subject_of(operation), 0)
        }
        if len(found) == before:
            break
    return tuple(sorted(found))


def told(canary: Sequence[int]) -> str:
    """Say which rows are done first, for approval."""
    named = ", ".join(f"{row:,}" for row in canary[: 2 * SHOWN]) + (" …" if len(canary) > 2 * SHOWN else "")
    return f"canary    {len(canary):,} rows first, which are read back before the others are sent: {named}"


def told_right(recorded: Journal) -> str:
    """Say that the canary is right, just after it."""
    totals = recorded.ledger.totals()
    idle = f", {totals.noop:,} of them had nothing to change" if totals.noop else ""
    return f"canary: all {totals.rows - totals.pending:,} rows are right{idle}; the others follow"


def waits_for(recorded: Journal, job: Job) -> frozenset[int]:
    """Return the rows for which the other rows must wait: the canary's, then others in place of those that had nothing to change.

    None where all of them have ended as wanted, or the user has said that the others are sent all the same.
    """
    canary = frozenset(recorded.header.canary or ())
    if not canary or _is_over(recorded):
        return frozenset()
    return frozenset(_further(recorded, job, len(canary))) if failure(recorded, canary) is None else canary


def _further(recorded: Journal, job: Job, wanted: int) -> tuple[int, ...]:
    """Return rows that may change something where fewer than `wanted` have; none after `MOST_TRIED` times as many rows."""
    ledger, totals = recorded.ledger, recorded.ledger.totals()
    missing = wanted - totals.done - totals.adopted
    if missing <= 0 or totals.rows - totals.pending - totals.in_doubt >= MOST_TRIED * wanted:
        return ()

    def asked(wants: Callable[[int], bool] = ledger.is_pending) -> Asked:
        return ((row.number, row.operation) for row in job.rows(wants))

    changed = _shapes(asked(lambda row: ledger.takes(row) and ledger.state(row) in _CHANGED), None)
    tried = frozenset[tuple[str, str]]().union(*(shape for _, shape in changed))
    return _with_needed(cover(_shapes(asked(), job.plan), missing, tried), asked, job.index.makers)


def not_right(recorded: RecordedRun) -> CanaryFailed | None:
    """Return why the last session has sent the canary alone; None where it has not stopped for that."""
    last = ""
    for _, stopped in recorded.each(Stopped):
        last = stopped.cause
    if last != CanaryFailed.cause or _is_over(recorded):
        return None
    ledger = recorded.ledger
    return failure(recorded, frozenset(row for row in ledger.numbers() if not ledger.is_pending(row)))


def _is_over(recorded: RecordedRun) -> bool:
    return any(one.guards == OVER for _, one in recorded.each(Approved))


def failure(recorded: RecordedRun, canary: frozenset[int]) -> CanaryFailed | None:
    """Return why the other rows are not to be sent; None where every row of the canary has ended as wanted."""
    ledger = recorded.ledger
    wrong = [row for row in sorted(canary) if ledger.state(row) not in _RIGHT]
    if not wrong:
        return None
    lines = [f"row {row}: {_end(recorded, row)}" for row in wrong[:SHOWN]]
    lines += [f"… and {len(wrong) - SHOWN:,} more"] if len(wrong) > SHOWN else []
    return CanaryFailed(
        f"{len(wrong):,} of the {len(canary):,} rows of the canary did not end as wanted, and no other row was sent. "
        f"{'; '.join(lines)}. retry repeats them, and goes on if all are "
        "right; resume asks, and sends the other rows all the same; rollback undoes the canary"
    )


def _end(recorded: RecordedRun, row: int) -> str:
    state, end = recorded.ledger.state(row), recorded.end_of(row)
    if end is None:
        return state.value
    return escaped(f"{end.op} {end.type} {end.key}: {state.value}: {end.detail}")
