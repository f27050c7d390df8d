"""CSV as it is written here: no cell that a spreadsheet would run, and every cell read back as it was.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a `'` before it, and so does one that
looks as if it had one already. The reader takes one `'` before such a character off, in every CSV.
"""

import csv
import re
from collections.abc import Iterable
from typing import TextIO

from bulkscim.model.harmless import escaped

_ACTIVE = re.compile(r"'*[=+\-@\t\r]")  # OWASP, CSV injection
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Put a `'` before a cell that a spreadsheet would run."""
    return f"'{text}" if _ACTIVE.match(text) else text


def unguarded(cells: list[str]) -> list[str]:
    """Take the `'` off the cells of a row that have one as a guard."""
    if "'" not in "".join(cells):  # as almost always; a third of the time of looking at each cell
        return cells
    return [cell[1:] if cell[:1] == "'" and _GUARDED.match(cell) else cell for cell in cells]


class CsvWriter:
    """Writes rows of guarded cells to a file that was opened with `newline=""`."""

    def __init__(self, file: TextIO, delimiter: str = ",", line_end: str = "\n") -> None:
        self._plain = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        # The csv module leaves a carriage return without quotes where lines end in \n, and no reader takes that.
        self._quoted = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)

    def row(self, cells: Iterable[object]) -> None:
        """Write one row of data, which is read back as it is; None is an empty cell."""
        texts = ["" if cell is None else guarded(str(cell)) for cell in cells]
        writer = self._quoted if any("\r" in text for text in texts) else self._plain
        writer.writerow(texts)

    def told(self, cells: Iterable[object]) -> None:
        """Write one row for the user to read: control and direction characters as escapes, each cell on one line."""
        self.row(escaped(cell) if isinstance(cell, str) else cell for cell in cells)
