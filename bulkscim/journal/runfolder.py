"""Run folders: how they are named, made, found and listed.

A folder belongs to the process that holds its lock (`run_lock`). It counts as a run once its journal has a complete header.
"""

import errno
import re
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bulkscim.errors import JournalDamaged, NoSuchRun, UsageError
from bulkscim.journal import journal, reader
from bulkscim.journal.durable import Disk
from bulkscim.journal.run_lock import HeldFolder, hold, is_locked
from bulkscim.journal.tombstone import is_purged, load
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.clock import Clock
from bulkscim.model.typed import next_line
from bulkscim.private_files import NotARegularFile

LAST = "last"

CHILD = "rollback-"

_CHILD = re.compile(rf"{CHILD}(\d+)")
_LONGEST_STEM = 60
_WRITTEN = (
    "results.csv",
    "errors.csv",
    "errors.jsonl",
    "summary.json",
    "index.sqlite",
    "checkpoint.json",
    "before.jsonl",
)


def create(runs_dir: Path, stem: str, disk: Disk, clock: Clock) -> HeldFolder:
    """Make and lock a new run folder, named by the time (UTC) and the job's name."""
    moment = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y%m%dT%H%M%S")
    base = f"{moment}-{_cleaned(stem)}"
    for number in count(1):
        path = runs_dir / (base if number == 1 else f"{base}-{number}")
        if _made(path, disk):
            return hold(path, disk, clock)
    raise AssertionError("unreachable: the count has no end")


def create_within(parent: Path, disk: Disk, clock: Clock) -> HeldFolder:
    """Make and lock the folder of a child run in its parent's, by the next number that no run has.

    A folder whose process died before its run began holds none. The parent's lock is held meanwhile.
    """
    begun = children(parent, disk)
    path = parent / f"{CHILD}{_number(begun[-1]) + 1 if begun else 1}"
    _made(path, disk)
    return hold(path, disk, clock)


def _number(child: Path) -> int:
    return int(child.name.removeprefix(CHILD))


def adopt(path: Path, disk: Disk, clock: Clock) -> HeldFolder:
    """Lock the folder that the user named, made if absent.

    UsageError if a run in it has sent anything, or if it holds files that a run would write over; a run that has
    sent nothing is given up for the new one.
    """
    _made(path, disk)
    own = [] if disk.exists(path / JOURNAL) else [name for name in _WRITTEN if disk.exists(path / name)]
    if own:
        raise UsageError(f"{path / own[0]} exists, and the run would write over it; name an empty folder")
    held = hold(path, disk, clock)
    try:
        if is_purged(path, disk):
            raise UsageError(f"{path} holds what is kept of a purged run; name another folder")
        if _has_sent(path, disk):
            raise UsageError(f"{path} holds a run that has begun\n{next_line('resume', path)}")
    except BaseException:
        held.release()
        raise
    return held


def _made(path: Path, disk: Disk) -> bool:
    """Make a folder; False if it is there already. UsageError where a file is in the way."""
    try:
        disk.make_folder(path)
    except (FileExistsError, NotADirectoryError) as error:
        if path.name in disk.folders(path.parent):
            return False
        raise UsageError(
            f"the folder {path} cannot be made: a file is in the way; --runs-dir and --run-dir name other places"
        ) from error
    return True


def find(name: str, runs_dir: Path, disk: Disk) -> Path:
    """Return the folder of a run named by its id, its path, or `last` (the newest in the runs folder).

    `<run>/rollback-1` is a child run.
    """
    first, _, rest = name.partition("/")
    places: tuple[Path, ...] = (runs_dir / name, Path(name)) if name else ()
    if first == LAST:
        found = runs(runs_dir, disk)
        if not found:
            raise NoSuchRun(f"there is no last run: {runs_dir} holds none (--runs-dir names another place)")
        if not rest:
            return found[-1]
        places = (found[-1] / rest,)
    try:
        for path in places:
            if disk.exists(path / JOURNAL) or is_purged(path, disk):
                return path
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise UsageError(
            f"no run {name[:_LONGEST_STEM]!r}…: it is too long ({len(name):,} characters); "
            f"give a run id, a run folder, or last\n{next_line('runs', '--runs-dir', runs_dir)}"
        ) from None
    looked = " nor ".join(dict.fromkeys(str(path) for path in places))
    raise NoSuchRun(
        f"no run {name!r}: found no journal in {looked}\n{next_line('runs', '--runs-dir', runs_dir)}"
    )


def runs(runs_dir: Path, disk: Disk) -> list[Path]:
    """Return the run folders of a folder, oldest first by when they began; those of child runs are left out."""
    begun = ((_began(runs_dir / name, disk), name) for name in disk.folders(runs_dir))
    return [runs_dir / name for time, name in sorted((t, n) for t, n in begun if t is not None)]


def children(folder: Path, disk: Disk) -> list[Path]:
    """Return the folders of a run's child runs that have begun, the oldest first."""
    numbered = ((_CHILD.fullmatch(name), name) for name in disk.folders(folder))
    found = sorted((int(match[1]), folder / name) for match, name in numbered if match)
    return [path for _, path in found if _began(path, disk) is not None]


def worked_on(folder: Path, disk: Disk) -> Path | None:
    """Return the folder that a process works on: that of a run's newest child run, which locks both, or the run's own."""
    places = (*children(folder, disk)[-1:], folder)
    return next((path for path in places if is_locked(path, disk)), None)


def parent(folder: Path, disk: Disk) -> Path | None:
    """Return the folder of the run whose child run a folder holds; None where it holds a run of its own."""
    is_child = _CHILD.fullmatch(folder.name) and disk.exists(folder.parent / JOURNAL)
    return folder.parent if is_child else None


def _began(path: Path, disk: Disk) -> float | None:
    """Return when a run began; None where there is none. One that is damaged or holds links comes first, not last."""
    try:
        if is_purged(path, disk):
            return float(load(path, disk).began)
        with closing(disk.open_read(path / JOURNAL)) as file:
            return reader.first_line(file, path / JOURNAL)[0].entry.time
    except (JournalDamaged, NotARegularFile, UsageError):
        return 0.0
    except (OSError, NoSuchRun):
        return None


def _has_sent(path: Path, disk: Disk) -> bool:
    """Whether a run in the folder has ever started a step."""
    try:
        with journal.read(path, disk) as recorded:
            return recorded.ledger.sent_anything
    except NoSuchRun:
        return False


def _cleaned(stem: str) -> str:
    """Return a job's name as a part of a folder's name."""
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:_LONGEST_STEM] or "job"
