"""Rows that a pass left without an end, kept off the heap by what they have yet to change."""

import sqlite3
from collections.abc import Iterable

from bulkscim.model.operation import Key
from bulkscim.planning.overtaking import PendingChange


class UnfinishedRows:
    """Marks of rows that later rows must not overtake; a mark is kept as its hash, so one may wait without need.

    A row that only waits has sent nothing in this pass. Where such rows alone hold others back, they wait for each
    other: `wait_in_circles`. In the next pass, begun with `circle`, they then hold no row back.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        self._database.execute("create table mark (mark integer, row integer, stays integer, waits integer)")
        self._database.execute("create index by_mark on mark (mark)")
        self.updates: dict[
            int, tuple[str, int]
        ] = {}  # by upsert: the id that it updates, and the first row that held it
        self.found: dict[int, str] = {}  # ids that rows left for later did not create, by row
        self._is_empty = True
        self._held = False
        self._circle = False

    def begin_pass(self, *, circle: bool) -> None:
        """Forget the rows that this pass takes up again: all but those in doubt."""
        self._held, self._circle = False, circle
        if not self._is_empty:
            self._database.execute("delete from mark where not stays")
            self._is_empty = not self._any("select 1 from mark limit 1")

    def note(
        self, row: int, marks: Iterable[PendingChange], *, in_doubt: bool = False, waits: bool = False
    ) -> None:
        """Keep what a row has yet to change; `in_doubt`: no pass of this session takes it up; `waits`: it only waits."""
        if waits and self._circle and self._is_empty:
            return
        self._is_empty = False
        self._database.execute("begin")
        lines = ((hash(mark), row, in_doubt, waits) for mark in marks)
        self._database.executemany("insert into mark values (?, ?, ?, ?)", lines)
        self._database.execute("commit")

    def forget(self, row: int) -> None:
        """Forget one row: it is looked at again."""
        if not self._is_empty:
            self._database.execute("create index if not exists by_row on mark (row)")
            self._database.execute("delete from mark where row = ?", (row,))
            self._is_empty = not self._any("select 1 from mark limit 1")

    def holds_back(self, row: int, marks: Iterable[PendingChange]) -> int:
        """Return the first of the earlier rows that have yet to change any of this, 0 where there is none."""
        asked = [hash(mark) for mark in marks]
        places = ", ".join("?" * len(asked))
        query = f"select min(row) from mark where mark in ({places}) and row < ?"  # noqa: S608
        (first,) = self._database.execute(query, (*asked, row)).fetchone()
        self._held = self._held or first is not None
        return first or 0

    def may_make(self, name: Key) -> bool:
        """Return whether a row, an earlier one too, is in doubt that may have made what has this name."""
        return not self._is_empty and self._any(
            "select 1 from mark where mark = ? and stays", hash(PendingChange(name))
        )

    def wait_in_circles(self) -> bool:
        """Return whether rows were held back in this pass, and by rows alone that only wait."""
        return self._held and not self._circle and not self._any("select 1 from mark where not waits limit 1")

    def _any(self, query: str, *values: int) -> bool:
        return self._database.execute(query, values).fetchone() is not None

    def __bool__(self) -> bool:
        return not self._is_empty
