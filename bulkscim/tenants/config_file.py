"""Read `bulkscim.toml`: a regular file that only this user can write, and of a bounded size."""

import os
import stat
import sys
from pathlib import Path

from bulkscim.errors import UsageError
from bulkscim.model.bounded_toml import LARGEST
from bulkscim.model.typed import quoted

_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_ROOT = 0


def text_of(file: Path) -> str | None:
    """Return the text of a file, None where there is none; UsageError where it cannot be read or trusted."""
    try:
        descriptor = os.open(file, os.O_RDONLY | _NO_WAIT)
        with os.fdopen(descriptor, "rb") as stream:
            _refuse_untrusted(file, os.fstat(descriptor))
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"{file} has more than {LARGEST:,} bytes, the most that is read; shorten it")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None


def _refuse_untrusted(file: Path, about: os.stat_result) -> None:
    """Raise UsageError where another user may have written what the file holds."""
    if not stat.S_ISREG(about.st_mode):
        what = "a pipe" if stat.S_ISFIFO(about.st_mode) else "not a regular file"
        raise UsageError(f"{file} is {what}, and only a regular file is read; use one in its place")
    if sys.platform == "win32":
        return
    if about.st_uid not in {os.geteuid(), _ROOT}:
        raise UsageError(
            f"{file} belongs to another user (uid {about.st_uid}), who can change where tokens are sent; "
            "it is not used. Copy what you need of it into a file of your own, and remove it"
        )
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UsageError(
            f"{file} can be written by other users, who can change where tokens are sent; it is not used. "
            f"Check what it holds, then: chmod go-w {quoted(str(file))}"
        )
