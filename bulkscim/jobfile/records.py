"""A record of the job file before its meaning is known, and what can be wrong with one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulkscim.model.harmless import escaped
from bulkscim.model.operation import JsonObject

_NOTHING: JsonObject = {}


class Record(NamedTuple):
    """One record: `cells` of a CSV row (as written, nothing stripped) or the `body` of a JSONL line.

    `number` counts records from 1, `line` counts lines of the file from 1 (where the record begins);
    `text` is the JSONL line without its end, empty for CSV. A tuple, for one is made per row and a frozen
    dataclass takes three times as long.
    """

    number: int
    line: int
    cells: Sequence[str] = ()
    body: JsonObject = _NOTHING
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong inside a record: the place (`column "active"`, `data.active`, or empty) and the fix."""

    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with its line and row; line 0 is the whole file, row 0 no record (the header)."""

    line: int
    row: int
    fault: Fault

    def text(self, name: str) -> str:
        """Say it in one line: file:line (row), place: what is wrong and how to correct it."""
        where = f"{name}:{self.line}" if self.line else name
        row = f" (row {self.row})" if self.row else ""
        place = f", {self.fault.place}" if self.fault.place else ""
        return escaped(f"{where}{row}{place}: {self.fault.message}")


def located(record: Record, faults: list[Fault]) -> list[Problem]:
    """Give each fault the line and row of its record."""
    return [Problem(record.line, record.number, fault) for fault in faults]


def shown(value: object, limit: int = 60) -> str:
    """Quote a value for a message: short, on one line."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'
