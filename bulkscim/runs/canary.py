"""The canary of a run: a few rows that are done first, read back by their ids, and must all end as wanted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bulkscim.engine.bounds import has_stopped
from bulkscim.errors import CanaryFailed
from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import Checked
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.model.harmless import escaped
from bulkscim.model.operation import Defaults, Operation
from bulkscim.model.row import RowState
from bulkscim.model.selection import TakenRows
from bulkscim.planning.canary import cover, shape_of, subject_of

SHOWN = 5
_RIGHT = frozenset({RowState.DONE, RowState.ADOPTED, RowState.NOOP})


def canary_rows(
    source: JobSource, defaults: Defaults, checked: Checked, most: int, folder: Path
) -> tuple[int, ...]:
    """Return the rows that are done first: `most` that cover what the job does, and all that must be done before these."""

    def asked() -> Iterator[tuple[int, Operation]]:
        return rows(source, defaults, 1, lambda row: row <= checked.last and checked.takes(row))

    found = set(cover(((row, shape_of(operation)) for row, operation in asked()), most))
    while True:
        before = len(found)
        needed = Beyond(source, defaults, TakenRows.of(found), folder / "canary.sqlite").rows
        found |= {row for row in needed if row <= checked.last and checked.takes(row)}
        last = {subject_of(operation): row for row, operation in asked() if row in found}
        found |= {row for row, operation in asked() if row < last.get(subject_of(operation), 0)}
        if len(found) == before:
            return tuple(sorted(found))


def told(canary: Sequence[int]) -> str:
    """Say which rows are done first, for approval."""
    named = ", ".join(f"{row:,}" for row in canary[: 2 * SHOWN]) + (" …" if len(canary) > 2 * SHOWN else "")
    return f"canary    {len(canary):,} rows first, which are read back before the others are sent: {named}"


def waits_for(recorded: Journal) -> frozenset[int]:
    """Return the canary's rows where the other rows must wait for them.

    None where all of them have ended as wanted, or the run has stopped for them before.
    """
    canary = frozenset(recorded.header.canary or ())
    over = not canary or failure(recorded, canary) is None or has_stopped(recorded, CanaryFailed.cause)
    return frozenset() if over else canary


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
        f"{'; '.join(lines)}. resume goes on with the other rows; rollback undoes the canary"
    )


def _end(recorded: RecordedRun, row: int) -> str:
    state, end = recorded.ledger.state(row), recorded.end_of(row)
    if end is None:
        return state.value
    return escaped(f"{end.op} {end.type} {end.key}: {state.value}: {end.detail}")
