"""Open and make the files that are ours alone: those of run folders, of the state folder, and drafts.

Rule 1: a link is never followed, and nothing but a regular file is opened: a pipe would wait without end.
Rule 2: a new file is made exclusively, in place of what has its name; only its owner may read it, whatever the umask.
Rule 3: a folder that is made is for its owner alone, its missing parents too.

A run folder may come from another user, and a link in it may lead to any file of this user.
"""

import errno
import os
import re
import stat
import sys
from pathlib import Path

from bulkscim.errors import UsageError

_BINARY: int = getattr(os, "O_BINARY", 0)
# Without O_NONBLOCK, opening a pipe waits for another process before it can be refused.
_GUARDED: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_FILE, _FOLDER = 0o600, 0o700
_OURS = re.compile(r"rollback-\d+")  # the folders that a run folder may hold


class NotARegularFile(OSError):
    """A link, a pipe, a device or a socket has the name of a file of ours."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.ELOOP, _what(path), str(path))

    def __str__(self) -> str:
        return f"{self.filename} is {self.strerror}"


def refuse_links(folder: Path) -> None:
    """Raise UsageError where a run folder holds a link, or anything else that is neither a file nor a folder.

    A link to a folder is accepted unless it has the name of a child run: no file of ours is below it.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return  # the next one to open it reports why
    for path in (folder, *paths):
        if not _is_sound(path):
            raise UsageError(
                f"{path} is {_what(path)}, and a run folder holds files and folders only. Nothing was written; "
                "remove it if you know where it comes from, else do not use this run folder"
            )


def _is_sound(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return True  # removed meanwhile
    if stat.S_ISLNK(mode):
        return path.is_dir() and not _OURS.fullmatch(path.name)
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _what(path: Path) -> str:
    """Return what has a name where a file of ours should be."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "not a regular file"
    if stat.S_ISLNK(mode):
        return f"a link to {path.readlink()}"
    return "a pipe" if stat.S_ISFIFO(mode) else "a folder" if stat.S_ISDIR(mode) else "not a regular file"


def open_file(path: Path, flags: int) -> int:
    """Open a file and return its descriptor; with O_CREAT it is made where there is none. OSError as `os.open` has it.

    NotARegularFile where the name is that of something else.
    """
    if sys.platform == "win32" and path.is_symlink():
        raise NotARegularFile(path)
    try:
        descriptor = os.open(path, flags | _BINARY | _GUARDED, _FILE)
    except OSError as error:
        # ELOOP: a link. ENXIO: a pipe that is to be written and that no process reads, or a socket.
        if error.errno in {errno.ELOOP, errno.ENXIO} and not stat.S_ISREG(path.lstat().st_mode):
            raise NotARegularFile(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotARegularFile(path)
    return descriptor


def create_file(path: Path) -> int:
    """Make an empty file, in place of what has its name, and return its descriptor; what is written goes to its end."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _BINARY, _FILE)


def read_file(path: Path) -> bytes:
    """Return what is in a file."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()


def make_folders(path: Path) -> None:
    """Make a folder and its missing parents; what is there stays as it is."""
    for each in (*reversed(path.parents), path):
        if not each.is_dir():
            each.mkdir(mode=_FOLDER, exist_ok=True)
