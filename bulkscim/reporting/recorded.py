"""A recorded run as the journal in its folder tells it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from bulkscim.errors import BulkScimError, JobFileChanged
from bulkscim.journal import journal, run_lock, runfolder, tombstone
from bulkscim.journal.bodies import Closed, Stopped
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind, decode
from bulkscim.journal.header import Header
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.reader import header_of
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.harmless import one_line
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState, Totals
from bulkscim.planning.verbs.modify import GONE
from bulkscim.private_files import read_file
from bulkscim.reporting.causes import causes_of
from bulkscim.reporting.durations import moment
from bulkscim.reporting.live_status import live_status
from bulkscim.reporting.next_commands import run_name, same_run_command, with_next
from bulkscim.reporting.progress_file import read_progress
from bulkscim.reporting.summary import SUMMARY, Summary, read, write

_TAIL = 1 << 16
_DAMAGED = "damaged"


def open_recorded(run: str, runs_dir: Path) -> RecordedRun:
    """Open a run by its folder, its id, or `last`; the caller closes it."""
    disk = LocalDisk()
    return journal.read(runfolder.find(run, runs_dir, disk), disk)


def lasting_name(run: str, runs_dir: Path) -> str:
    """Return how to name a run in commands that are typed later, when another run is the last one."""
    return run_name(runfolder.find(run, runs_dir, LocalDisk()))


def read_header(run: str, runs_dir: Path) -> Header:
    """Return the header of a run, named as for `open_recorded`; nothing else of it is read."""
    disk = LocalDisk()
    folder = runfolder.find(run, runs_dir, disk)
    with closing(journal.open_to_read(folder, disk)) as file:
        return header_of(file, folder / JOURNAL)


def open_at(folder: Path) -> RecordedRun:
    """Open the run in a folder; the caller closes it."""
    return journal.read(folder, LocalDisk())


def read_summary(recorded: RecordedRun, *, with_causes: bool = True) -> Summary:
    """Return the summary of a run as it stands now."""
    locked = run_lock.is_locked(recorded.folder, LocalDisk())
    return summary_of(recorded, locked=locked, with_causes=with_causes)


def read_status(run: str, runs_dir: Path, now: float) -> tuple[Summary, Path]:
    """Return the summary of a run as it stands, one that was purged included, and its folder.

    Where a process works on the run, it also says how far that is at a time, in seconds since 1970.
    """
    folder = runfolder.find(run, runs_dir, LocalDisk())
    summary = _summary_at(folder)
    at = runfolder.worked_on(folder, LocalDisk()) if summary.state is RunState.RUNNING else None
    if at is None:
        return summary, folder
    live = live_status(read_progress(at), now)
    return replace(summary, progress=live if at == folder else replace(live, rollback=at.name)), folder


def _summary_at(folder: Path, *, with_causes: bool = True) -> Summary:
    if tombstone.is_purged(folder, LocalDisk()):
        kept = tombstone.load(folder, LocalDisk())
        with tombstone.readable(folder):
            summary = read(kept.summary)
        summary = replace(summary, purged_at=moment(kept.purged.at), folder=str(folder))
        return with_next(summary, folder, Header())
    with journal.read(folder, LocalDisk()) as recorded:
        return read_summary(recorded, with_causes=with_causes)


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in a list, with its rollbacks; one that cannot be read has no summary, and says why."""

    name: str
    summary: Summary | None
    rollbacks: tuple["ListedRun", ...] = ()
    why: str = ""

    def told(self) -> JsonObject:
        """Return it as data."""
        if self.summary is not None:
            made = write(self.summary)
        else:
            made = write(Summary(self.name, RunState.STOPPED, Totals()))
            made |= {"state": _DAMAGED, "why": self.why, "tenant": "", "job": ""}
        return made | {"rollback_runs": [each.told() for each in self.rollbacks]}

    def named(self, above: str = "") -> Iterator[tuple[str, "ListedRun"]]:
        """Yield the run and its rollbacks, each with its name."""
        name = f"{above}{self.name}"
        yield one_line(name), self
        for each in self.rollbacks:
            yield from each.named(f"{name}/")

    def cells(self) -> tuple[str, ...]:
        """Return what a table says of it, without its name."""
        summary = self.summary or Summary(self.name, RunState.STOPPED, Totals())
        state = _DAMAGED if self.summary is None else "purged" if summary.purged_at else summary.state.value
        totals, host = summary.totals, one_line(urlsplit(summary.tenant or "").netloc)
        counts = (totals.rows, totals.failed, totals.skipped, totals.in_doubt)
        return state, *(f"{count:,}" for count in counts), host


def list_runs(runs_dir: Path) -> Iterator[ListedRun]:
    """Return all runs in a folder, the newest first, each with its rollbacks."""
    return map(_listed, reversed(runfolder.runs(runs_dir, LocalDisk())))


def _listed(folder: Path) -> ListedRun:
    summary, why = None, ""
    try:
        summary = _summary_at(folder, with_causes=False)
    except BulkScimError as error:
        why = str(error)
    rollbacks = tuple(_listed(child) for child in runfolder.children(folder, LocalDisk()))
    name = summary.run if summary is not None and summary.run else folder.name
    return ListedRun(name, summary, rollbacks, why)


def listing_lines(listed: Iterable[ListedRun]) -> Iterator[str]:
    """Return a table of runs, the rollbacks of a run below it; columns are as wide as what they hold."""
    rows: list[tuple[str, ...]] = [("run", "state", "rows", "failed", "skipped", "in doubt", "tenant")]
    rows += [(name, *run.cells()) for each in listed for name, run in each.named()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, state, *counts, tenant in rows:
        numbers = " ".join(f"{count:>{width}}" for count, width in zip(counts, widths[2:-1], strict=True))
        yield f"{name:<{widths[0]}} {state:<{widths[1]}} {numbers}  {tenant}"


def state_of(ending: Stopped | Closed | None, *, locked: bool) -> RunState:
    """Return the state of a run by the entry that ended it; `locked`: a living process holds it."""
    if locked:
        return RunState.RUNNING
    if isinstance(ending, Closed):
        return RunState.FINISHED
    return RunState.INTERRUPTED if ending is None or ending.why == RunState.INTERRUPTED else RunState.STOPPED


def summary_of(recorded: RecordedRun, *, locked: bool, with_causes: bool = True) -> Summary:
    """Return the summary, the promised keys first. Why rows failed and what was changed for rows that have not ended is read row by row, so a list of runs omits it."""
    header, timeline = recorded.header, recorded.timeline
    ending = _ending(recorded)
    state = state_of(ending, locked=locked)
    totals = recorded.ledger.totals()
    run = run_name(recorded.folder)
    causes = tuple(causes_of(recorded, run, in_doubt=not locked)) if with_causes else None
    differ = differing(recorded)
    summary = Summary(
        run=header.run or recorded.folder.name,
        state=state,
        totals=totals,
        elapsed_s=round(timeline.elapsed_s, 1),
        chain=recorded.chain,
        adopted_differ=differ[RowState.ADOPTED],
        noop_differ=differ[RowState.NOOP],
        undoable=totals.done > 0 or any(recorded.entries(Kind.APPLIED)),
        unended_changes=_unended_changes(recorded) if with_causes else 0,
        why=ending.why if isinstance(ending, Stopped) else None,
        again=same_run_command(header) if _has_other_job(ending) else None,
        command=header.command or None,
        job=header.job.path or None,
        job_sha256=header.job.sha256 or None,
        tenant=header.tenant.base_url or None,
        profile=header.tenant.profile or None,
        note=header.note or None,
        changed=timeline.changed or None,
        started_at=moment(timeline.started_at or None),
        ended_at=moment(timeline.ended_at or None) if state is not RunState.RUNNING else None,
        rollbacks=tuple(path.name for path in runfolder.children(recorded.folder, LocalDisk())),
        sessions=timeline.sessions,
        folder=str(recorded.folder),
        causes=causes,
    )
    return _with_derived(recorded, summary)


def _with_derived(recorded: RecordedRun, summary: Summary) -> Summary:
    """Add the derived files and the next commands: as summary.json has them, if it is of this very end."""
    kept = None
    with suppress(OSError, ValueError):
        kept = read(orjson.loads(read_file(recorded.folder / SUMMARY)))
    if kept is None or (kept.chain, kept.state) != (recorded.chain, summary.state):
        return with_next(summary, recorded.folder, recorded.header)
    there = replace(
        summary, results=_there(kept.results), errors=_there(kept.errors), later=_there(kept.later)
    )
    made = with_next(there, recorded.folder, recorded.header, written=there.results is not None)
    if summary.rollbacks:
        return made
    undo, later = (
        (made.undo and kept.undo) or made.undo,
        (made.later and kept.later_command) or made.later_command,
    )
    return replace(
        made, next=kept.next or made.next, undo=undo, later_command=later
    )  # with what was typed then


def _there(path: str | None) -> str | None:
    """Return the path of a file that is there."""
    return path if path is not None and Path(path).exists() else None


def differing(recorded: RecordedRun) -> Counter[RowState]:
    """Count the rows, by state, whose resource existed and is not as the row says."""
    totals = recorded.ledger.totals()
    if not totals.adopted and not totals.noop:
        return Counter()
    found = recorded.ends(RowState.ADOPTED, RowState.NOOP, holding=b'"differs":true')
    return Counter(end.state for _, end in found if end.differs)


def _unended_changes(recorded: RecordedRun) -> int:
    """Count the steps that took effect for rows that have not ended."""
    ledger, totals = recorded.ledger, recorded.ledger.totals()
    if not totals.pending and not totals.in_doubt:
        return 0
    return sum(not all(map(ledger.is_settled, rows)) for rows in recorded.applied_rows())


def drifted(recorded: RecordedRun) -> int:
    """Count the rows that were skipped since others have changed what they were to change, and that can be forced."""
    if not recorded.ledger.totals().skipped:
        return 0
    found = recorded.ends(RowState.SKIPPED, holding=b"drift: ")
    return sum("drift: " in end.detail and GONE not in end.detail for _, end in found)


def _has_other_job(ending: Stopped | Closed | None) -> bool:
    """Return whether a run ended because its job file holds something else now: resume would refuse that."""
    return isinstance(ending, Stopped) and ending.cause == JobFileChanged.cause


def _ending(recorded: RecordedRun) -> Stopped | Closed | None:
    """Return the entry that ended the last session in order: it is the last line that counts."""
    if not recorded.timeline.ended_in_order:
        return None
    with closing(LocalDisk().open_read(recorded.folder / JOURNAL)) as file:
        size = file.size()
        tail = file.read_at(max(0, size - _TAIL), _TAIL)
    for text in reversed(tail.split(b"\n")):
        with suppress(ValueError):
            line = decode(text)
            if line.chain == recorded.chain and isinstance(line.entry.body, Stopped | Closed):
                return line.entry.body
    return None
