"""Rows that a pass left without an end, kept off the heap by what they have yet to change."""

import sqlite3
from collections.abc import Iterable

from bulkscim.planning.overtaking import Mark


class Left:
    """Marks of rows that later rows must not overtake; a mark is kept as its hash, so one may wait without need.

    `held`: a row of this pass was held back. `circle`: rows that only wait for other rows hold none back in this pass.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        self._database.execute("create table mark (mark integer, row integer, stays integer)")
        self._database.execute("create index by_mark on mark (mark)")
        self._is_empty = True
        self.held = False
        self.circle = False

    def begin_pass(self, *, circle: bool = False) -> None:
        """Forget the rows that this pass takes up again: all but those in doubt."""
        self.held, self.circle = False, circle
        if not self._is_empty:
            self._database.execute("delete from mark where not stays")

    def note(self, row: int, marks: Iterable[Mark], *, in_doubt: bool) -> None:
        """Keep what a row has yet to change; `in_doubt`: no pass of this session takes it up."""
        self._is_empty = False
        self._database.execute("begin")
        lines = ((hash(mark), row, in_doubt) for mark in marks)
        self._database.executemany("insert into mark values (?, ?, ?)", lines)
        self._database.execute("commit")

    def holds_back(self, row: int, marks: Iterable[Mark]) -> bool:
        """Tell whether an earlier row has yet to change any of this."""
        asked = [hash(mark) for mark in marks]
        if not asked:
            return False
        places = ", ".join("?" * len(asked))
        found = self._database.execute(
            f"select 1 from mark where mark in ({places}) and row < ? limit 1",  # noqa: S608
            (*asked, row),
        )
        held = found.fetchone() is not None
        self.held = self.held or held
        return held

    def __bool__(self) -> bool:
        return not self._is_empty
