"""How a run ended, for those who started it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bulkscim.errors import BulkScimError
from bulkscim.model.plan import PlannedRow
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState, Totals
from bulkscim.reporting.causes import Cause


@dataclass(frozen=True, slots=True)
class RunReport:
    """The end of one process's work on a run.

    `folder` is None after a dry run. `chain` is the journal's last chain value. `exit_reason` is what
    stopped the run early, to be shown and mapped to an exit code as if it had been raised. `differ` counts the
    rows of a state whose resource existed and is not as the row says, `drifted` those of a rollback that were left since
    others have changed what the run did, `later` names the runs that may have: they changed the same resources later. `held_back` names the default that has
    limited how fast the session was, and the flag that lifts it. `causes` are those of a dry run, which leaves no
    journal to tell why rows failed.
    """

    folder: Path | None
    totals: Totals
    state: RunState
    chain: str = ""
    exit_reason: BulkScimError | None = None
    elapsed_s: float = 0.0
    differ: Mapping[RowState, int] = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()
    drifted: int = 0
    later: tuple[str, ...] = ()
    held_back: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job would do: its rows in row order, a summary line, whether anything would be sent, and the dry run's end.

    `rows` are none where the tenant could not be read to the end: `report.exit_reason` says why.
    """

    rows: tuple[PlannedRow, ...]
    summary: str
    sends: bool
    report: RunReport
