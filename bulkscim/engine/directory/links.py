"""Who refers to whom, kept off the heap: the members of groups, or the managers of users, turned round."""

import sqlite3
from collections.abc import Iterable


class Links:
    """Pairs of a resource that refers (`holder`) and one that is referred to (`target`), both by id."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        self._database.execute(
            "create table link (target text, holder text, primary key (target, holder)) without rowid"
        )
        self._database.execute("create index by_holder on link (holder)")

    def of(self, target: str) -> tuple[str, ...]:
        """Return who refers to a resource."""
        found = self._database.execute("select holder from link where target = ?", (target,))
        return tuple(row[0] for row in found)

    def add(self, holder: str, targets: Iterable[str]) -> None:
        """Note that a resource refers to others."""
        pairs = ((target, holder) for target in targets)
        self._database.execute("begin")  # one for all: a group may have a hundred thousand members
        self._database.executemany("insert or ignore into link values (?, ?)", pairs)
        self._database.execute("commit")

    def remove(self, holder: str, target: str) -> None:
        """Note that a resource no longer refers to another."""
        self._database.execute("delete from link where target = ? and holder = ?", (target, holder))

    def drop(self, holder: str) -> None:
        """Note that a resource refers to nothing, or is gone."""
        self._database.execute("delete from link where holder = ?", (holder,))

    def clear(self) -> None:
        """Forget all."""
        self._database.execute("delete from link")

    def __bool__(self) -> bool:
        return self._database.execute("select 1 from link limit 1").fetchone() is not None
