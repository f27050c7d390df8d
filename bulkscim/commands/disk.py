"""Errors of the file system that are no bug: a disk that is full, read-only or broken, a name that cannot be one."""

import errno
import sqlite3
from collections.abc import Mapping

from bulkscim.errors import Stopped, UsageError
from bulkscim.model.typed import next_line
from bulkscim.private_files import NotARegularFile

_NEXT = f"correct that, then give the same command again; the list of runs shows what can be resumed\n{next_line('runs')}"
_ERRORS = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "EACCES", "EPERM")
    if hasattr(errno, name)
)
_NAMES = frozenset({errno.ENAMETOOLONG, errno.ELOOP})
# The first byte of SQLite's code; its texts name no file.
_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: "No space left on device",
    sqlite3.SQLITE_READONLY: "Read-only file system",
    sqlite3.SQLITE_IOERR: "Input/output error",
    sqlite3.SQLITE_CANTOPEN: "a file cannot be opened",
}


def error_of_disk(error: BaseException) -> Stopped | UsageError | None:
    """Return what to say of an error of the file system; None for any other."""
    if isinstance(error, NotARegularFile):
        return UsageError(
            f"{error}, and a file of bulkscim must be there; remove it if you know where it comes from"
        )
    if isinstance(error, OSError) and error.errno in _NAMES:
        return UsageError(f"{str(error.filename or 'a name')[:60]}…: {error.strerror}; use another name")
    if isinstance(error, OSError) and error.errno in _ERRORS:
        return Stopped(f"{error.filename or 'the disk'}: {error.strerror}; {_NEXT}")
    if isinstance(error, sqlite3.Error):
        told = _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        return Stopped(f"a temporary file: {told}; {_NEXT}") if told else None
    return None
