"""Verify a recorded run: its journal from the first byte, its job file, and a chain head that was kept elsewhere."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bulkscim.engine.clock import RealClock
from bulkscim.errors import JournalDamaged, Mismatch, UsageError
from bulkscim.journal import entries, journal, run_lock, runfolder, tombstone
from bulkscim.journal.audit import ChainMark, audit
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Line
from bulkscim.journal.header import Header
from bulkscim.journal.tombstone import PURGED
from bulkscim.journal.writer import JOURNAL
from bulkscim.reporting.proof import JobFile, Verified, purged_statement, statement_of
from bulkscim.reporting.source import find_source, present
from bulkscim.reporting.statement import Statement

_DIGITS = 32


def verify(
    run: str,
    runs_dir: Path,
    *,
    head: str = "",
    job: Path | None = None,
    watch: Callable[[Line], None] | None = None,
) -> Statement:
    """Read a run's whole journal without its checkpoint; `watch` sees each line.

    JournalDamaged names the first line that does not hold, or says that no line carries the head.
    """
    disk, wanted = LocalDisk(), head_of(head)
    folder = runfolder.find(run, runs_dir, disk)
    if tombstone.is_purged(folder, disk):
        return _verify_purged(folder, disk, wanted)
    running = run_lock.is_locked(folder, disk)
    with closing(journal.open_to_read(folder, disk)) as file:
        audited = audit(file, folder / JOURNAL, wanted, watch)
    if wanted and audited.head is None:
        raise JournalDamaged(
            f"{folder / JOURNAL}: its {audited.end.lines:,} lines follow from one another, but none of them "
            f"carries the chain value {wanted}. This is not the journal that it was printed of, or one that "
            "was cut or rewritten since; look for a copy"
        )
    job_file, parent = _job_file(audited.header, folder, job), _parent(audited.header, folder, disk)
    return statement_of(Verified(folder, audited, job_file, RealClock().now(), running, parent))


def _parent(header: Header, folder: Path, disk: LocalDisk) -> ChainMark | None:
    """Return the line of the parent run at which this one began; None where no parent can be read."""
    about = header.parent
    if not about or not disk.exists(folder.parent / JOURNAL):
        return None
    path = folder.parent / JOURNAL
    with closing(journal.open_to_read(folder.parent, disk)) as file:
        found = audit(file, path, about.chain).head
    if found is None:
        raise JournalDamaged(
            f"{path}: none of its lines carries the chain value {about.chain}, at which {folder.name} began: "
            "it is another run's, or was cut or rewritten since; look for a copy"
        )
    return found


def _verify_purged(folder: Path, disk: LocalDisk, head: str) -> Statement:
    """Check what is kept of a purged run."""
    kept = tombstone.load(folder, disk)
    line = kept.first_line.encode()
    if entries.link(entries.FIRST_CHAIN, line[entries.HASHED]) + entries.END != line[entries.SEAL]:
        raise JournalDamaged(f"{folder / PURGED}: the header that it keeps is not the one that was written")
    found = next((mark for mark in kept.heads if mark.chain == head), None)
    if head and found is None:
        raise JournalDamaged(
            f"{folder / PURGED}: the run was purged, and none of the chain heads that were kept is {head}"
        )
    return purged_statement(kept, folder, RealClock().now(), found)


def head_of(text: str) -> str:
    """Return a chain value as journals write it; UsageError where it is none."""
    folded = text.strip().lower()
    if folded and (len(folded) != _DIGITS or not set(folded) <= set("0123456789abcdef")):
        raise UsageError(
            f"--head {text}: a chain head has {_DIGITS} hexadecimal digits; each command ends with it"
        )
    return folded


def _job_file(header: Header, folder: Path, job: Path | None) -> JobFile:
    """Return whether the job file is the one that ran; one that is gone proves nothing."""
    if not header.job.is_named or (job is None and not present(header, folder)):
        return JobFile(None)
    try:
        return JobFile(find_source(header, folder, job).path)
    except Mismatch as error:
        return JobFile(None, str(error))
