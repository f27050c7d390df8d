"""What is kept of a run whose journal was removed: `purged.json` stands where the journal stood.

Rule 1: it is durable before the journal goes, and the journal goes before anything else does: a folder that holds a
        journal holds all that goes with it.
Rule 2: a folder without a journal cannot be resumed.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import orjson

from bulkscim.errors import JournalDamaged
from bulkscim.journal import entries, typed_json
from bulkscim.journal.audit import ChainMark
from bulkscim.journal.durable import Disk
from bulkscim.journal.header import Header
from bulkscim.journal.typed_json import FLAT, OMITTED
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.operation import JsonObject
from bulkscim.private_files import refuse_links

PURGED = "purged.json"
FORMAT = 1

_CHECKSUM = b',"checksum":"'


@dataclass(frozen=True, slots=True)
class PurgedBy:
    """The process that purged a run."""

    pid: int | None = field(default=None, metadata=OMITTED)
    host: str | None = field(default=None, metadata=OMITTED)
    user: str | None = field(default=None, metadata=OMITTED)
    version: str | None = field(default=None, metadata=OMITTED)
    command: str | None = field(default=None, metadata=OMITTED)


@dataclass(frozen=True, slots=True)
class Purge:
    """When a run was purged, and by which process."""

    at: float = 0.0
    by: PurgedBy = field(default=PurgedBy(), metadata=FLAT)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is kept of a run: line 1 of its journal, when it began, its chain heads, and what was said of it then.

    `summary` and `statement` are as `status --json` and `verify --json` had them.
    """

    first_line: str = ""
    began: float = 0.0
    summary: JsonObject = field(default_factory=dict)
    statement: JsonObject = field(default_factory=dict)
    heads: tuple[ChainMark, ...] = ()
    purged: Purge = Purge()


def is_purged(folder: Path, disk: Disk) -> bool:
    """Whether a folder holds what is kept of a purged run, and no journal any more."""
    return disk.exists(folder / PURGED) and not disk.exists(folder / JOURNAL)


def keep(folder: Path, disk: Disk, kept: Tombstone) -> None:
    """Write what is kept, durably; OSError where that cannot be done."""
    text = orjson.dumps({"format": FORMAT, **typed_json.write(kept)})[:-1]
    new = folder / f"{PURGED}.new"
    with closing(disk.create(new)) as file:
        file.write(text + _CHECKSUM + _checksum(text) + b'"}\n')
        file.sync()
    disk.replace(new, folder / PURGED)
    disk.sync_folder(folder)


def load(folder: Path, disk: Disk) -> Tombstone:
    """Return what was kept; JournalDamaged where it is not what was written, UsageError where a link is in the folder."""
    refuse_links(folder)
    path = folder / PURGED
    with closing(disk.open_read(path)) as file:
        data = file.read_at(0, file.size())
    text, _, checksum = data.rpartition(_CHECKSUM)
    if checksum != _checksum(text) + b'"}\n':
        raise JournalDamaged(f"{path}, byte {len(text)}: its checksum does not fit; restore it from a copy")
    kept: JsonObject = orjson.loads(text + b"}")
    if kept.get("format") != FORMAT:
        raise JournalDamaged(f"{path}: format {kept.get('format')} is not known here (known: {FORMAT})")
    with readable(folder):
        return typed_json.read(Tombstone, kept)


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Let a ValueError over what is kept of a run be JournalDamaged."""
    try:
        yield
    except ValueError as error:
        raise JournalDamaged(f"{folder / PURGED} cannot be read: {error}; restore it from a copy") from error


def header_of(folder: Path, disk: Disk) -> Header:
    """Return what the journal's first line said; see `load`."""
    with readable(folder):
        body = entries.decode(load(folder, disk).first_line.encode()).entry.body
    if not isinstance(body, Header):
        raise JournalDamaged(f"{folder / PURGED}: the line that it keeps is no header")
    return body


def _checksum(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).hexdigest().encode()
