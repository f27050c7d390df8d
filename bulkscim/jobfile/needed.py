"""Rows that are not taken and that taken rows refer to: name them, or take them along.

A row is needed where it creates the manager, the group or the member that a taken one refers to, and so on from row to
row. What another run took is not needed again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bulkscim.jobfile.index import Index, IndexBuilder
from bulkscim.jobfile.reading import Interpreter, interpreter, records, taken_records
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.model.operation import Defaults, Operation, Reference
from bulkscim.model.selection import TakenRows

SHOWN = 10
_NONE = TakenRows(b"")


@dataclass(frozen=True, slots=True)
class Needed:
    """A row that is taken, what it refers to, and the row that creates that."""

    row: int
    reference: Reference
    maker: int

    def __str__(self) -> str:
        key = self.reference.key
        return f"row {self.row} needs row {self.maker} ({self.reference.role} {key.value})"


class Beyond:
    """The rows that taken rows need, and that neither they nor those of other runs hold; `index_path` is a scratch file."""

    def __init__(
        self,
        source: JobSource,
        defaults: Defaults,
        taken: TakenRows,
        index_path: Path,
        others: TakenRows = _NONE,
    ) -> None:
        found = interpreter(source, defaults)
        self._interpret: Interpreter = found if not isinstance(found, list) else _nothing
        self._source, self._path = source, index_path
        self._taken, self._known = taken, taken | others
        self.first: tuple[Needed, ...] = ()  # of these, the first few
        self.count = 0  # rows that need others
        self.rows = _NONE  # the rows needed, through others too
        if any(operation.references for _, operation in self._operations(taken_records(source, taken))):
            self._find()

    def note(self) -> str:
        """Return what to say of it; empty where no row is needed."""
        if not self.rows:
            return ""
        rows = "1 row needs" if self.count == 1 else f"{self.count:,} rows need"
        named = ", ".join(map(str, self.first)) + (", …" if self.count > len(self.first) else "")
        more = "it" if len(self.rows) == 1 else f"these {len(self.rows):,} rows"
        return (
            f"{rows} rows that are not taken: {named}. Where the tenant does not have them yet, these parts fail; add "
            f"--with-needed to take {more} along"
        )

    def numbers(self) -> str:
        """Return which rows are taken along."""
        own = ", ".join(f"{row:,}" for row, _ in zip(self.rows, range(SHOWN), strict=False))
        more = ", …" if len(self.rows) > SHOWN else ""
        return f"taken along: row{'s' * (len(self.rows) != 1)} {own}{more} of {self._source.name}"

    def _operations(self, found: Iterator[Record | Problem]) -> Iterator[tuple[int, Operation]]:
        """Yield the operations of sound records; what is wrong with the others is said when they are checked."""
        for record in found:
            operation = None if isinstance(record, Problem) else self._interpret(record)
            if isinstance(operation, Operation) and not isinstance(record, Problem):
                yield record.number, operation

    def _every(self, wanted: Callable[[int], bool] | None = None) -> Iterator[tuple[int, Operation]]:
        return self._operations(records(self._source, wanted=wanted))

    def _find(self) -> None:
        with self._index() as index:
            first: list[Needed] = []
            last = 0
            chosen: set[int] = set()
            for need in self._needs(index, self._operations(taken_records(self._source, self._taken))):
                self.count += need.row != last
                last = need.row
                first += [need] if len(first) < SHOWN else []
                chosen.add(need.maker)
            frontier = set(chosen)
            while frontier:
                operations = self._every(frontier.__contains__)
                frontier = {need.maker for need in self._needs(index, operations)} - chosen
                chosen |= frontier
        self.first, self.rows = tuple(first), TakenRows.of(chosen)
        self._path.unlink(missing_ok=True)

    def _needs(self, index: Index, operations: Iterator[tuple[int, Operation]]) -> Iterator[Needed]:
        for row, operation in operations:
            for reference in operation.references:
                maker = index.makers(reference.key)
                if maker is not None and maker not in self._known and maker != row:
                    yield Needed(row, reference, maker)

    def _index(self) -> Index:
        builder = IndexBuilder(self._path, "")
        for row, operation in self._every():
            builder.add(row, operation)
        if builder.names_by_mail:
            for row, operation in self._every():
                builder.add_mails(row, operation)
        return builder.finish()


def _nothing(_: object) -> list[Problem]:
    """Read nothing: the file's header is wrong, which is said when it is checked."""
    return []
