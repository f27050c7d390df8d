"""A cache of the fold of a journal's durable beginning; without it everything is the same, only slower.

It is used only if its own checksum fits and the journal's line that ends at its offset carries its chain
value. What it covers is then not hashed again.
"""

import base64
import sys
import zlib
from array import array
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict
from hashlib import blake2b
from itertools import chain as joined
from pathlib import Path

import orjson

from bulkscim.journal import entries
from bulkscim.journal.durable import Disk, Reader
from bulkscim.journal.entries import Kind
from bulkscim.journal.ledger import Ledger, LedgerSnapshot, OpenStep
from bulkscim.journal.reader import Fold, Position, header_of
from bulkscim.journal.timeline import Timeline
from bulkscim.model.operation import JsonObject
from bulkscim.model.run import Counters

CHECKPOINT = "checkpoint.json"
FORMAT = 2

_LEDGER = b',"ledger":"'
_CHECKSUM = b'","checksum":"'
_PIECE = 1 << 20


def save(folder: Path, disk: Disk, fold: Fold) -> None:
    """Write the checkpoint of a fold that does not change meanwhile. A failure is no one's loss."""
    new = folder / f"{CHECKPOINT}.new"
    with suppress(OSError):
        with closing(disk.create(new)) as file:
            checksum = blake2b(digest_size=16)
            for piece in _pieces(fold):
                checksum.update(piece)
                file.write(piece)
            file.write(_CHECKSUM + checksum.hexdigest().encode() + b'"}\n')
        disk.replace(new, folder / CHECKPOINT)


def load(folder: Path, disk: Disk, journal: Reader, journal_path: Path) -> Fold | None:
    """Return the fold of the beginning that the journal confirms, or None."""
    try:
        with closing(disk.open_read(folder / CHECKPOINT)) as file:
            text = file.read_at(0, file.size())
    except OSError:
        return None
    end = text.rfind(_CHECKSUM)
    body = memoryview(text)[: max(end, 0)]
    checksum = blake2b(body, digest_size=16).hexdigest().encode()
    if text[end:] != _CHECKSUM + checksum + b'"}\n':
        return None
    with suppress(ValueError, KeyError, TypeError, AttributeError, OSError, zlib.error):
        return _confirmed(text[: text.index(_LEDGER)], body, journal, journal_path)
    return None


def _confirmed(start: bytes, body: memoryview, journal: Reader, journal_path: Path) -> Fold | None:
    """Return the fold that a checkpoint keeps, if the journal has that very line there."""
    data, packed = orjson.loads(start + b"}"), body[len(start) + len(_LEDGER) :]
    end = Position(data["offset"], data["line"], data["commit"], data["chain"].encode())
    seal = end.chain + entries.END + b"\n"
    fits = (data["format"], data["byteorder"]) == (FORMAT, sys.byteorder)
    if not fits or end.offset < len(seal) or journal.read_at(end.offset - len(seal), len(seal)) != seal:
        return None
    header = header_of(journal, journal_path)
    timeline = Timeline(**data["timeline"] | {"last": Kind(data["timeline"]["last"])})
    if header.rows != data["rows"]:
        return None
    return Fold(header, _ledger(data, packed, several=header.format > 1), timeline, end)


def _ledger(data: JsonObject, packed: memoryview, *, several: bool) -> Ledger:
    """Return the ledger that was packed, unpacked into its place a piece at a time."""
    rows, pieces = data["rows"], _unpacked(packed)
    states, offsets = bytearray(rows), array("Q", [0]) * rows
    rest = _fill(memoryview(states), next(pieces, b""), pieces)
    if _fill(memoryview(offsets).cast("B"), rest, pieces):
        raise ValueError("more was packed than there are rows")
    counters = Counters(*data["counters"])
    open_steps = {row: tuple(OpenStep(*each) for each in steps) for row, steps in data["open"]}
    kept = LedgerSnapshot(bytes(states), offsets, open_steps, data["step"], counters)
    return Ledger.restore(kept, several=several)


def _unpacked(packed: memoryview) -> Iterator[bytes]:
    """Yield what was packed in pieces of a bounded size: a little of it may stand for very much."""
    unpacker = zlib.decompressobj()
    for slice_ in _slices(packed):
        due = base64.b64decode(slice_)
        while due:
            yield unpacker.decompress(due, _PIECE)
            due = unpacker.unconsumed_tail
    yield unpacker.flush()


def _fill(view: memoryview, first: bytes, pieces: Iterator[bytes]) -> bytes:
    """Fill a view from the pieces, beginning with `first`, and return what is left over of the last one."""
    at, piece = 0, first
    while True:
        part = piece[: len(view) - at]
        view[at : at + len(part)] = part
        at += len(part)
        if at == len(view):
            return piece[len(part) :]
        following = next(pieces, None)
        if following is None:
            raise ValueError("less was packed than there are rows")
        piece = following


def _pieces(fold: Fold) -> Iterator[bytes]:
    """Yield the checkpoint's text before its checksum, never all of the ledger at once."""
    kept, end = fold.ledger.kept(), fold.end
    counters = kept.counters
    data = {
        "format": FORMAT,
        "byteorder": sys.byteorder,
        "offset": end.offset,
        "line": end.lines,
        "commit": end.commit,
        "chain": end.chain.decode(),
        "rows": fold.ledger.rows,
        "step": kept.step,
        "counters": [counters.requests, counters.retries, counters.throttled],
        "open": [(row, list(map(list, steps))) for row, steps in kept.open_steps.items()],
        "timeline": asdict(fold.timeline),
    }
    yield orjson.dumps(data)[:-1] + _LEDGER
    rest = b""
    for piece in _compressed(kept):
        rest += piece
        whole = len(rest) - len(rest) % 3
        yield base64.b64encode(rest[:whole])
        rest = rest[whole:]
    yield base64.b64encode(rest)


def _compressed(kept: LedgerSnapshot) -> Iterator[bytes]:
    """Yield the ledger's two arrays, compressed."""
    packer = zlib.compressobj(1)
    for view in joined(_slices(kept.states), _slices(memoryview(kept.offsets).cast("B"))):
        yield packer.compress(view)
    yield packer.flush()


def _slices(view: bytes | memoryview) -> Iterator[bytes | memoryview]:
    """Yield pieces of a view."""
    return (view[start : start + _PIECE] for start in range(0, len(view), _PIECE))
