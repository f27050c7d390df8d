"""How a run ended, for those who started it."""

from dataclasses import dataclass
from pathlib import Path

from bulkscim.errors import BulkScimError
from bulkscim.model.run import RunState
from bulkscim.model.totals import Totals


@dataclass(frozen=True, slots=True)
class RunReport:
    """The end of one process's work on a run.

    `folder` is None after a dry run. `chain` is the journal's last chain value. `exit_reason` is what
    stopped the run early, to be shown and mapped to an exit code as if it had been raised.
    """

    folder: Path | None
    totals: Totals
    state: RunState
    chain: str = ""
    exit_reason: BulkScimError | None = None
    elapsed_s: float = 0.0
