"""Which files of a current folder may say where tokens come from: those that the user allowed once.

A folder that another person filled may hold a `bulkscim.toml` whose `token_command` runs a program, whose `token_file`
reads any file, or whose `ca_bundle` lets another server pass for the tenant. What was allowed is kept in the state
folder by path and by hash of the text: a file that was changed or moved is to be allowed again.
"""

import os
import sys
from hashlib import sha256
from pathlib import Path

from bulkscim.errors import Refused
from bulkscim.model.typed import next_line
from bulkscim.private_files import create_file, make_folders, open_file
from bulkscim.tenants.entries import TenantEntry, user_file

_FOLDER = "allowed"


def is_allowed(entry: TenantEntry, state: Path) -> bool:
    """Return whether all keys of an entry may be used: it names no secret, is in the user's own file, or was allowed."""
    if not entry.trusting or entry.file.resolve() == user_file().resolve():
        return True
    try:
        descriptor = open_file(_record(entry, state), os.O_RDONLY)
    except OSError:
        return False
    owner = os.fstat(descriptor).st_uid
    os.close(descriptor)
    # In a state folder that others can write, a record may be theirs.
    return sys.platform == "win32" or owner == os.geteuid()


def refuse_unless_allowed(entry: TenantEntry, state: Path, *, own_token: bool) -> None:
    """Raise Refused where the entry's keys are to be used and its file was not allowed.

    `own_token`: the token is taken as the entry says, and not from what the user named.
    """
    used = [key for key in entry.trusting if own_token or not key.startswith("token_")]
    if used and not is_allowed(entry, state):
        raise Refused(
            f"{entry.file}, [tenant.{entry.name}]: {' and '.join(used)} of a file in the current folder "
            f"{'is' if len(used) == 1 else 'are'} used only after you have allowed this file, since it may come from "
            f"another user; nothing was run or sent. Read the file, then allow it\n"
            f"{next_line('tenants', 'allow', entry.file)}"
        )


def allow(entry: TenantEntry, state: Path) -> None:
    """Record that this entry, and every other one of its file as it was read, may be used."""
    make_folders(state / _FOLDER)
    with os.fdopen(create_file(_record(entry, state)), "wb") as file:
        file.write(os.fsencode(entry.file.resolve()) + b"\n")


def _record(entry: TenantEntry, state: Path) -> Path:
    named = os.fsencode(entry.file.resolve()) + b"\0" + entry.digest.encode()
    return state / _FOLDER / sha256(named).hexdigest()
