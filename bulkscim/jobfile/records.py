"""A record of the job file before its meaning is known, and what can be wrong with one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulkscim.model.harmless import escaped
from bulkscim.model.operation import JsonObject

_NOTHING: JsonObject = {}
SHOWN = 50


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


class Findings:
    """Problems as they come: counted, the first ones kept; of those that are about one thing the first `alike`."""

    def __init__(self, alike: int = 3) -> None:
        self.count = 0
        self._alike = alike
        self._like: Counter[str] = Counter()
        self._kept: list[tuple[Problem, str]] = []

    def add(self, problem: Problem, about: str = "") -> None:
        """Count a problem, and keep it if it is one of the first; `about` groups those of one kind."""
        self.count += 1
        self._like[about] += 1
        if len(self._kept) < SHOWN and (not about or self._like[about] <= self._alike):
            self._kept.append((problem, about))

    def texts(self, name: str) -> tuple[str, ...]:
        """Say the kept problems in the order of the file; the last of one kind says how many more there are."""
        kept = sorted(self._kept, key=lambda each: (each[0].line, each[0].row))
        last = {about: problem for problem, about in kept if about}
        return tuple(
            problem.text(name) + (self._more(about) if last.get(about) is problem else "")
            for problem, about in kept
        )

    def _more(self, about: str) -> str:
        more = self._like[about] - self._alike
        return f" ({more:,} more like it)" if more > 0 else ""

    @property
    def told(self) -> int:
        """How many of the problems the texts speak of, one by one or as more like one."""
        return len(self._kept) + sum(
            self._like[about] - self._alike
            for about in {about for _, about in self._kept if about}
            if self._like[about] > self._alike
        )
