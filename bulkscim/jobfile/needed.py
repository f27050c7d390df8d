"""Rows beyond `--limit` that rows within it refer to: name them, or take them along as a job file of their own.

A later row is needed where it creates the manager, the group or the member that an earlier one refers to, and so on
from row to row.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bulkscim.errors import JobFileInvalid
from bulkscim.jobfile import json_document
from bulkscim.jobfile.content import content_of
from bulkscim.jobfile.index import Index, IndexBuilder
from bulkscim.jobfile.reading import Interpreter, Wanted, interpreter, records
from bulkscim.jobfile.records import Problem
from bulkscim.jobfile.short_rows import ShortRows
from bulkscim.jobfile.source import JobSource
from bulkscim.model.operation import Defaults, Operation, Reference

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Needed:
    """One row within the limit, what it refers to, and the row beyond the limit that creates that."""

    row: int
    reference: Reference
    maker: int

    def __str__(self) -> str:
        key = self.reference.key
        return f"row {self.row} needs row {self.maker} ({self.reference.role} {key.value})"


class Beyond:
    """The rows beyond a limit that rows within it need; `index_path` is a scratch file."""

    def __init__(self, source: JobSource, defaults: Defaults, limit: int, index_path: Path) -> None:
        found = interpreter(source, defaults)
        self._interpret: Interpreter = found if not isinstance(found, list) else _nothing
        self._source, self._limit, self._path = source, limit, index_path
        self.first: tuple[Needed, ...] = ()  # of these, the first few
        self.count = 0  # rows within the limit that need others
        self.rows: tuple[int, ...] = ()  # the rows needed, through others too
        self.records = 0  # of the whole file, once rows beyond the limit were looked for
        if any(operation.references for _, operation in self._within()):
            self._find()

    def note(self) -> str:
        """Return what to say of it; empty where no row is needed."""
        if not self.rows:
            return ""
        rows = "1 row needs" if self.count == 1 else f"{self.count:,} rows need"
        named = ", ".join(map(str, self.first)) + (", …" if self.count > len(self.first) else "")
        more = "it" if len(self.rows) == 1 else f"these {len(self.rows):,} rows"
        return (
            f"--limit {self._limit}: {rows} rows beyond the limit: {named}. Where the tenant does not have them "
            f"yet, these parts fail; add --with-needed to take {more} along"
        )

    def numbers(self) -> str:
        """Return which rows the needed ones are in a copy, and in the file itself."""
        own = ", ".join(f"{row:,}" for row in self.rows[:SHOWN]) + (", …" if len(self.rows) > SHOWN else "")
        last = self._limit + len(self.rows)
        if len(self.rows) == 1:
            return f"row {last:,} of this run is row {own} of {self._source.name}"
        return f"rows {self._limit + 1:,} to {last:,} of this run are rows {own} of {self._source.name}"

    def selected(self) -> JobSource:
        """Return a job file of the rows within the limit and those that they need, as written; a private copy."""
        return _copied(self._source, {*range(1, self._limit + 1), *self.rows})

    def _within(self) -> Iterator[tuple[int, Operation]]:
        return self._operations(None, self._limit)

    def _operations(self, wanted: Wanted | None, most: int | None = None) -> Iterator[tuple[int, Operation]]:
        """Yield the operations of sound records; what is wrong with the others is said when they are checked."""
        for record in islice(records(self._source, wanted=wanted), most):
            self.records = max(self.records, record.row if isinstance(record, Problem) else record.number)
            operation = None if isinstance(record, Problem) else self._interpret(record)
            if isinstance(operation, Operation) and not isinstance(record, Problem):
                yield record.number, operation

    def _find(self) -> None:
        with self._index() as index:
            first: list[Needed] = []
            last = 0
            chosen: set[int] = set()
            for need in self._needs(index, self._within()):
                self.count += need.row != last
                last = need.row
                first += [need] if len(first) < SHOWN else []
                chosen.add(need.maker)
            frontier = set(chosen)
            while frontier:
                operations = self._operations(frontier.__contains__)
                frontier = {need.maker for need in self._needs(index, operations)} - chosen
                chosen |= frontier
        self.first, self.rows = tuple(first), tuple(sorted(chosen))
        self._path.unlink(missing_ok=True)

    def _needs(self, index: Index, operations: Iterator[tuple[int, Operation]]) -> Iterator[Needed]:
        for row, operation in operations:
            for reference in operation.references:
                maker = index.makers(reference.key)
                if maker is not None and maker > self._limit and maker != row:
                    yield Needed(row, reference, maker)

    def _index(self) -> Index:
        builder = IndexBuilder(self._path, "")
        for row, operation in self._operations(None):
            builder.add(row, operation)
        if builder.names_by_mail:
            for row, operation in self._operations(None):
                builder.add_mails(row, operation)
        return builder.finish()


def _nothing(_: object) -> list[Problem]:
    """Read nothing: the file's header is wrong, which is said when it is checked."""
    return []


def _copied(source: JobSource, rows: set[int]) -> JobSource:
    """Write the lines of some records, the header before them, into a private file."""
    handle, place = tempfile.mkstemp(prefix="bulkscim-", suffix=f".{source.format}")
    path = Path(place)
    try:
        with os.fdopen(handle, "wb") as copy, source.stream() as stream:
            is_document = source.format != "csv" and json_document.document(stream.peek())
            copy.writelines(_texts(source, rows) if is_document else _lines(source, rows, stream))
        content = content_of(path)
    except BaseException:
        path.unlink()
        raise
    return replace(source, path=path, content=content, spooled=True, short_rows=ShortRows())


def _lines(source: JobSource, rows: set[int], stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of some records, and those above the first record."""
    number = 0
    for begin, end in _spans(source, rows):
        for line in islice(stream, begin - 1 - number, None if end is None else end - 1 - number):
            yield line if line.endswith(b"\n") else line + b"\n"
        number = number if end is None else end - 1


def _texts(source: JobSource, rows: set[int]) -> Iterator[bytes]:
    """Yield some records of a file whose records are no lines, one a line; JobFileInvalid where one cannot be read."""
    for record in records(source, wanted=rows.__contains__):
        if isinstance(record, Problem):
            raise JobFileInvalid(record.text(source.name))
        yield f"{record.text}\n".encode()


def _spans(source: JobSource, rows: set[int]) -> Iterator[tuple[int, int | None]]:
    """Yield the first line of each stretch of records, and the line behind it; None for the end of the file.

    What stands before the first record goes with it.
    """
    begin: int | None = 1
    for record in records(source, wanted=lambda number: number in rows or number - 1 in rows):
        number = record.row if isinstance(record, Problem) else record.number
        if number in rows:
            begin = record.line if begin is None else begin
        elif begin is not None:
            yield begin, record.line
            begin = None
    if begin is not None:
        yield begin, None
