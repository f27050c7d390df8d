"""Rows of a CSV file, strictly read; a bad row is a Problem, and reading goes on behind it.

1. Blank lines and rows of blank cells do not count as records. What programs write above the header (`sep=;`,
   `version:v1.0`, `#TYPE …`) is passed over and noted; other lines there need `header_line`.
2. The delimiter (`,` `;` tab or `|`) is the one that `sep=` names, else the one that cuts the header line into most
   cells.
3. The last columns may have no name if they are empty in every row. A row that is shorter than the header is filled
   up where `short_rows` finds that only empty cells are missing.
4. The `'` that keeps a spreadsheet from running a cell is taken off. In names, what cannot be seen is dropped.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from bulkscim.jobfile.csv_writer import unguarded
from bulkscim.jobfile.invisible import plain_name
from bulkscim.jobfile.lines import RECORD_LIMIT, BadLine, lines
from bulkscim.jobfile.records import Fault, Problem, Record, shown
from bulkscim.jobfile.short_rows import Learn
from bulkscim.model.typed import quoted

DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"?')
_BLANK = f' "\r\n\xa0{DELIMITERS}'
_SEP = re.compile(r'"?sep=(\\t|[^\w"\r\n])"?[,;\t|]*\r?\n?', re.IGNORECASE)
_ABOVE = re.compile(r'"?(version:v?\d[\w.]*|#TYPE [^\s"]+)"?[,;\t|]*\r?\n?', re.IGNORECASE)
_BETWEEN = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
_REASONS = {
    "unexpected end of data": "a quoted cell that begins here is never closed",
    "field larger than field limit": "a cell is over 1 MB: is a quote not closed?",
    "new-line character seen": "a carriage return stands alone in a cell; put the cell in quotes",
    "expected after": 'a quote inside a quoted cell must be doubled (""), and only the delimiter may follow a closing one',
}


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """The row of names: without what cannot be seen in them, and without the nameless last ones.

    `delimiter` cuts rows, `crlf` tells whether lines end in CR LF, `width` counts nameless columns too, and `above`
    is what a program wrote over the names.
    """

    line: int
    names: tuple[str, ...]
    delimiter: str
    crlf: bool = False
    width: int = 0
    above: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth telling of the dialect: all but commas and plain line ends."""
        named = any(each.lower().startswith("sep=") for each in self.above)
        between = _BETWEEN.get(self.delimiter, shown(self.delimiter))
        return (
            *(f"ignored {shown(each)} above the header" for each in self.above),
            *((f"{between} between cells",) if named or self.delimiter != "," else ()),
            *(("lines end in CR LF",) if self.crlf else ()),
        )


class _UnreadableLine(Exception):
    """A line that stops the csv module, which then goes on with the next one."""


class _BoundedLines:
    """Lines for the csv module, counted, with a bound on what one record may take."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines(stream)
        self._ahead: list[str | BadLine] = []
        self.line = 0
        self.taken = 0

    def peek(self) -> str | BadLine | None:
        """Return the next line without taking it; None at the end."""
        if not self._ahead:
            self._ahead.extend(islice(self._lines, 1))
        return self._ahead[0] if self._ahead else None

    def drop(self) -> None:
        """Pass over the line that was peeked at."""
        self._ahead.clear()
        self.line += 1

    def __iter__(self) -> Iterator[str]:
        """Yield lines; a generator, for speed, so it ends with what it raises, and the next one goes on."""
        ahead, self._ahead = self._ahead, []
        for text in chain(ahead, self._lines) if ahead else self._lines:
            self.line += 1
            if isinstance(text, BadLine):
                raise _UnreadableLine(text.message)
            self.taken += len(text)
            if self.taken > RECORD_LIMIT:
                raise _UnreadableLine("the record is over 1 MB: is a quote not closed?")
            yield text


def header(stream: BinaryIO, header_line: int = 0) -> ColumnNames | Problem:
    """Read the header alone: on its line, or where that is 0 on the first one that is not blank."""
    return _open(stream, header_line)[0]


def all_cells(stream: BinaryIO, header_line: int = 0) -> Iterator[list[str]]:
    """Read the cells of all rows that can be read, but of blank ones; none where the header cannot be read."""
    found, rows = _open(stream, header_line)
    for _, cells in rows if isinstance(found, ColumnNames) else ():
        if not isinstance(cells, str) and any(map(str.strip, cells)):
            yield cells


def read(
    stream: BinaryIO,
    start: int = 1,
    wanted: Callable[[int], bool] | None = None,
    *,
    header_line: int = 0,
    short_rows: Learn | None = None,
    name: str = "FILE.csv",
) -> Iterator[Record | Problem]:
    """Read records from number `start` on, those that are wanted; the header is not counted.

    `short_rows` judges rows that are shorter than the header; without it they are problems. `name` is the file's, for a command.
    """
    found, rows = _open(stream, header_line)
    if isinstance(found, Problem):
        yield found
        return
    width, number = len(found.names), 0
    for line, cells in rows:
        is_blank = not isinstance(cells, str) and not (cells and cells[0].strip())
        if is_blank and not any(map(str.strip, cells)):
            continue
        number += 1
        if number < start or (wanted is not None and not wanted(number)):
            continue
        if isinstance(cells, str):
            yield Problem(line, number, Fault("", cells))
        elif len(cells) == width:
            yield Record(number, line, unguarded(cells))
        else:
            fitted = _fitted(cells, found, short_rows, name)
            yield (
                Problem(line, number, fitted)
                if isinstance(fitted, Fault)
                else Record(number, line, unguarded(fitted))
            )


def _fitted(cells: list[str], found: ColumnNames, short_rows: Learn | None, name: str) -> list[str] | Fault:
    """Return as many cells as there are names, or why the row does not fit the header."""
    named = len(found.names)
    if len(cells) < named:
        if short_rows is not None and short_rows().may_fill(cells):
            return cells + [""] * (named - len(cells))
    elif len(cells) <= found.width:
        nameless = next((index for index in range(named, len(cells)) if cells[index].strip()), None)
        if nameless is None:
            return cells[:named]
        return Fault(
            f"column {nameless + 1}",
            f"holds {shown(cells[nameless])}, and the column has no name; name it in the header, or empty the cell",
        )
    if len(cells) == 1 and cells[0].count(found.delimiter) >= named - 1:
        return Fault("", whole_line(name))
    return Fault("", _width(len(cells), found.width, found.delimiter))


def _open(
    stream: BinaryIO, header_line: int
) -> tuple[ColumnNames | Problem, Iterator[tuple[int, list[str] | str]]]:
    """Read the header; return it with the rows behind it."""
    feed = _BoundedLines(stream)
    delimiter, above = _top(feed, header_line)
    text = feed.peek()
    first = text if isinstance(text, str) else ""
    delimiter = delimiter or max(DELIMITERS, key=_QUOTED.sub("", first).count)
    rows = _rows(feed, delimiter)
    seen = [each for each in DELIMITERS if each in _QUOTED.sub("", first)]
    if seen and delimiter not in seen:
        what = f"has {_BETWEEN[seen[0]]} between names, and {shown(above[0])} is above it"
        return Problem(feed.line + 1, 0, Fault("", f"{what}; correct that line, or delete it")), rows
    if header_line and not first.strip(_BLANK):
        what = "is blank" if first else "cannot be read, or the file ends before it"
        return Problem(header_line, 0, Fault("", f"{what}; give the line of the column names")), rows
    line, cells = next(rows, (0, "is empty; the first line names the columns"))
    if isinstance(cells, str):
        return Problem(line, 0, Fault("", cells)), rows
    names = [plain_name(name) for name in unguarded(cells)]
    while len(names) > 1 and not names[-1]:
        names.pop()
    return ColumnNames(line, tuple(names), delimiter, first.endswith("\r\n"), len(cells), above), rows


def _top(feed: _BoundedLines, header_line: int) -> tuple[str, tuple[str, ...]]:
    """Pass over what is above the header; return the delimiter that `sep=` names, and the lines of programs."""
    delimiter, above = "", []
    is_first = True
    while isinstance(text := feed.peek(), str) and (not header_line or feed.line + 1 < header_line):
        sep, program = _SEP.fullmatch(text), _ABOVE.fullmatch(text)
        if is_first and sep is not None:
            delimiter = sep[1].replace("\\t", "\t")
            above.append(text.strip().strip('"'))
        elif is_first and program is not None:
            above.append(program[1])
        elif not header_line and text.strip(_BLANK):
            break
        is_first = is_first and not text.strip(_BLANK)
        feed.drop()
    return delimiter, tuple(above)


def _rows(feed: _BoundedLines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
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
        except _UnreadableLine as error:
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


def whole_line(name: str) -> str:
    """Say that a whole line is in quotes, and the command that takes them off."""
    command = 'sed -E \'s/^"(.*)"(\\r?)$/\\1\\2/; s/""/"/g\''
    stem = "FILE.csv" if name == "stdin" else name
    unquoted = quoted(f"{re.sub(r'[.][a-z]+$', '', stem)}-unquoted.csv")
    return f"is in quotes as a whole, so it is one cell; take the quotes off: {command} {quoted(stem)} > {unquoted}"


def _width(cells: int, columns: int, delimiter: str) -> str:
    """Say how a row's length is wrong."""
    hint = (
        "is a cell with a delimiter not in quotes?"
        if cells > columns
        else "is a delimiter missing? If only its last cells are empty, fill it up with empty cells"
    )
    name = "tab" if delimiter == "\t" else delimiter
    return f"has {cells} cells where the header has {columns} (delimiter {name}); {hint}"
