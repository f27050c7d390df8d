"""Users that a CSV file names by an employee number or a display name which the file itself holds.

Such a reference becomes one by the name that the other row is known by, so the two are ordered and looked up as always.
The table is an SQLite file without a name, gone when it is closed, so that memory does not grow with the job.
"""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator

from bulkscim.jobfile.columns import Column, Use
from bulkscim.jobfile.mapping import Mapping
from bulkscim.jobfile.records import Fault, Problem, Record, located, shown
from bulkscim.jobfile.references import EMPLOYEE_NUMBER
from bulkscim.model.operation import ENTERPRISE, USER, Key, Operation, Reference

_BY = {EMPLOYEE_NUMBER: "employeeNumber", "displayName": "displayName"}
_BATCH = 10_000
_FULL_NAME = (("name", "givenName"), ("name", "familyName"))


def are_asked(mapping: Mapping) -> bool:
    """Return whether any column names users in a way that the file may answer."""
    return any(column.lookup in _BY and column.use is not Use.GROUPS for column in mapping.columns)


class FileNames:
    """The numbers and display names in a file, each with the key of its row. For one thread at a time."""

    def __init__(self, mapping: Mapping, records: Iterable[Record | Problem]) -> None:
        self._mapping = mapping
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;"
            "CREATE TABLE own(attribute TEXT, name TEXT, by TEXT, key TEXT, row INTEGER)"
        )
        self._database.execute("BEGIN")
        batch: list[tuple[str, str, str, str, int]] = []
        for record in records:
            batch += self._names(record) if isinstance(record, Record) else ()
            if len(batch) >= _BATCH:
                self._write(batch)
        self._write(batch)
        self._database.execute("CREATE INDEX own_name ON own(attribute, name)")
        self._database.execute("COMMIT")

    def operation_of(self, record: Record) -> Operation | list[Problem]:
        """Read a record, with its references to other rows of the file by the names of these."""
        operation = self._mapping.operation_of(record)
        if isinstance(operation, list) or not any(each.key.attribute in _BY for each in operation.references):
            return operation
        faults: list[Fault] = []
        references = tuple(self._resolved(each, record.number, faults) for each in operation.references)
        return located(record, faults) if faults else operation._replace(references=references)

    def _resolved(self, reference: Reference, row: int, faults: list[Fault]) -> Reference:
        """Return a reference by the key of the only other row that it can mean; as it is where no row is meant."""
        key = reference.key
        if key.attribute not in _BY or key.type != USER:
            return reference
        query = (
            "SELECT by, key, row FROM own WHERE attribute = ? AND name = ? AND row != ? ORDER BY row LIMIT 2"
        )
        found = self._database.execute(query, (key.attribute, key.folded.value, row)).fetchall()
        if len(found) > 1:
            rows = " and ".join(f"{row:,}" for _, _, row in found)
            text = f"{shown(key.value)} is the {_BY[key.attribute]} of rows {rows}; name the user by userName"
            faults.append(Fault(f'column "{reference.role}"', text))
        return (
            Reference(reference.role, Key(USER, found[0][0], found[0][1])) if len(found) == 1 else reference
        )

    def _names(self, record: Record) -> Iterator[tuple[str, str, str, str, int]]:
        """Yield what a row is named by, with the key that it is known by."""
        cells = self._mapping.cells_of(record, [])
        by, column = self._mapping.named[USER]
        own = self._column("userName")
        by, column = ("userName", own) if own is not None else (by, column)
        known = cells[column.index] if column is not None else ""
        if not known:
            return
        number = self._column(ENTERPRISE, "employeeNumber")
        display = self._column("displayName")
        parts = [cells[part.index] for path in _FULL_NAME if (part := self._column(*path)) is not None]
        names = {
            EMPLOYEE_NUMBER: cells[number.index] if number is not None else "",
            "displayName": cells[display.index] if display is not None else " ".join(filter(None, parts)),
        }
        for attribute, name in names.items():
            if name:
                folded = Key(USER, attribute, name).folded.value
                yield attribute, folded, by, known, record.number

    def _column(self, *keys: str) -> Column | None:
        """Return the column of an attribute."""
        return next(
            (each for each in self._mapping.columns if each.use is Use.VALUE and each.keys == keys), None
        )

    def _write(self, batch: list[tuple[str, str, str, str, int]]) -> None:
        """Write a batch and empty it."""
        self._database.executemany("INSERT INTO own VALUES (?, ?, ?, ?, ?)", batch)
        batch.clear()
