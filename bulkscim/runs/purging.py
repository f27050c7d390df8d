"""Remove what a run's folder holds of personal data, and keep its header, its totals and its chain heads.

What goes: the journal with its before-images, the job file that was spooled, index, checkpoint, results and errors
files; of child runs too. What is kept is verified first: a run whose journal is damaged is left alone.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from bulkscim.errors import BulkScimError
from bulkscim.journal import journal, reader, run_lock, runfolder, tombstone
from bulkscim.journal.audit import Audited, ChainMark, audit
from bulkscim.journal.durable import Disk
from bulkscim.journal.tombstone import PURGED, Purge, PurgedBy, Tombstone
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.clock import Clock
from bulkscim.model.grace import day_of
from bulkscim.model.run import RunState
from bulkscim.reporting import statement, summary
from bulkscim.reporting.derived_file import HASHES
from bulkscim.reporting.proof import JobFile, Verified, statement_of
from bulkscim.reporting.recorded import summary_of
from bulkscim.runs.assembly import opened

_OURS = (
    f"{JOURNAL}*",
    "checkpoint.json*",
    "index.sqlite*",
    "results.csv*",
    "errors.csv*",
    "errors.jsonl*",
    "errors-[0-9]*.csv*",
    "errors-[0-9]*.jsonl*",
    HASHES,
    "summary.json*",
    "progress.json*",
    "before.jsonl*",
    "plan.jsonl*",
    "orders.json*",
    "report.html*",
    "delete-after-*.jsonl*",
    f"{PURGED}.new",
)


@dataclass(frozen=True, slots=True)
class Old:
    """A run that is to be purged; `size` counts the bytes that will go."""

    folder: Path
    ended: float
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class NotPurged:
    """A run, or a file, that stays as it is, and why."""

    path: Path
    why: str


def old_runs(
    runs_dir: Path, age_s: float, disk: Disk, clock: Clock, *, unfinished: bool
) -> Iterator[Old | NotPurged]:
    """Yield the runs whose last entry is older than so many seconds; those that must stay say why."""
    now = clock.now()
    for folder in runfolder.runs(runs_dir, disk):
        if folder.is_symlink():
            yield NotPurged(folder, f"it is a link to {folder.resolve()}; purge the run where it is")
            continue
        try:
            found = _found(folder, now, age_s, disk, unfinished=unfinished)
        except BulkScimError as error:
            found = NotPurged(folder, str(error))
        if found is not None:
            yield found


def _found(folder: Path, now: float, age_s: float, disk: Disk, *, unfinished: bool) -> Old | NotPurged | None:
    """Return what is to be done with a run; None where nothing is."""
    folders = _folders(folder)
    size = sum(path.stat().st_size for each in folders for path in _ours(each, disk))
    if tombstone.is_purged(folder, disk):
        kept = tombstone.load(folder, disk)
        with tombstone.readable(folder):
            rows = summary.read(kept.summary).totals.rows
        return Old(folder, kept.purged.at, rows, size) if size else None
    stand = [_stands(each, now, disk) for each in folders if disk.exists(each / JOURNAL)]
    ended = max(each.ended for each in stand)
    if ended >= now - age_s:
        return None
    if any(run_lock.is_locked(each, disk) for each in folders):
        return NotPurged(folder, "a process is at work on it")
    goes_on = next((each for each in stand if each.told), None)
    if goes_on and not unfinished:
        return NotPurged(goes_on.folder, f"it is {goes_on.told}; --unfinished also purges such runs")
    return Old(folder, ended, stand[0].rows, size)


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where a run stands; `told` is why it is not finished, empty where it is."""

    folder: Path
    ended: float
    rows: int
    told: str


def _stands(folder: Path, now: float, disk: Disk) -> _Stand:
    with journal.read(folder, disk) as recorded:
        stands, timeline = summary_of(recorded, locked=False), recorded.timeline
        grace, ended = recorded.header.grace, timeline.ended_at
    told = "" if stands.state is RunState.FINISHED else stands.state.value
    if not told and grace and day_of(now) < grace.ends(timeline.started_at):
        told = f"waiting for {grace.ends(timeline.started_at)}, when its deletes may run"
    totals = stands.totals
    if totals.in_doubt:
        told = f"{stands.state} with {totals.in_doubt:,} rows in doubt"
    return _Stand(folder, ended, totals.rows, told)


def purge(run: Old, disk: Disk, clock: Clock) -> list[NotPurged]:
    """Purge a run and its child runs; return the files that are not ours and stayed.

    Locked or JournalDamaged, and nothing removed, where one of them cannot be purged.
    """
    folders = _folders(run.folder)
    with ExitStack() as held:
        for folder in folders:
            held.enter_context(run_lock.hold(folder, disk, clock))
        for folder in folders:
            if disk.exists(folder / JOURNAL):
                tombstone.keep(folder, disk, _kept(folder, disk, clock))
        for folder in reversed(folders):
            _remove(folder, disk)
    return [
        NotPurged(path, "it is not a file of a run")
        for folder in folders
        for path in _strangers(folder, folders)
    ]


def _folders(folder: Path) -> list[Path]:
    """Return a run's folder, then those of its child runs; what is elsewhere and only linked is not of it."""
    below = sorted(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    return [folder, *(path for path in below if (path / JOURNAL).exists() or (path / PURGED).exists())]


def _ours(folder: Path, disk: Disk) -> list[Path]:
    """Return the files of a folder that will go, its journal first."""
    names = (*_OURS, *_spooled(folder, disk))
    found = [
        path
        for path in folder.iterdir()
        if path.is_file() and any(fnmatch(path.name, name) for name in names)
    ]
    return sorted(found, key=lambda path: (path.name != JOURNAL, path.name))


def _spooled(folder: Path, disk: Disk) -> Iterator[str]:
    """Yield the name of the job file that the run put into its folder; one that a user put there is theirs."""
    if disk.exists(folder / JOURNAL):
        with closing(journal.open_to_read(folder, disk)) as file:
            header = reader.header_of(file, folder / JOURNAL)
    else:
        header = tombstone.header_of(folder, disk)
    if header.job.spooled:
        yield f"job.{header.job.format}"


def _strangers(folder: Path, folders: list[Path]) -> Iterator[Path]:
    kept = {PURGED, run_lock.LOCK, run_lock.LOCK_TEXT}
    yield from (path for path in sorted(folder.iterdir()) if path.name not in kept and path not in folders)


def _remove(folder: Path, disk: Disk) -> None:
    for path in _ours(folder, disk):
        path.unlink()
    disk.sync_folder(folder)


def _kept(folder: Path, disk: Disk, clock: Clock) -> Tombstone:
    """Return what is kept of a run, from a journal that held."""
    with closing(journal.open_to_read(folder, disk)) as file:
        first = next(reader.lines(file, 0)).decode()
        audited = audit(file, folder / JOURNAL)
    with journal.read(folder, disk) as recorded:
        stands = summary_of(recorded, locked=False)
    verified = Verified(folder, audited, JobFile(None), clock.now())
    ours = opened("runs purge")
    by = PurgedBy(ours.pid, ours.host, ours.user, ours.version, ours.command)
    return Tombstone(
        first_line=first,
        began=audited.begun,
        summary=summary.write(stands),
        statement=statement.write(statement_of(verified)),
        heads=_heads(audited),
        purged=Purge(clock.now(), by),
    )


def _heads(audited: Audited) -> tuple[ChainMark, ...]:
    """Return the chain heads that sessions printed when they ended, and that of the last line."""
    heads = tuple(session.ended for session in audited.sessions if session.ended)
    last = ChainMark(audited.end.lines, None, audited.last, "last", audited.chain)
    return heads if heads and heads[-1].chain == audited.chain else (*heads, last)
