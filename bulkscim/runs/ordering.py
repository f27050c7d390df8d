"""Give orders to a run that another process works on, and wait until it has heard them."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bulkscim.errors import UsageError
from bulkscim.journal import run_lock, runfolder
from bulkscim.journal.durable import Disk, LocalDisk
from bulkscim.journal.run_lock import LOCK_TEXT
from bulkscim.model.clock import Clock
from bulkscim.model.typed import next_line
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.progress_file import read_progress
from bulkscim.reporting.recorded import open_at
from bulkscim.runs.orders import Orders, read_orders, user_name, write_orders

HEARD_WITHIN_S = 5.0
_EVERY_S = 0.1


def order(run: str, runs_dir: Path, change: Callable[[Orders], Orders], clock: Clock) -> tuple[Path, bool]:
    """Change the orders to a run, or to the rollback that works on it; return its folder, and whether it has heard them.

    NoSuchRun where there is no such run, UsageError where no process works on it.
    """
    disk = LocalDisk()
    folder = _worked_on(runfolder.find(run, runs_dir, disk), disk)
    holder = run_lock.read_holder(folder / LOCK_TEXT, disk)
    if holder is None:
        raise UsageError(
            f"{folder} does not say which process works on it; give the command again in a second"
        )
    before = read_orders(folder, holder) or Orders(holder.pid, holder.since)
    at = max(clock.now(), before.at + 0.001)
    write_orders(folder, replace(change(before), at=at, by=user_name()))
    return folder, heard(folder, lambda kept_at, _: kept_at == at)


def heard(folder: Path, is_heard: Callable[[float, bool], bool]) -> bool:
    """Wait until the progress of a run tells that it has heard an order, by the time of that and whether it is paused."""
    for _ in range(round(HEARD_WITHIN_S / _EVERY_S)):
        kept = read_progress(folder)
        if kept is not None and is_heard(kept.heard, kept.paused):
            return True
        threading.Event().wait(_EVERY_S)
    return False


def _worked_on(folder: Path, disk: Disk) -> Path:
    """Return the folder of the run that a process works on; UsageError where none does."""
    at = runfolder.worked_on(folder, disk)
    if at is not None:
        return at
    name = run_name(folder)
    with open_at(folder) as recorded:
        left = recorded.ledger.totals().pending + recorded.ledger.totals().in_doubt
    words = ("resume", name) if left else ("status", name)
    raise UsageError(f"no process works on {name}\n{next_line(*words)}")
