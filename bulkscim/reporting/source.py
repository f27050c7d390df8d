"""Where the job file of a recorded run is now, and the operations in it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from bulkscim.errors import Mismatch, UsageError
from bulkscim.jobfile.reading import Wanted, rows
from bulkscim.jobfile.source import JobSource, reopen_source
from bulkscim.journal.header import Header
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import Operation
from bulkscim.model.run import RecordedJob
from bulkscim.model.typed import NEXT
from bulkscim.reporting.next_commands import same_run_command


def find_source(header: Header, folder: Path, job: Path | None = None) -> JobSource:
    """Return the job file of a run: the one named, else at its old place, else next to or in the folder.

    Mismatch when none is there, or none has the content that the run began with.
    """
    about = header.job
    if job is not None and job.exists() and not job.is_file():
        raise UsageError(
            f"{job} cannot be read again, as a pipe or standard input cannot; name the job file itself"
        )
    there = present(header, folder, job)
    for place in there:
        if place.stat().st_size != about.size:
            continue
        is_inverse = header.parent is not None
        source = reopen_source(place, about.format, about.header_line, is_inverse=is_inverse)
        if source.sha256 == about.sha256:
            return source
    if there:
        raise Mismatch(
            f"{there[0]} is not the job file that this run began with: its content differs"
            f" (SHA-256 {about.sha256[:16]}… is wanted); give the original with --job FILE, or run the file as it is"
            + ("" if header.parent else _run_as_it_is(header, there[0]))
        )
    raise Mismatch(f"the job file {job or about.path} is not there; give it with --job FILE")


def _run_as_it_is(header: Header, place: Path) -> str:
    """Return the line that names the command for a job file that was edited since."""
    return f"\n{NEXT}{same_run_command(replace(header, job=RecordedJob(str(place.resolve()))))}"


def present(header: Header, folder: Path, job: Path | None = None) -> list[Path]:
    """Return the files that may be the job file of a run, the likeliest first."""
    places = [job] if job is not None else _places(header.job, folder)
    return [place for place in places if place.is_file()]


def asked(
    recorded: RecordedRun, source: JobSource, wanted: Wanted, first: int = 1
) -> Iterator[tuple[int, Operation]]:
    """Return the operations of the wanted rows, in row order; rows beyond the run's own are left out."""
    last = recorded.ledger.rows
    for number, operation in rows(source, recorded.header.defaults, first, wanted):
        if number > last:
            return
        yield number, operation


def name_in(path: str) -> str:
    """Return the last name in a path, on whatever system it was written."""
    return PureWindowsPath(path).name if "\\" in path else Path(path).name


def _places(about: RecordedJob, folder: Path) -> Iterable[Path]:
    """Return where a job file may be, the likeliest first."""
    name = name_in(about.path)
    if about.spooled:
        yield folder / f"job.{about.format}"
    yield Path(about.path)
    yield folder / name
    yield folder.parent / name
