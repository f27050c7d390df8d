"""One private SQLite database for all that a session keeps of the tenant off the heap.

It is opened when the first row is kept. A table that holds nothing answers without it. SQLite deletes the file itself: it
has no name that another process could open, also after a crash.
"""

import sqlite3
from collections.abc import Iterable
from itertools import chain
from typing import Any

StoredRow = tuple[Any, ...]


class Store:
    """The tables of one directory. Each module has its own; all are closed together, once."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._is_closed = False
        self._tables = 0

    def table(self, columns: str, *indexes: str, key: str = "") -> "Table":
        """Return a new table; `columns` are as in `create table`; `key` and each of `indexes` name some of them."""
        self._tables += 1
        definition = f"({columns}, primary key ({key})) without rowid" if key else f"({columns})"
        return Table(self, f"table_{self._tables}", definition, indexes)

    def opened(self) -> sqlite3.Connection:
        """Return the database."""
        if self._is_closed:
            raise RuntimeError("the directory of this session is closed")
        if self._database is None:
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        return self._database

    def close(self) -> None:
        """Delete all."""
        self._is_closed = True
        if self._database is not None:
            self._database.close()


class Table:
    """One table of a store, made when its first row is kept. Conditions are written as behind `where`."""

    def __init__(self, store: Store, name: str, definition: str, indexes: tuple[str, ...]) -> None:
        self._store = store
        self._name = name
        self._definition = definition
        self._indexes = indexes
        self._is_made = False

    def add(self, rows: Iterable[StoredRow], otherwise: str = "abort") -> None:
        """Keep rows; `otherwise`: what becomes of one whose key is held (`ignore`, `replace`)."""
        waiting = iter(rows)
        first = next(waiting, None)
        if first is None:
            return
        database = self._made()
        places = ", ".join("?" * len(first))
        database.execute("begin")  # one for all: a group may have a hundred thousand members
        try:
            database.executemany(
                f"insert or {otherwise} into {self._name} values ({places})",  # noqa: S608 - names of our own
                chain((first,), waiting),
            )
        finally:
            database.execute("commit")

    def rows(self, columns: str, condition: str, *values: Any) -> list[StoredRow]:
        """Return columns of the rows that meet a condition; `order by` and `limit` may follow it."""
        if not self._is_made:
            return []
        query = f"select {columns} from {self._name} where {condition}"  # noqa: S608 - names of our own
        return self._store.opened().execute(query, values).fetchall()

    def holds(self, condition: str, *values: Any) -> bool:
        """Return whether any row meets a condition."""
        return bool(self.rows("1", f"{condition} limit 1", *values))

    def delete(self, condition: str, *values: Any) -> None:
        """Drop the rows that meet a condition."""
        if self._is_made:
            query = f"delete from {self._name} where {condition}"  # noqa: S608 - names of our own
            self._store.opened().execute(query, values)

    def clear(self) -> None:
        """Drop all rows."""
        if self._is_made:
            self._store.opened().execute(f"delete from {self._name}")  # noqa: S608 - a name of our own

    def _made(self) -> sqlite3.Connection:
        database = self._store.opened()
        if not self._is_made:
            database.execute(f"create table {self._name} {self._definition}")
            for number, index in enumerate(self._indexes, 1):
                database.execute(f"create index {self._name}_{number} on {self._name} ({index})")
            self._is_made = True
        return database
