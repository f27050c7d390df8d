"""A recorded run as the journal in its folder tells it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict
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
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState, Totals
from bulkscim.planning.verbs.modify import GONE
from bulkscim.private_files import read_file
from bulkscim.reporting.causes import causes_of
from bulkscim.reporting.next_commands import run_command, run_name, told_next
from bulkscim.reporting.summary import SUMMARY, Summary, differ_counts, moment, summary_of_totals

_TAIL = 1 << 16
_FILES = ("results", "errors", "later")


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


def read_status(run: str, runs_dir: Path) -> tuple[Summary, Path]:
    """Return the summary of a run as it stands, one that was purged included, and its folder."""
    folder = runfolder.find(run, runs_dir, LocalDisk())
    return _summary_at(folder), folder


def _summary_at(folder: Path, *, with_causes: bool = True) -> Summary:
    if tombstone.is_purged(folder, LocalDisk()):
        kept = tombstone.load(folder, LocalDisk())
        summary: Summary = kept["summary"]
        summary |= {"purged_at": moment(kept["purged"]["at"]), "folder": str(folder)}
        return summary | told_next(summary, folder, Header())
    with journal.read(folder, LocalDisk()) as recorded:
        return read_summary(recorded, with_causes=with_causes)


def list_summaries(runs_dir: Path) -> Iterator[Summary]:
    """Return the summaries of all runs in a folder, the newest first, each with its rollbacks as `rollback_runs`.

    A run that cannot be read says so.
    """
    return map(_listed, reversed(runfolder.runs(runs_dir, LocalDisk())))


def _listed(folder: Path) -> Summary:
    try:
        summary = _summary_at(folder, with_causes=False)
    except BulkScimError as error:
        damaged = {"run": folder.name, "state": "damaged", "why": str(error), "tenant": "", "job": ""}
        summary = summary_of_totals(Totals(), RunState.STOPPED, 0.0) | damaged
    return summary | {"rollback_runs": [_listed(child) for child in runfolder.children(folder, LocalDisk())]}


def state_of(ending: Stopped | Closed | None, *, locked: bool) -> RunState:
    """Return the state of a run by the entry that ended it; `locked`: a living process holds it."""
    if locked:
        return RunState.RUNNING
    if isinstance(ending, Closed):
        return RunState.FINISHED
    return RunState.INTERRUPTED if ending is None or ending.why == RunState.INTERRUPTED else RunState.STOPPED


def summary_of(recorded: RecordedRun, *, locked: bool, with_causes: bool = True) -> Summary:
    """Return the summary, the promised keys first. Why rows failed is read row by row, so a list of runs omits it."""
    header, timeline = recorded.header, recorded.timeline
    ending = _ending(recorded)
    state = state_of(ending, locked=locked)
    totals = recorded.ledger.totals()
    causes = causes_of(recorded, run_name(recorded.folder), in_doubt=not locked) if with_causes else None
    summary = {
        "run": header.run or recorded.folder.name,
        "state": state.value,
        **asdict(totals),
        "elapsed_s": round(timeline.elapsed_s, 1),
        "chain": recorded.chain,
        **differ_counts(differing(recorded)),
        "undoable": totals.done > 0 or any(recorded.entries(Kind.APPLIED)),
        "why": ending.why if isinstance(ending, Stopped) else None,
        "again": run_command(header) if _has_other_job(ending) else None,
        "command": header.command or None,
        "job": header.job.path or None,
        "job_sha256": header.job.sha256 or None,
        "tenant": header.tenant.base_url or None,
        "profile": header.tenant.profile or None,
        "note": header.note or None,
        "changed": timeline.changed or None,
        "started_at": moment(timeline.started_at or None),
        "ended_at": moment(timeline.ended_at or None) if state is not RunState.RUNNING else None,
        "rollbacks": [path.name for path in runfolder.children(recorded.folder, LocalDisk())],
        "sessions": timeline.sessions,
        "folder": str(recorded.folder),
        "causes": causes,
    }
    return summary | _derived(recorded, summary)


def _derived(recorded: RecordedRun, summary: Summary) -> Summary:
    """Return where the derived files are, and the next commands: as summary.json has them, if it is of this very end."""
    kept: Summary = {}
    with suppress(OSError, ValueError):
        kept = orjson.loads(read_file(recorded.folder / SUMMARY))
    fresh = (
        isinstance(kept, dict)
        and kept.get("chain") == recorded.chain
        and kept.get("state") == summary["state"]
    )
    there = (
        {name: kept[name] for name in _FILES if name in kept and Path(kept[name]).exists()} if fresh else {}
    )
    told = told_next(summary | there, recorded.folder, recorded.header, written="results" in there)
    if fresh and not summary["rollbacks"]:  # with what was typed then
        told |= {name: kept[name] for name in told if name in kept}
    return there | told


def differing(recorded: RecordedRun) -> Counter[RowState]:
    """Count the rows, by state, whose resource existed and is not as the row says."""
    totals = recorded.ledger.totals()
    if not totals.adopted and not totals.noop:
        return Counter()
    found = recorded.ends(RowState.ADOPTED, RowState.NOOP, holding=b'"differs":true')
    return Counter(end.state for _, end in found if end.differs)


def drifted(recorded: RecordedRun) -> int:
    """Count the rows that were skipped since others have changed what they were to change, and that can be forced."""
    if not recorded.ledger.totals().skipped:
        return 0
    found = recorded.ends(RowState.SKIPPED, holding=b"drift: ")
    return sum("drift: " in end.detail and GONE not in end.detail for _, end in found)


def _has_other_job(ending: Stopped | Closed | None) -> bool:
    """Return whether a run ended because its job file holds something else now: resume would refuse that."""
    return isinstance(ending, Stopped) and ending.cause == JobFileChanged.cause


def listing_lines(summaries: Iterable[Summary]) -> Iterator[str]:
    """Return a table of runs, the rollbacks of a run below it."""
    named = [pair for each in summaries for pair in _with_rollbacks(each, each["run"])]
    width = max((len(name) for name, _ in named), default=0)
    yield f"{'run':<{width}} {'state':<11} {'rows':>7} {'failed':>6} {'in doubt':>8}  tenant"
    for name, summary in named:
        state = "purged" if summary.get("purged_at") else summary["state"]
        bad = summary["failed"] + summary["skipped"]
        host = urlsplit(summary["tenant"] or "").netloc
        yield (
            f"{name:<{width}} {state:<11} {summary['rows']:>7,} {bad:>6,} {summary['in_doubt']:>8,}  {one_line(host)}"
        )


def _with_rollbacks(summary: Summary, name: str) -> Iterator[tuple[str, Summary]]:
    """Yield a run and its rollbacks, each with its name."""
    yield one_line(name), summary
    for child in summary.get("rollback_runs") or ():
        yield from _with_rollbacks(child, f"{name}/{child['run']}")


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
