"""The one place where files are written that a user names, edits or reads.

- A regular file appears, or is replaced, only when it is whole. A new one is for its owner alone; one that is
  replaced keeps its mode.
- A symbolic link stays: the file that it leads to is written, whether it exists or not.
- Anything else (a pipe, a device, `/dev/stdout`) is written through and never replaced.
- `-` is standard output.
- What is written to a terminal is escaped: a name of a resource must not clear the screen or start a command of it.
- The results files of a run folder follow other rules (`run_file`): they are private, and no link is followed.
"""

import io
import os
import stat
import sys
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from bulkscim.errors import Stopped, UsageError
from bulkscim.model.harmless import escaped_json
from bulkscim.private_files import refuse_links

STDOUT = "-"
_MOST_LINKS = 40
_KEPT = 40  # characters of the name that the name of a draft begins with


class ReaderLeft(Exception):
    """The reader of standard output has closed it: no more is wanted, and nothing is wrong."""


@contextmanager
def text_file(path: Path, *, replace: bool) -> Iterator[TextIO]:
    """Open a file to write UTF-8 text, line ends as they are given; see `binary_file`."""
    with binary_file(path, replace=replace) as file, _as_text(file) as text:
        yield text


@contextmanager
def run_file(path: Path) -> Iterator[TextIO]:
    """Open a file of a run folder to write UTF-8 text: for its owner alone, replaced when whole, no link followed."""
    refuse_links(path.parent)
    with _whole(path, path, None, replace=True) as file, _as_text(file) as text:
        yield text


@contextmanager
def _as_text(file: BinaryIO) -> Iterator[TextIO]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
        text.flush()
    finally:
        text.detach()


@contextmanager
def binary_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """Open a file to write; without `replace` a regular file that exists under this very name is refused.

    UsageError before anything is written where the path cannot be. ReaderLeft where nothing reads standard
    output any more, Stopped where nothing reads another pipe.
    """
    if is_stdout(path):
        with _standard_output() as stream:
            yield stream
        return
    descriptor = _descriptor(path)
    target = Path(os.path.realpath(path))
    mode = None if descriptor is not None else _mode(path, target, replace=replace)
    if descriptor is not None or (mode is not None and not stat.S_ISREG(mode)):
        with _through(path, target, descriptor) as stream:
            yield stream
        return
    with _whole(path, target, mode, replace=replace) as stream:
        yield stream


def refuse_unwritable(path: Path, *, replace: bool) -> None:
    """Raise the UsageError of `binary_file`, before the work of which the result goes there."""
    if not is_stdout(path) and _descriptor(path) is None:
        _mode(path, Path(os.path.realpath(path)), replace=replace)


def is_stdout(path: Path) -> bool:
    """Return whether a path means standard output, where nothing else may then be printed."""
    return str(path) == STDOUT or _descriptor(path) == 1


def _descriptor(path: Path) -> int | None:
    """Return the number of the descriptor that a path such as `/dev/stdout` or `/dev/fd/3` names."""
    own = {os.path.realpath("/dev/fd"), os.path.realpath("/proc/self/fd")}
    for _ in range(_MOST_LINKS):
        if path.name.isdecimal() and os.path.realpath(path.parent) in own:
            return int(path.name)
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return None


def _mode(path: Path, target: Path, *, replace: bool) -> int | None:
    """Return the mode of the file that is there, None where none is; UsageError where it may not be written."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if target.parent.is_dir():
            return None
        folder = f"there is no folder {path.parent}" if path.name == target.name else "its folder is missing"
        raise UsageError(f"{path} cannot be written: {folder}; make it, or name another file") from None
    except OSError as error:
        raise _refused(path, error) from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path} is a folder; name a file in it")
    if stat.S_ISREG(mode) and not replace and not path.is_symlink():
        raise _exists(path)
    return mode


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists already; --force replaces it, or name another file")


def _refused(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written ({error.strerror}); name another file")


def _harmless(stream: BinaryIO) -> BinaryIO:
    """Return a stream, with UTF-8 text escaped as in JSON where it leads to a terminal."""
    return cast(BinaryIO, _Terminal(stream)) if stream.isatty() else stream


class _Terminal(io.RawIOBase):
    """Writes text to a terminal; its control and direction characters are escaped, except line ends."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(escaped_json(self._decoder.decode(data)).encode())
        return len(data)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    try:
        sys.stdout.flush()
        yield _harmless(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderLeft from None


@contextmanager
def _through(path: Path, target: Path, descriptor: int | None) -> Iterator[BinaryIO]:
    """Write into what is there."""
    try:
        opened = os.open(target, os.O_WRONLY) if descriptor is None else os.dup(descriptor)
        os.write(opened, b"")  # fails where the descriptor is for reading
    except OSError as error:
        raise _refused(path, error) from None
    try:
        with os.fdopen(opened, "wb") as stream:
            yield _harmless(stream)
    except BrokenPipeError:
        raise Stopped(
            f"{path}: its reader left before all was written; give the same command again"
        ) from None


@contextmanager
def _whole(path: Path, target: Path, mode: int | None, *, replace: bool) -> Iterator[BinaryIO]:
    """Write a regular file next to its place, and move it there when the block has ended well."""
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f"{target.name[:_KEPT]}.", suffix=".new", dir=target.parent
        )
    except OSError as error:
        raise _refused(path, error) from None
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        if mode is not None:
            draft.chmod(stat.S_IMODE(mode))
        if mode is None and not replace and target.exists():
            raise _exists(path)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
