"""The disk as the journal sees it, and what each operating system can promise of it.

| | Linux | macOS | Windows |
|---|---|---|---|
| file data | fdatasync | F_FULLFSYNC (fsync only reaches the drive's cache) | FlushFileBuffers |
| a new name | fsync of the folder | fsync of the folder | nothing to call; NTFS journals names |
| lock | flock | flock | LockFile on one byte |
| privacy | modes 0700 and 0600 | modes 0700 and 0600 | the profile's own access list |

All locks end with the process, however it ends.
"""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread

from bulkscim.private_files import create_file, make_folders, open_file

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Result = TypeVar("Result")


class Appender(Protocol):
    """A file that only grows."""

    def write(self, data: bytes) -> None:
        """Write all of it at the end, or raise OSError."""

    def sync(self) -> None:
        """Return when all that was written will outlive a crash of the machine, or raise OSError."""

    def is_at(self, path: Path, size: int) -> bool:
        """Whether `path` still names this file, and the file has `size` bytes."""

    def close(self) -> None:
        """Close it; may be called twice."""


class Reader(Protocol):
    """A file that is read at any place, also while it grows."""

    def size(self) -> int:
        """Return its length in bytes as it is now."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset`; fewer only at the end of the file."""

    def close(self) -> None:
        """Close it; may be called twice."""


class Lock(Protocol):
    """A lock that is held."""

    def release(self) -> None:
        """Let go; may be called twice."""


class Disk(Protocol):
    """All that the journal asks of a file system. Files and folders that it makes are private; no link is followed."""

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents; FileExistsError if it is there already."""

    def folders(self, path: Path) -> list[str]:
        """Return the names of the folders in a folder, sorted; none if it is not there."""

    def exists(self, path: Path) -> bool:
        """Whether a file or folder is there."""

    def create(self, path: Path) -> Appender:
        """Make an empty file, in place of one that is there."""

    def open_append(self, path: Path) -> Appender:
        """Open a file to write at its end; FileNotFoundError if it is not there."""

    def open_read(self, path: Path) -> Reader:
        """Open a file to read; FileNotFoundError if it is not there."""

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another's name in one step; durable only after `sync_folder`."""

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable, where the system has a way to."""

    def lock(self, path: Path) -> Lock | None:
        """Take the lock of this name, or None if another holds it."""

    async def off_loop(self, call: Callable[[], Result]) -> Result:
        """Run a call that waits for the disk outside the event loop; not abandoned when cancelled."""


class LocalDisk:
    """The real file system."""

    def __init__(self) -> None:
        # Its own limit: the threads of others must not hold up a sync.
        self._threads = anyio.CapacityLimiter(2)

    def make_folder(self, path: Path) -> None:
        """Make a folder and its missing parents."""
        make_folders(path.parent)
        path.mkdir(mode=0o700)
        self.sync_folder(path.parent)

    def folders(self, path: Path) -> list[str]:
        """Return the names of the folders in a folder."""
        if not path.is_dir():
            return []
        return sorted(entry.name for entry in path.iterdir() if entry.is_dir())

    def exists(self, path: Path) -> bool:
        """Whether a file or folder is there; OSError where the system cannot tell, on every version of Python."""
        try:
            path.stat()
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return False
            raise
        return True

    def create(self, path: Path) -> Appender:
        """Make an empty private file."""
        return _LocalAppender(create_file(path))

    def open_append(self, path: Path) -> Appender:
        """Open a file to write at its end."""
        return _LocalAppender(open_file(path, os.O_WRONLY | os.O_APPEND))

    def open_read(self, path: Path) -> Reader:
        """Open a file to read."""
        return _LocalReader(open_file(path, os.O_RDONLY))

    def replace(self, source: Path, target: Path) -> None:
        """Give a file another's name in one step."""
        source.replace(target)

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable."""
        if sys.platform == "win32":
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some network file systems have no sync of a folder; there is nothing else to call.
            if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
                raise
        finally:
            os.close(descriptor)

    def lock(self, path: Path) -> Lock | None:
        """Take the lock of this name, or None if another holds it. Lock files are never removed."""
        descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            _take(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in {errno.EAGAIN, errno.EACCES, errno.EDEADLK}:
                return None
            raise
        return _LocalLock(descriptor)

    async def off_loop(self, call: Callable[[], Result]) -> Result:
        """Run a call in a worker thread."""
        return await anyio.to_thread.run_sync(call, limiter=self._threads)


class _Descriptor:
    """An open file that can be closed twice."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


class _LocalAppender(_Descriptor):
    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        _sync(self._descriptor)

    def is_at(self, path: Path, size: int) -> bool:
        ours = os.fstat(self._descriptor)
        try:
            named = path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(ours, named) and ours.st_size == size


class _LocalReader(_Descriptor):
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read_at(self, offset: int, size: int) -> bytes:
        pieces = []
        while size > 0 and (piece := _read(self._descriptor, offset, size)):
            pieces.append(piece)
            offset, size = offset + len(piece), size - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _LocalLock(_Descriptor):
    def release(self) -> None:
        self.close()


if sys.platform == "win32":

    def _sync(descriptor: int) -> None:
        os.fsync(descriptor)

    def _read(descriptor: int, offset: int, size: int) -> bytes:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _sync(descriptor: int) -> None:
        if sys.platform == "darwin":
            # Network file systems refuse it; what fsync gives is then all there is.
            with suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
            os.fsync(descriptor)
        else:
            os.fdatasync(descriptor)

    def _read(descriptor: int, offset: int, size: int) -> bytes:
        return os.pread(descriptor, size, offset)

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
