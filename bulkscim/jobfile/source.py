"""Where the records come from: a job file as it lies, or a spooled copy of what cannot be read twice."""

import codecs
import gzip
import io
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from bulkscim.errors import JobFileChanged, JobFileInvalid, UsageError
from bulkscim.jobfile.content import BLOCK, CheckedContent, content_of
from bulkscim.jobfile.encoding import (
    AS_FOUND,
    Encoding,
    FileForm,
    encoding_of,
    is_utf8_beyond_ascii,
    mark_of,
    pieces,
    samples,
    transcoded,
)
from bulkscim.jobfile.json_document import document
from bulkscim.jobfile.lines import CarriageReturns, ends_in_cr
from bulkscim.jobfile.records import shown
from bulkscim.jobfile.short_rows import ShortRows
from bulkscim.jobfile.signatures import foreign, format_of, is_workbook
from bulkscim.model.run import RecordedJob
from bulkscim.private_files import create_file

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class JobSource:
    """A job file that can be read again and again.

    `name` is what messages call it (its path, or `stdin`), `path` where its bytes lie, `format` is csv or
    jsonl; `content` is what the bytes are. `spooled`: they are a private copy that the run folder must adopt.
    `is_inverse`: a rollback has written it, so a record may hold a whole resource as the tenant showed it.
    `header_line` is the line of the column names, 0 for the first that is not blank. `notes` say what was detected, `short_rows` what was learned of rows that are shorter than the header.
    """

    name: str
    path: Path
    format: str
    content: CheckedContent
    spooled: bool = False
    header_line: int = 0
    notes: tuple[str, ...] = ()
    is_inverse: bool = False
    short_rows: ShortRows = field(default_factory=ShortRows, compare=False, repr=False)

    @property
    def sha256(self) -> str:
        """The hash of all bytes."""
        return self.content.sha256

    @property
    def stem(self) -> str:
        """The name without folders and endings."""
        return Path(self.name).name.split(".")[0] or "job"

    @contextmanager
    def stream(self) -> Iterator[io.BufferedReader]:
        """Open the bytes for reading from the start; JobFileChanged where they are not the same any more.

        Lines that end in CR alone are read with LF.
        """
        with self.content.stream(self.path, self.name) as file:
            yield io.BufferedReader(CarriageReturns(file), BLOCK) if ends_in_cr(file.peek()) else file

    def refuse_change(self) -> None:
        """Raise JobFileChanged unless the bytes are still the same."""
        self.content.refuse_change(self.path, self.name)

    def about(self) -> RecordedJob:
        """Return what a journal's header says of it."""
        path, size = _recorded(self.path), self.content.size
        return RecordedJob(
            path, size, self.sha256, self.format, spooled=self.spooled, header_line=self.header_line
        )

    def adopted(self, folder: Path) -> "JobSource":
        """Move a spooled copy into a run folder as `job.<format>`, durably; others stay where they are."""
        if not self.spooled or self.path.parent == folder:
            return self
        place = folder / f"job.{self.format}"
        if os.path.lexists(place) and not (folder / "journal.jsonl").exists():
            raise UsageError(f"{place} exists, and the run would write over it; name an empty folder")
        with self.path.open("rb") as copy, os.fdopen(create_file(place), "wb") as file:
            shutil.copyfileobj(copy, file)
            file.flush()
            os.fsync(file.fileno())
        self.discard()
        return replace(self, path=place)

    def discard(self) -> None:
        """Remove a spooled copy that no run folder adopted."""
        if self.spooled:
            with suppress(OSError):
                self.path.unlink()


def _recorded(path: Path) -> str:
    """Return where a file is, links followed unless they lead to a name that a journal cannot hold."""
    resolved = str(path.resolve())
    return resolved if resolved.encode("utf-8", "replace").decode() == resolved else str(path.absolute())


def open_source(job: str, stdin: BinaryIO | None = None, form: FileForm = AS_FOUND) -> JobSource:
    """Open a job file by its path, or `-` for stdin; what is packed, not UTF-8 or from a pipe is spooled.

    `form` is what the user says of it.
    """
    if job == "-":
        if stdin is None:
            raise UsageError("- reads the job from stdin, and there is none; name a file")
        return _spooled("stdin", stdin, None, form)
    path = Path(job)
    _readable(path)
    if is_workbook(path):
        raise UsageError(
            f"{job}: is a workbook; open it, save its sheet as CSV UTF-8 (comma delimited), and name that file"
        )
    format_ = format_of(path)
    if path.is_file():
        if format_ is None:
            named = "a job file is named .csv or .jsonl (or .csv.gz, .jsonl.gz), or is - for stdin"
            raise UsageError(f"{job}: {foreign(_starts(path, BLOCK)) or named}")
        return _opened(job, path, format_, form)
    try:
        with path.open("rb") as pipe:
            return _spooled(job, pipe, format_, form)
    except OSError as error:
        if error.filename != job:  # the copy could not be written
            raise
        raise UsageError(f"{job}: cannot be read ({error.strerror}); name a job file") from error


@contextmanager
def checking(source: JobSource) -> Iterator[JobSource]:
    """Use a source before anything is sent: where it changes meanwhile it is JobFileInvalid; a copy is discarded."""
    try:
        yield source
    except JobFileChanged as error:
        raise JobFileInvalid(
            f"{error.name} changed while it was checked: {error.how}. Nothing was sent; "
            "give the same command again when nothing writes to the file"
        ) from None
    finally:
        source.discard()


def _spooled(name: str, stream: BinaryIO, format_: str | None, form: FileForm) -> JobSource:
    """Copy what can be read only once, such as a pipe; without a format it is told by the first byte."""
    copy = _private(name, pieces(stream))
    try:
        source = _opened(name, copy, format_, form)
    except BaseException:
        copy.unlink()
        raise
    if source.path != copy:
        copy.unlink()
    return replace(source, spooled=True)


def reopen_source(path: Path, format_: str, header_line: int = 0, *, is_inverse: bool = False) -> JobSource:
    """Open a file that a run recorded, for resume; the caller compares the hash."""
    _readable(path)
    content = content_of(path)
    return JobSource(str(path), path, format_, content, header_line=header_line, is_inverse=is_inverse)


def _readable(path: Path) -> None:
    """Refuse what is no file that we may read."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a job file (.csv or .jsonl)")
    if not path.exists():
        raise UsageError(f"{path}: no such file; check the path")
    if not os.access(path, os.R_OK):
        raise UsageError(f"{path}: not readable by this user; check its permissions")


def _opened(name: str, path: Path, format_: str | None, form: FileForm) -> JobSource:
    """Unpack and transcode as far as needed, each into a private copy, and describe what then lies there."""
    notes: tuple[str, ...] = ()
    plain = path
    if path.suffix.lower() == ".gz" or _starts(path, len(_GZIP)) == _GZIP:
        notes = ("unpacked",)
        plain = _private(name, _unpacked(path))
    start = _starts(plain, BLOCK)
    form = form.of(start)
    text = plain
    try:
        if what := foreign(start):
            raise UsageError(f"{name}: {what}")
        codec, said = _codec_of(name, plain, start, form)
        if codec:
            text = _private(name, _pieces_of(plain, codec, marked=bool(form.encoding)))
    except BaseException:
        if plain != path:
            plain.unlink()
        raise
    if plain not in {path, text}:
        plain.unlink()
    if said:
        guessed = bool(codec) and not codec.startswith("utf")
        notes += (f"read as {said}{_such_as(text, form) if guessed else ''}",)
    format_ = format_ or _sniffed(text)
    if format_ == "jsonl" and (whole := document(_starts(text, BLOCK))):
        notes += (f"read as {whole}",)
    if ends_in_cr(_starts(text, BLOCK)):
        notes += ("lines end in CR alone",)
    return JobSource(name, text, format_, content_of(text), text != path, form.header_line, notes)


def _codec_of(name: str, path: Path, start: bytes, form: FileForm) -> tuple[str, str]:
    """Return by which codec a file becomes UTF-8, empty where it is, and what to say of its encoding.

    A byte order mark counts for more than the name of an encoding.
    """
    named = form.codec
    if named and mark_of(start) is None:
        if not named.startswith("utf") and _is_utf8(path):
            raise JobFileInvalid(
                f"{name}: is UTF-8 throughout, and would be garbled as {form.encoding}; leave the encoding out"
            )
        return ("", "") if named == "utf-8" else (named, form.encoding)
    encoding = _encoding(path)
    return "" if encoding.is_utf8 else encoding.codec, "" if encoding is Encoding.UTF_8 else encoding.shown


def _is_utf8(path: Path) -> bool:
    with path.open("rb") as file:
        return is_utf8_beyond_ascii(pieces(file))


def _such_as(path: Path, form: FileForm) -> str:
    """Show two values with letters beyond ASCII, so that a user can see whether they are read as meant."""
    with path.open("rb") as file:
        found = samples(pieces(file))
    hint = "" if form.encoding else " (if letters are wrong, name the encoding, such as --encoding cp1250)"
    return f": {' and '.join(map(shown, found))}{hint}" if found else ""


def _starts(path: Path, length: int) -> bytes:
    """Read the first bytes."""
    with path.open("rb") as file:
        return file.read(length)


def _encoding(path: Path) -> Encoding:
    """Find how a file's bytes are to be read."""
    with path.open("rb") as file:
        return encoding_of(_starts(path, 4096), lambda: pieces(file))


def _unpacked(path: Path) -> Iterator[bytes]:
    """Read a gzip file as what is packed in it."""
    with gzip.open(path, "rb") as stream:
        yield from iter(lambda: stream.read(1 << 20), b"")


def _pieces_of(path: Path, codec: str, *, marked: bool) -> Iterator[bytes]:
    """Read a file as UTF-8, with a byte order mark if no other encoding that is named may count for the copy."""
    with path.open("rb") as file:
        yield from (codecs.BOM_UTF8,) if marked else ()
        yield from transcoded(codec, pieces(file))


def _private(name: str, text: Iterable[bytes]) -> Path:
    """Write a private temporary file (0600); none is left where its text cannot be read."""
    handle, place = tempfile.mkstemp(prefix="bulkscim-")
    path = Path(place)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(text)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        path.unlink()
        raise JobFileInvalid(f"{name}: is not a whole gzip file ({error}); pack it again") from error
    except UnicodeDecodeError as error:
        path.unlink()
        encoding = "text in that encoding" if error.encoding == "charmap" else error.encoding.upper()
        raise JobFileInvalid(
            f"{name}: is not whole {encoding} ({error.reason}); save it as UTF-8, or name its encoding (--encoding cp1250)"
        ) from error
    except BaseException:
        path.unlink()
        raise
    return path


def _sniffed(path: Path) -> str:
    """Return whether a file is JSONL or CSV, by the first byte that is not blank."""
    start = _starts(path, 4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start.startswith((b"{", b"[")) else "csv"
