"""Rows of a CSV file, strictly read; a bad row is a Problem, and reading goes on behind it.

Blank lines and rows of blank cells do not count as records. The delimiter (`,` `;` or tab) is the one that
cuts the header line into most cells. The `'` that keeps a spreadsheet from running a cell is taken off.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from bulkscim.jobfile.csv_writer import unguarded
from bulkscim.jobfile.lines import RECORD_LIMIT, BadLine, lines
from bulkscim.jobfile.records import Fault, Problem, Record

_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"?')
_REASONS = {
    "unexpected end of data": "a quoted cell that begins here is never closed",
    "field larger than field limit": "a cell is over 1 MB: is a quote not closed?",
    "new-line character seen": "a carriage return stands alone in a cell; put the cell in quotes",
    "expected after": 'a quote inside a quoted cell must be doubled (""), and only the delimiter may follow a closing one',
}


@dataclass(frozen=True, slots=True)
class Header:
    """The first row: names as written, the delimiter that cuts rows, and whether lines end in CR LF."""

    line: int
    names: tuple[str, ...]
    delimiter: str
    crlf: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth telling of the dialect: all but commas and plain line ends."""
        between = {";": "semicolons between cells", "\t": "tabs between cells"}.get(self.delimiter)
        return (*((between,) if between else ()), *(("lines end in CR LF",) if self.crlf else ()))


class _Unreadable(Exception):
    """A line that stops the csv module, which then goes on with the next one."""


class _Feed:
    """Lines for the csv module, counted, with a bound on what one record may take."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(stream)
        self._first: str | BadLine | None = None
        self.line = 0
        self.taken = 0

    def peek(self) -> str:
        """Return the first line that is not blank without taking it; empty where there is none."""
        for text in self._lines:
            if isinstance(text, BadLine) or not text.isspace():
                self._first = text
                return text if isinstance(text, str) else ""
            self.line += 1
        return ""

    def __iter__(self) -> Iterator[str]:
        """Yield lines; a generator, for speed, so it ends with what it raises, and the next one goes on."""
        first, self._first = self._first, None
        for text in self._lines if first is None else chain((first,), self._lines):
            self.line += 1
            if isinstance(text, BadLine):
                raise _Unreadable(text.message)
            self.taken += len(text)
            if self.taken > RECORD_LIMIT:
                raise _Unreadable("the record is over 1 MB: is a quote not closed?")
            yield text


def header(stream: BinaryIO) -> Header | Problem:
    """Read the header alone."""
    return _open(stream)[0]


def read(
    stream: BinaryIO, start: int = 1, wanted: Callable[[int], bool] | None = None
) -> Iterator[Record | Problem]:
    """Read records from number `start` on, those that are wanted; the header is not counted."""
    found, rows = _open(stream)
    if isinstance(found, Problem):
        yield found
        return
    width, number = len(found.names), 0
    for line, cells in rows:
        if not isinstance(cells, str) and not any(map(str.strip, cells)):
            continue
        number += 1
        if number < start or (wanted is not None and not wanted(number)):
            continue
        if isinstance(cells, str):
            yield Problem(line, number, Fault("", cells))
        elif len(cells) != width:
            yield Problem(line, number, Fault("", _width(len(cells), width, found.delimiter)))
        else:
            yield Record(number, line, unguarded(cells))


def _open(stream: BinaryIO) -> tuple[Header | Problem, Iterator[tuple[int, list[str] | str]]]:
    """Read the header; return it with the rows behind it."""
    feed = _Feed(stream)
    first = feed.peek()
    delimiter = max(_DELIMITERS, key=_QUOTED.sub("", first).count)
    rows = _rows(feed, delimiter)
    line, cells = next(rows, (0, "is empty; the first line names the columns"))
    if isinstance(cells, str):
        return Problem(line, 0, Fault("", cells)), rows
    return Header(line, tuple(unguarded(cells)), delimiter, first.endswith("\r\n")), rows


def _rows(feed: _Feed, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row with the line where it begins: its cells, or why it cannot be read."""
    # The module's limit of 131,072 is for the whole process; ours is the larger, and the feed keeps it.
    csv.field_size_limit(max(csv.field_size_limit(), RECORD_LIMIT + 1))
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    line = feed.line + 1
    while True:
        try:
            for cells in reader:
                yield line, cells
                feed.taken, line = 0, feed.line + 1
        except _Unreadable as error:
            yield line, str(error)
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        except csv.Error as error:
            yield line, _reason(str(error))
        else:
            return
        feed.taken, line = 0, feed.line + 1


def _reason(error: str) -> str:
    """Say what the csv module found in words that help."""
    return next((text for known, text in _REASONS.items() if known in error), error)


def _width(cells: int, columns: int, delimiter: str) -> str:
    """Say how a row's length is wrong."""
    hint = "is a cell with a delimiter not in quotes?" if cells > columns else "fill it up with empty cells"
    name = "tab" if delimiter == "\t" else delimiter
    return f"has {cells} cells where the header has {columns} (delimiter {name}); {hint}"
