"""Judge the records of a job file as they come: by their values, and by what the values of a column have in common."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from bulkscim.jobfile.against_schemas import doubts_by_schemas
from bulkscim.jobfile.invisible import plain_name, stripped, unseen_at_end
from bulkscim.jobfile.quick_values import Cells, UsualLines, is_clean
from bulkscim.jobfile.records import Fault, Problem, Record, shown
from bulkscim.jobfile.values import (
    Doubt,
    doubts_of,
    doubts_of_ids,
    doubts_of_read_only,
    doubts_of_references,
    repeats,
)
from bulkscim.model.operation import ENTERPRISE, Operation
from bulkscim.scim.discovery import LiveSchemas

_NUMBERED = {name.lower(): name for name in ("externalId", "employeeNumber", "costCenter")}
_HEADER = Fault("", "repeats the header, as after joining two files; delete the line")


class Judged(NamedTuple):
    """A problem with what it is about, by which those of one kind are grouped; a warning does not refuse the file."""

    problem: Problem
    about: str
    refuses: bool


@dataclass(slots=True)
class _Digits:
    """The values of one column that are digits alone."""

    widths: set[int] = field(default_factory=set)  # of those that begin with 0
    shorter: dict[int, Problem] = field(default_factory=dict)  # the first of each width
    counts: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Rules:
    """How strictly a file is judged.

    `twins`: two records may make the same, as where a tenant held two groups of one name. `strict`: a warning refuses
    the file as well. `live`: the schemas of the tenant, None where it was not asked; with `warns_by_live` what they say
    against a record is a warning.
    """

    twins: bool = False
    strict: bool = False
    live: LiveSchemas | None = None
    warns_by_live: bool = False


RULES = Rules()


class Judge:
    """What looks at each record once, in the order of the file; `names` is the header of CSV.

    `is_mapped`: the values are made from the cells by a map.
    """

    def __init__(self, names: tuple[str, ...] = (), rules: Rules = RULES, *, is_mapped: bool = False) -> None:
        self._live, self._warns_by_live = rules.live, rules.warns_by_live
        self._is_mapped = is_mapped
        self._names = names
        self._first = names[0].casefold() if names else ""
        self._cells = Cells(names) if names and not is_mapped and rules.live is None else None
        self._lines = UsualLines()
        self._numbered = [
            (_NUMBERED[leaf], index)
            for index, name in enumerate(names)
            if (leaf := name.strip().rpartition(":")[2].lower()) in _NUMBERED
        ]
        self._digits: dict[str, _Digits] = {}
        self._unseen = 0
        self._first_unseen = ""

    def header_again(self, record: Record) -> Judged | None:
        """Say that a record repeats the header, which would make a user of it."""
        if not self._names or plain_name(record.cells[0]).casefold() != self._first:
            return None
        again = repeats(record.cells, self._names)
        return Judged(Problem(record.line, record.number, _HEADER), "header", refuses=True) if again else None

    def passes(self, record: Record) -> bool:
        """Return quickly whether a row of CSV has nothing to judge: almost all have not."""
        cells = record.cells
        if self._cells is None or not self._cells.are_clean(cells) or cells[0].casefold() == self._first:
            return False
        for name, index in self._numbered:
            if cells[index].isdigit():
                self._note(name, cells[index], record)
        return True

    def judge(self, record: Record, operation: Operation) -> Iterable[Judged]:
        """Return what is wrong with the values of a record."""
        found = self._by_values(record, operation)
        if record.cells and operation.references:
            doubts = doubts_of_references(operation, is_mapped=self._is_mapped)
            found = chain(found, self._placed(record, doubts))
        if operation.changes or "id" in operation.data or "meta" in operation.data:
            found = chain(found, self._placed(record, doubts_of_read_only(operation)))
        if operation.changes or "members" in operation.data or ENTERPRISE in operation.data:
            found = chain(found, self._placed(record, doubts_of_ids(operation)))
        if self._live is None:
            return found
        doubts = doubts_by_schemas(operation, self._live)
        if self._warns_by_live:
            doubts = (doubt._replace(refuses=False) for doubt in doubts)
        return chain(found, self._placed(record, doubts))

    def _by_values(self, record: Record, operation: Operation) -> Iterable[Judged]:
        if not record.text.isascii() or record.cells:
            self._note_unseen(record)
        data = operation.data
        if "externalId" in data:
            self._note("externalId", data["externalId"], record)
        extension = data.get(ENTERPRISE)
        if extension.__class__ is dict:
            if "employeeNumber" in extension:
                self._note("employeeNumber", extension["employeeNumber"], record)
            if "costCenter" in extension:
                self._note("costCenter", extension["costCenter"], record)
        if record.text and self._lines.are_clean(record.text):
            return ()
        if not is_clean(operation):
            return self._placed(record, doubts_of(operation))
        if record.text:
            self._lines.learn(record, operation)
        return ()

    def _placed(self, record: Record, doubts: Iterable[Doubt]) -> Iterator[Judged]:
        for doubt in doubts:
            fault = Fault("" if doubt.about == "row" else self.place(record, doubt), doubt.message)
            yield Judged(Problem(record.line, record.number, fault), doubt.about, doubt.refuses)

    def zeros_lost(self) -> Iterator[Judged]:
        """Yield a warning for each column of numbers where most have leading zeros, and some seem to have lost theirs."""
        for digits in self._digits.values():
            width = next(iter(digits.widths), 0)
            if len(digits.widths) != 1:
                continue
            for short, problem in digits.shorter.items():
                if short < width:
                    for _ in range(digits.counts[short]):
                        yield Judged(problem, "leading zeros", refuses=False)

    def _note(self, name: str, value: object, record: Record) -> None:
        if not isinstance(value, str) or not value.isdigit():
            return
        digits = self._digits.get(name)
        if digits is None:
            digits = self._digits[name] = _Digits()
        if value[0] == "0" and len(value) > 1:
            digits.widths.add(len(value))
            return
        digits.counts[len(value)] += 1
        if len(value) not in digits.shorter:
            message = f"is {shown(value)}, and others of the column have leading zeros; a spreadsheet has cut them off?"
            place = self.place(record, Doubt("", name, value, ""))
            digits.shorter[len(value)] = Problem(record.line, record.number, Fault(place, message))

    def _column(self, attribute: str) -> str:
        """Name the column of an attribute, else the attribute."""
        wanted = attribute.casefold()
        leaf = wanted.rpartition(":")[2].rpartition(".")[2]
        named = [name.strip() for name in self._names if name.strip().casefold() in {wanted, leaf}]
        below = [name.strip() for name in self._names if name.strip().casefold().startswith(f"{wanted}:")]
        return next((f'column "{name}"' for name in (*named, *below)), attribute)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say how many values are read without what cannot be seen at their ends."""
        if not self._unseen:
            return ()
        one = self._unseen == 1
        what = "value begins or ends" if one else "values begin or end"
        return (
            f"{self._unseen:,} {what} with an invisible character, which is not sent: {self._first_unseen}",
        )

    def _note_unseen(self, record: Record) -> None:
        """Count the values that begin or end with what cannot be seen; they are read without it."""
        values = zip(self._names, record.cells, strict=False) if record.cells else _texts(record.body)
        for name, text in values:
            if not text.isascii() and (unseen := unseen_at_end(text)):
                self._unseen += 1
                where = f'column "{name}"' if record.cells else name
                self._first_unseen = (
                    self._first_unseen
                    or f"U+{ord(unseen):04X} in line {record.line} (row {record.number}), {where}"
                )

    def place(self, record: Record, doubt: Doubt) -> str:
        """Name the column that holds a value, else the attribute."""
        if not doubt.value:
            return self._column(doubt.attribute)
        cells = [stripped(cell) for cell in record.cells]
        whole = [name for name, cell in zip(self._names, cells, strict=False) if cell == doubt.value]
        parts = [name for name, cell in zip(self._names, cells, strict=False) if doubt.value in cell]
        leaf = doubt.attribute.rpartition(".")[2].casefold()
        named = sorted([*whole, *parts], key=lambda name: leaf not in name.casefold())
        column = next(iter(named), "").strip()
        return f'column "{column}"' if column else doubt.attribute


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in a record of JSONL, with the name of its place; what is expected is compared as it is."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for part, one in value.items():
            if name or part != "expect":
                yield from _texts(one, f"{name}.{part}" if name else part)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)
