"""What a running process leaves in its run folder, so that `status` in another process shows how far it is.

It is a cache: one that another process left behind says nothing.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkscim.errors import BulkScimError
from bulkscim.journal import typed_json
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.run_lock import LOCK_TEXT, Holder, read_holder
from bulkscim.model.harmless import indented_json
from bulkscim.model.progress import RunProgress
from bulkscim.outputs import run_file
from bulkscim.private_files import read_file

PROGRESS = "progress.json"


@dataclass(frozen=True, slots=True)
class KeptProgress:
    """The progress of a process that holds a run, as it was at a time (seconds since 1970).

    `pid` and `since` tell the process, as the run's lock does. `heard` is the time of the last orders.
    """

    pid: int
    since: str
    at: float
    elapsed_s: float = 0.0
    requests: int = 0
    throttled: int = 0
    requests_left: float = 0.0
    left_s: float | None = None
    per_second: float = 0.0
    begun: int = 0
    waiting: str | None = None
    paused: bool = False
    heard: float = 0.0
    budget_share: float = 1.0
    whole_per_second: float = 0.0


def keep_progress(
    folder: Path, progress: RunProgress, holder: Holder, now: float, heard: float = 0.0
) -> None:
    """Write it; a disk that takes no more says so to the journal."""
    kept = KeptProgress(
        holder.pid,
        holder.since,
        round(now, 1),
        round(progress.elapsed_s, 1),
        progress.requests,
        progress.throttled,
        round(progress.requests_left, 1),
        None if progress.left_s is None else round(progress.left_s, 1),
        round(progress.per_second, 4),
        progress.begun,
        progress.waiting,
        progress.paused,
        heard,
        progress.budget_share,
        round(progress.whole_per_second, 4),
    )
    with suppress(OSError, BulkScimError), run_file(folder / PROGRESS) as file:
        file.write(indented_json(typed_json.write(kept)))


def forget_progress(folder: Path) -> None:
    """Remove it."""
    with suppress(OSError):
        (folder / PROGRESS).unlink(missing_ok=True)


def read_progress(folder: Path) -> KeptProgress | None:
    """Return what the process that holds a run has left; None where it has left nothing."""
    with suppress(OSError, ValueError, BulkScimError):
        holder = read_holder(folder / LOCK_TEXT, LocalDisk())
        kept = typed_json.read(KeptProgress, orjson.loads(read_file(folder / PROGRESS)))
        if holder is not None and (kept.pid, kept.since) == (holder.pid, holder.since):
            return kept
    return None
