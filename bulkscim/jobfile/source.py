"""Where the records come from: a job file as it lies, or a spooled copy of what cannot be read twice."""

import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from bulkscim.errors import JobFileInvalid, UsageError
from bulkscim.jobfile.fingerprint import Fingerprint, fingerprint

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@dataclass(frozen=True, slots=True)
class JobSource:
    """A job file that can be read again and again.

    `name` is what messages call it (its path, or `stdin`), `path` where its bytes lie, `format` is csv or
    jsonl. `spooled`: the bytes are a private copy that the run folder must adopt. `notes` say what was
    detected. `size` and `sha256` are those of the bytes at `path`.
    """

    name: str
    path: Path
    format: str
    size: int
    sha256: str
    spooled: bool = False
    notes: tuple[str, ...] = ()

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """Open the bytes for reading from the start."""
        with self.path.open("rb") as file:
            yield file

    def adopted(self, folder: Path) -> "JobSource":
        """Move a spooled copy into a run folder as `job.<format>`, durably; others stay where they are."""
        if not self.spooled or self.path.parent == folder:
            return self
        place = folder / f"job.{self.format}"
        shutil.move(self.path, place)
        place.chmod(0o600)
        with place.open("rb+") as file:
            os.fsync(file.fileno())
        return replace(self, path=place)

    def discard(self) -> None:
        """Remove a spooled copy that no run folder adopted."""
        if self.spooled:
            with suppress(OSError):
                self.path.unlink()


def open_source(job: str, stdin: BinaryIO | None = None) -> JobSource:
    """Open a job file by its path, or `-` for stdin; what cannot be read twice is spooled."""
    if job == "-":
        if stdin is None:
            raise UsageError("- reads the job from stdin, and there is none; name a file")
        return _spool("stdin", stdin, None)
    path = Path(job)
    _readable(path)
    packed = path.suffix.lower() == ".gz"
    format_ = _FORMATS.get(Path(path.stem if packed else path.name).suffix.lower())
    if format_ is None:
        raise UsageError(
            f"{job}: a job file is named .csv or .jsonl (or .csv.gz, .jsonl.gz), or is - for stdin"
        )
    if packed:
        with gzip.open(path, "rb") as stream:
            return _spool(job, stream, format_)
    found = fingerprint(path)
    return JobSource(job, path, format_, found.size, found.sha256, notes=_notes(path))


def reopen_source(path: Path, format_: str) -> tuple[JobSource, Fingerprint]:
    """Open a file that a run recorded, for resume; the caller compares the fingerprint."""
    _readable(path)
    found = fingerprint(path)
    return JobSource(str(path), path, format_, found.size, found.sha256), found


def _readable(path: Path) -> None:
    """Refuse what is no file that we may read."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a job file (.csv or .jsonl)")
    if not path.exists():
        raise UsageError(f"{path}: no such file; check the path")
    if not os.access(path, os.R_OK):
        raise UsageError(f"{path}: not readable by this user; check its permissions")


def _spool(name: str, stream: BinaryIO | gzip.GzipFile, format_: str | None) -> JobSource:
    """Copy a stream into a private temporary file (0600)."""
    handle, place = tempfile.mkstemp(prefix="bulkscim-")
    path = Path(place)
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        found = fingerprint(path)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        path.unlink()
        raise JobFileInvalid(f"{name}: is not a whole gzip file ({error}); pack it again") from error
    except BaseException:
        path.unlink()
        raise
    format_ = format_ or _sniffed(path)
    return JobSource(name, path, format_, found.size, found.sha256, spooled=True, notes=_notes(path))


def _sniffed(path: Path) -> str:
    """Tell JSONL from CSV by the first byte that is not blank."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start.startswith((b"{", b"[")) else "csv"


def _notes(path: Path) -> tuple[str, ...]:
    """Say what the first bytes tell of the encoding."""
    with path.open("rb") as file:
        start = file.read(3)
    return ("a byte order mark was passed over",) if start == b"\xef\xbb\xbf" else ()
