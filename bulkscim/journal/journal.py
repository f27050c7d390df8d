"""A run's journal as a whole: made, opened to append, or only read."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from bulkscim.errors import JournalDead, Locked, NoSuchRun
from bulkscim.journal import checkpoint, entries, header_json, reader, tombstone
from bulkscim.journal.bodies import Body, Repaired, Settled, Started
from bulkscim.journal.durable import Appender, Disk, Reader
from bulkscim.journal.entries import Entry, Word
from bulkscim.journal.header import Header
from bulkscim.journal.reader import Fold, Position
from bulkscim.journal.timeline import Timeline
from bulkscim.journal.writer import JOURNAL, JournalWriter
from bulkscim.model.clock import Clock
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.typed import next_line
from bulkscim.private_files import refuse_links

_B = TypeVar("_B", bound=Body)
_BLOCK = 1 << 20
_NEW = f"{JOURNAL}.new"


class RecordedRun:
    """What a run folder's journal tells; a context manager that closes the file."""

    def __init__(self, folder: Path, fold: Fold, file: Reader) -> None:
        self.folder = folder
        self.ledger = fold.ledger
        self.timeline = fold.timeline
        self._fold, self._reader = fold, file

    @property
    def header(self) -> Header:
        """The header, its settings and guards as later sessions have changed them."""
        try:
            return header_json.with_changes(self._fold.header, self.timeline.changed)
        except ValueError as error:
            why = f"what later sessions have changed of the header cannot be read: {error}"
            raise reader.damaged(self.folder / JOURNAL, 0, why) from error

    @property
    def chain(self) -> str:
        """The chain value of the last good line, in hex."""
        return self._fold.end.chain.decode()

    def history(self, row: int) -> list[Entry]:
        """Return the entries of a row, oldest first."""
        return list(self._backwards(row))[::-1]

    def last(self, row: int) -> Entry | None:
        """Return the last entry of a row."""
        return next(self._backwards(row), None)

    def end_of(self, row: int) -> Settled | None:
        """Return how a row ended; None for one that is pending or in doubt."""
        last = self.last(row)
        return last.body if last is not None and isinstance(last.body, Settled) else None

    def entries(self, *words: Word, holding: bytes = b"") -> Iterator[Entry]:
        """Yield the entries of some words in the good part, in the order of the file; see `reader.entries_of`."""
        return reader.entries_of(self._reader, *words, end=self._fold.end.offset, holding=holding)

    def each(self, kind: type[_B], holding: bytes = b"") -> Iterator[tuple[Entry, _B]]:
        """Yield the entries of one kind in the good part, each with its body; see `reader.entries_of`."""
        for entry in self.entries(entries.kind_of(kind), holding=holding):
            if isinstance(entry.body, kind):
                yield entry, entry.body

    def ends(self, *states: RowState, holding: bytes = b"") -> Iterator[tuple[int, Settled]]:
        """Yield the ends of rows in some states (none: in all), in the order of the file; see `reader.entries_of`."""
        for entry in self.entries(*(states or SETTLED), holding=holding):
            if isinstance(entry.body, Settled):
                yield entry.rows[0][0], entry.body

    def applied_ids(self) -> Iterator[bytes]:
        """Yield the ids in the good part that steps which took effect name; see `reader.applied_ids`."""
        return reader.applied_ids(self._reader, self._fold.end.offset)

    def applied_rows(self) -> Iterator[tuple[int, ...]]:
        """Yield the rows of each step in the good part that took effect; see `reader.applied_rows`."""
        return reader.applied_rows(self._reader, self._fold.end.offset)

    def beginning_of(self, end: Entry) -> Started | None:
        """Return the `started` of the step that an entry ends."""
        history = self._backwards(end.rows[0][0])
        return next(
            (one.body for one in history if isinstance(one.body, Started) and one.step == end.step), None
        )

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _backwards(self, row: int) -> Iterator[Entry]:
        """Yield the entries of a row, newest first, by the links from line to line."""
        offset, path = self.ledger.last_offset(row), self.folder / JOURNAL
        while offset:
            line = reader.line_at(self._reader, offset, path)
            yield from reversed(line.entries)
            numbers = [number for number, _ in line.entry.rows]
            before = line.previous[numbers.index(row)] if row in numbers else offset
            if not 0 <= before < offset:  # it would lead round and round
                raise reader.damaged(path, offset, f"row {row}: a link between its entries is broken")
            offset = before


class Journal(RecordedRun):
    """A journal that is appended to. Its folder's lock must be held from before it is opened."""

    def __init__(
        self, folder: Path, disk: Disk, fold: Fold, files: tuple[Reader, Appender], clock: Clock
    ) -> None:
        super().__init__(folder, fold, files[0])
        self.disk = disk
        self._writer = JournalWriter(folder, disk, files[1], fold, clock)
        self._step = fold.ledger.step

    def next_step(self) -> int:
        """Return a step number that no step of this run had."""
        self._step += 1
        return self._step

    async def append(self, *new: Entry) -> None:
        """Return when the entries are durable, all in one commit; see `JournalWriter.append`."""
        await self._writer.append(*new)

    async def aclose(self) -> None:
        """Wait for what is queued, write a checkpoint, close the files; may be called twice."""
        await self._writer.aclose()
        self.close()


def create(folder: Path, disk: Disk, header: Header, clock: Clock) -> Journal:
    """Begin a journal in a folder whose lock is held, in place of one that never sent anything."""
    fold = Fold(header, reader.ledger_of(header), Timeline(), Position())
    line = _line_after(fold, Entry(header), clock.now())
    try:
        _write_new(folder, disk, [line])
        _put_in_place(folder, disk)
        return _opened(folder, disk, fold, clock)
    except OSError as error:
        raise _dead(folder, error) from error


def open_for_append(folder: Path, disk: Disk, clock: Clock) -> Journal:
    """Open a journal to go on with it; the folder's lock is held.

    What it trusts is synced first. The good part is written to a new file unless a checkpoint reaches the end of the
    file, which proves that the last sync succeeded (after a sync that failed, a system may take a page that it lost
    for one that it wrote), and the last session ended in order. A process that was stopped and wakes up then finds
    its file replaced. Locked where the file grows meanwhile.
    """
    path = folder / JOURNAL
    try:
        with closing(open_to_read(folder, disk)) as file:
            size, kept = file.size(), checkpoint.load(folder, disk, file, path)
            is_whole = kept is not None and kept.end.offset == size
            fold = reader.fold(file, path, kept)
            replaces = not (is_whole and fold.timeline.ended_in_order)
            if replaces:
                _write_new(folder, disk, _good_part(file, fold, clock))
            if file.size() != size:
                raise Locked(f"another process writes to {path}; stop it, then run the same command again")
        if replaces:
            _put_in_place(folder, disk)
        return _opened(folder, disk, fold, clock)
    except OSError as error:
        raise _dead(folder, error) from error


def read(folder: Path, disk: Disk, *, use_checkpoint: bool = True) -> RecordedRun:
    """Read the good part of a journal: no lock, no change; what is being written is left out."""
    file, path = open_to_read(folder, disk), folder / JOURNAL
    try:
        kept = checkpoint.load(folder, disk, file, path) if use_checkpoint else None
        return RecordedRun(folder, reader.fold(file, path, kept), file)
    except BaseException:
        file.close()
        raise


def open_to_read(folder: Path, disk: Disk) -> Reader:
    """Open the journal of a folder; NoSuchRun where there is none, UsageError where the folder holds a link."""
    refuse_links(folder)
    try:
        return disk.open_read(folder / JOURNAL)
    except (FileNotFoundError, NotADirectoryError) as error:
        if tombstone.is_purged(folder, disk):
            raise NoSuchRun(
                f"{folder}: this run was purged; its rows are removed, so no command can work on them. "
                f"Its header and totals are kept\n{next_line('status', folder)}"
            ) from error
        raise NoSuchRun(f"{folder} holds no journal\n{next_line('runs')}") from error


def _opened(folder: Path, disk: Disk, fold: Fold, clock: Clock) -> Journal:
    """Open a journal whose fold is known, and sync it."""
    path = folder / JOURNAL
    appender = disk.open_append(path)
    appender.sync()
    return Journal(folder, disk, fold, (disk.open_read(path), appender), clock)


def _good_part(file: Reader, fold: Fold, clock: Clock) -> Iterator[bytes]:
    """Yield the good part of a file in blocks, then a note of what was cut, if anything was."""
    end, cut = fold.end.offset, fold.torn
    for offset in range(0, end, _BLOCK):
        yield file.read_at(offset, min(_BLOCK, end - offset))
    if cut:
        yield _line_after(fold, Entry(Repaired(cut, end)), clock.now())


def _line_after(fold: Fold, entry: Entry, time: float) -> bytes:
    """Return the next line, for an entry of the run, and let the fold end behind it."""
    end = fold.end
    end.lines += 1
    end.commit = end.lines
    text = entries.encode((entry,), end.lines, end.commit, time, (), fold.header.format)
    end.chain = entries.link(end.chain, text)
    line = entries.seal(text, end.chain)
    end.offset += len(line)
    fold.timeline.note(entry.kind, time)
    return line


def _write_new(folder: Path, disk: Disk, pieces: Iterable[bytes]) -> None:
    """Write a journal next to the existing one, durably."""
    with closing(disk.create(folder / _NEW)) as file:
        for piece in pieces:
            file.write(piece)
        file.sync()


def _put_in_place(folder: Path, disk: Disk) -> None:
    """Let the new journal be the journal; neither may be open, or Windows refuses."""
    disk.replace(folder / _NEW, folder / JOURNAL)
    disk.sync_folder(folder)


def _dead(folder: Path, error: OSError) -> JournalDead:
    """Say that the journal cannot be opened for writing."""
    return JournalDead(
        f"{folder / JOURNAL} cannot be made safe: {error.strerror or error}. Nothing was sent; "
        "remove the cause, then give the same command again"
    )
