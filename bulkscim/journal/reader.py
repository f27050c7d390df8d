"""Read a journal back: fold its good part, and tell a torn tail from damage.

Rule 1: a line is good when its hash follows from the line before; its number then needs no look.
Rule 2: the first line that is not good ends the good part.
Rule 3: if an intact line of a later commit stands at or behind that place, what is missing was once durable:
        JournalDamaged. A commit is written only after the one before it was synced.
Rule 4: else the rest belongs to a write that was never acknowledged: a torn tail, which may be cut.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain as joined
from pathlib import Path

import orjson

from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import entries
from bulkscim.journal.durable import Reader
from bulkscim.journal.entries import Entry, Kind, Line, Word
from bulkscim.journal.header import FORMATS, Header
from bulkscim.journal.ledger import MOVES, Ledger
from bulkscim.journal.timeline import WITH_BODY, Timeline
from bulkscim.model.run import Counters

_BLOCK = 1 << 20
_ID = b'"id":"'
_FIRST_READ = 4096
_MOST_ROWS = 10**10 - 1  # as wide as a line's column

# By the bytes at WORDS: what an entry of the run is, and what one of rows does to them.
_RUN = {entries.words(kind): kind for kind in entries.RUN_KINDS}
_MOVES = {entries.words_at(*words): moves for words, moves in MOVES.items()}
_OF_ROWS = Kind.SETTLED  # to a timeline all entries of rows are alike
_KNOWN = _RUN.keys() | _MOVES.keys()


@dataclass(slots=True)
class Position:
    """A place between two lines: what stands before it is good."""

    offset: int = 0
    lines: int = 0
    commit: int = 0
    chain: bytes = entries.FIRST_CHAIN


@dataclass(frozen=True, slots=True)
class Fold:
    """The good part of a journal. `torn` counts the bytes behind it."""

    header: Header
    ledger: Ledger
    timeline: Timeline
    end: Position
    torn: int = 0


def fold(file: Reader, path: Path, start: Fold | None = None) -> Fold:
    """Read a journal from its beginning, or from where `start` ends; `start` is used up.

    NoSuchRun when not even the header is whole: nothing was sent then.
    """
    begun = start or _begin(file, path)
    _Folding(path, begun).take(file)
    return Fold(begun.header, begun.ledger, begun.timeline, begun.end, file.size() - begun.end.offset)


def line_at(file: Reader, offset: int, path: Path) -> Line:
    """Return the line that begins at an offset; JournalDamaged if none does."""
    size = _FIRST_READ
    while b"\n" not in (piece := file.read_at(offset, size)) and len(piece) == size:
        size *= 8
    try:
        return entries.decode(piece.partition(b"\n")[0])
    except ValueError as error:
        raise damaged(path, offset, "no journal line begins here") from error


def entries_of(file: Reader, *wanted: Word, end: int | None = None, holding: bytes = b"") -> Iterator[Entry]:
    """Yield the entries of some words, as they stand; what cannot be read is left out, and no hash is checked.

    Nothing is read at or behind `end`. Lines without the text `holding` are passed over unparsed.
    """
    words = frozenset(wanted)
    texts = frozenset(joined.from_iterable(map(entries.words_of, words)))
    offset = 0
    for line in lines(file, 0):
        if end is not None and offset >= end:
            return
        offset += len(line) + 1
        if holding in line and line[entries.WORDS] in texts:
            with suppress(ValueError):
                yield from (entry for entry in entries.decode(line).entries if entry.word in words)


def applied_ids(file: Reader, end: int) -> Iterator[bytes]:
    """Yield the id in each `applied` before `end`, as `id_text` gives it; unparsed, so it is quick.

    Where an entry names no id, one from within the resource that it shows may come.
    """
    for line in _applied(file, end):
        _, found, rest = line.partition(_ID)
        if found:
            yield rest.partition(b'"')[0]


def applied_rows(file: Reader, end: int) -> Iterator[tuple[int, ...]]:
    """Yield the rows of each `applied` before `end`; only lines that concern several rows are parsed."""
    for line in _applied(file, end):
        row = int(line[entries.ROW])
        yield (row,) if row else tuple(row for row, _ in entries.decode(line).entry.rows)


def _applied(file: Reader, end: int) -> Iterator[bytes]:
    texts, offset = frozenset(entries.words_of(Kind.APPLIED)), 0
    for line in lines(file, 0):
        if offset >= end:
            return
        offset += len(line) + 1
        if line[entries.WORDS] in texts:
            yield line


def id_text(resource_id: str) -> bytes:
    """Return an id as a line holds it, up to the first quote."""
    return orjson.dumps(resource_id)[1:].partition(b'"')[0]


def header_of(file: Reader, path: Path) -> Header:
    """Return what line 1 says; see `first_line`."""
    return first_line(file, path)[1]


def first_line(file: Reader, path: Path) -> tuple[Line, Header]:
    """Return line 1 and what it says; NoSuchRun if it is not whole, JournalDamaged if its format is not known."""
    text = next(lines(file, 0), b"")
    seal = entries.link(entries.FIRST_CHAIN, text[entries.HASHED]) + entries.END
    if text[entries.SEAL] != seal or text[entries.WORDS] != entries.words(Kind.HEADER):
        refuse_later_commits(lines(file, 0), 1, path, 0)
        raise NoSuchRun(f"{path.parent}: the journal has no complete header; nothing was sent from here")
    try:
        line = _header_line(text)
    except ValueError as error:
        raise damaged(path, 0, f"line 1, the header, is sealed, and cannot be read: {error}") from error
    header = line.entry.body
    if not isinstance(header, Header):
        raise damaged(path, 0, "line 1 is no header")
    if header.format not in FORMATS:
        known = ", ".join(map(str, FORMATS))
        raise JournalDamaged(
            f"{path}: format {header.format} is not known here (known: {known}); use the bulkscim that wrote it"
        )
    if not 0 <= header.rows <= _MOST_ROWS:
        raise damaged(path, 0, "the header does not say how many rows there are")
    return line, header


@lru_cache(maxsize=2)
def _header_line(text: bytes) -> Line:
    """Return what line 1 says; a command reads that of its run several times."""
    return entries.decode(text)


def ledger_of(header: Header) -> Ledger:
    """Return the ledger of a run that has not begun."""
    taken = header.taken_rows if header.taken is not None else None
    return Ledger(header.rows, several=header.format > 1, taken=taken)


def _begin(file: Reader, path: Path) -> Fold:
    """Return the fold of the header alone."""
    line, header = first_line(file, path)
    timeline = Timeline()
    timeline.note(Kind.HEADER, line.entry.time)
    end = Position(len(next(lines(file, 0))) + 1, 1, line.commit, line.chain.encode())
    try:
        return Fold(header, ledger_of(header), timeline, end)
    except ValueError as error:
        raise damaged(path, 0, f"the header does not say which rows are taken: {error}") from error
    except (MemoryError, OverflowError) as error:
        raise damaged(
            path, 0, "the header has a number of rows that is too large for this machine"
        ) from error


class _Folding:
    """Lines going into a fold, one after the other."""

    def __init__(self, path: Path, into: Fold) -> None:
        self._path = path
        self._ledger, self._timeline, self._end = into.ledger, into.timeline, into.end
        self._last = b""

    def take(self, file: Reader) -> None:
        """Take in the lines behind the end, up to the first that is not good."""
        offset, number, chain = self._end.offset, self._end.lines, self._end.chain
        counters: dict[bytes, int] = defaultdict(int)  # the same few texts come again and again
        for line in lines(file, offset):
            found = entries.link(chain, line[entries.HASHED])
            if line[entries.SEAL] != found + entries.END:
                refuse_later_commits(lines(file, offset), number + 1, self._path, offset)
                break
            self._enter(line, offset)
            counters[line[entries.COUNTERS]] += 1
            chain = found
            number += 1
            offset += len(line) + 1
        if self._last:
            self._end.offset, self._end.lines, self._end.chain = offset, number, chain
            try:
                self._note_last()
                self._end.commit = int(self._last[entries.COMMIT])
                self._ledger.counters += _sum(counters)
            except ValueError as error:
                raise damaged(self._path, offset, f"a line before it holds no numbers: {error}") from error

    def _enter(self, line: bytes, offset: int) -> None:
        """Take in one good line; only lines of several rows are parsed."""
        moves = _MOVES.get(line[entries.WORDS])
        try:
            if moves is None:
                self._enter_run(line)
            elif row := int(line[entries.ROW]):
                self._ledger.move(row, moves, int(line[entries.STEP]), offset)
            else:
                first = entries.decode(line).entry
                for row, _ in first.rows:
                    self._ledger.move(row, moves, first.step, offset)
        except (JournalDamaged, ValueError) as error:
            raise damaged(self._path, offset, str(error)) from error
        self._last = line

    def _enter_run(self, line: bytes) -> None:
        """Take in an entry of the run."""
        kind = _RUN.get(line[entries.WORDS])
        if kind is None:
            raise JournalDamaged("an entry of a kind that is not known here")
        self._note_last()
        body = entries.decode(line).entry.body if kind in WITH_BODY else None
        self._timeline.note(kind, float(line[entries.TIME]), body)

    def _note_last(self) -> None:
        """Pass the last line so far to the timeline, which knows those of the run itself already."""
        moves = _MOVES.get(self._last[entries.WORDS])
        if moves is not None:
            self._timeline.note(_OF_ROWS, float(self._last[entries.TIME]))


def _sum(counters: dict[bytes, int]) -> Counters:
    """Return the sum of counters, given how often each text of them came."""
    total = [0, 0, 0]
    for text, times in counters.items():
        total = [so_far + times * int(number) for so_far, number in zip(total, text.split(b","), strict=True)]
    return Counters(*total)


def lines(file: Reader, offset: int) -> Iterator[bytes]:
    """Yield whole lines without their newlines; what follows the last newline is left out."""
    pieces: list[bytes] = []
    while block := file.read_at(offset, _BLOCK):
        offset += len(block)
        first, newline, rest = block.partition(b"\n")
        pieces.append(first)
        if newline:
            yield b"".join(pieces)
            *whole, tail = rest.split(b"\n")
            yield from whole
            pieces = [tail]


def refuse_later_commits(lines: Iterator[bytes], number: int, path: Path, offset: int) -> None:
    """Raise JournalDamaged if any of the lines is intact and of a commit above `number`."""
    for line in lines:
        if line[entries.WORDS] in _KNOWN and _commit(line) > number:
            raise damaged(path, offset, f"line {number} cannot be read, and later ones were acknowledged")


def _commit(line: bytes) -> int:
    """Return the commit of an intact line, 0 for any other."""
    try:
        return entries.decode(line).commit
    except ValueError:
        return 0


def damaged(path: Path, offset: int, why: str) -> JournalDamaged:
    """Say what is wrong, where, and what can be done."""
    return JournalDamaged(
        f"{path}, byte {offset}: {why}. Nothing was changed; restore the file from a copy, "
        "or look the rows up in the tenant"
    )
