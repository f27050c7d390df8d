"""What is kept of a run whose journal was removed: `purged.json` stands where the journal stood.

Rule 1: it is durable before the journal goes, and the journal goes before anything else does: a folder that holds a
        journal holds all that goes with it.
Rule 2: a folder without a journal cannot be resumed.
"""

from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import orjson

from bulkscim.errors import JournalDamaged
from bulkscim.journal import entries
from bulkscim.journal.durable import Disk
from bulkscim.journal.header import Header
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.operation import JsonObject
from bulkscim.private_files import refuse_links

PURGED = "purged.json"
FORMAT = 1

_CHECKSUM = b',"checksum":"'


def is_purged(folder: Path, disk: Disk) -> bool:
    """Whether a folder holds what is kept of a purged run, and no journal any more."""
    return disk.exists(folder / PURGED) and not disk.exists(folder / JOURNAL)


def keep(folder: Path, disk: Disk, kept: JsonObject) -> None:
    """Write what is kept, durably; OSError where that cannot be done."""
    text = orjson.dumps({"format": FORMAT, **kept})[:-1]
    new = folder / f"{PURGED}.new"
    with closing(disk.create(new)) as file:
        file.write(text + _CHECKSUM + _checksum(text) + b'"}\n')
        file.sync()
    disk.replace(new, folder / PURGED)
    disk.sync_folder(folder)


def load(folder: Path, disk: Disk) -> JsonObject:
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
    return kept


def header_of(folder: Path, disk: Disk) -> Header:
    """Return what the journal's first line said; see `load`."""
    body = entries.decode(load(folder, disk)["first_line"].encode()).entry.body
    if not isinstance(body, Header):
        raise JournalDamaged(f"{folder / PURGED}: the line that it keeps is no header")
    return body


def _checksum(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).hexdigest().encode()
