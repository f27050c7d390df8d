"""Memberships that a file asks for and that cannot all be kept, where a user is in one group at a time.

Of each user the first membership counts that no later row ends; rows that put the user into another group are against it.
Names are compared as the file gives them: a group that one row names by its id and another by its name may be the same.

It is kept in an SQLite file without a name, gone when it is closed, so that memory does not grow with the job.
"""

import sqlite3
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from bulkscim.jobfile.index import digest
from bulkscim.jobfile.reading import taken_rows
from bulkscim.jobfile.records import shown
from bulkscim.jobfile.source import JobSource
from bulkscim.model.operation import GROUP, USER, Defaults, Key, Operation, Role
from bulkscim.model.row import Rival, Row
from bulkscim.model.selection import TakenRows
from bulkscim.planning.context import part_of
from bulkscim.planning.one_group import ONE_GROUP, WHOLE, members_by_value
from bulkscim.providers.profile import Profile

NAMED = 3  # users that are named
ADVICE = "Name one group for each user in the file"
_BATCH = 10_000
_BULK_ID = "bulkId:"
_KEPT = """
CREATE INDEX asked_tie ON asked(member, held);
CREATE INDEX gone_id ON gone(id);
CREATE TABLE rival AS SELECT row, part, first_row, attribute, value, name, member FROM (
    SELECT *, first_value(held) OVER each AS first_held, first_value(row) OVER each AS first_row,
        first_value(by) OVER each AS attribute, first_value(called) OVER each AS value
    FROM asked WHERE adds AND NOT EXISTS (
        SELECT 1 FROM asked AS later
        WHERE later.member = asked.member AND later.held = asked.held AND NOT later.adds AND later.rowid > asked.rowid
    ) AND NOT EXISTS (
        SELECT 1 FROM gone WHERE gone.id IN (asked.member, asked.held) AND gone.row > asked.row
    )
    WINDOW each AS (PARTITION BY member, form ORDER BY rowid)
) WHERE held != first_held;
CREATE INDEX rival_row ON rival(row);
INSERT INTO rival SELECT row, part, 0, '', '', name, member FROM asked WHERE adds AND EXISTS (
    SELECT 1 FROM asked AS first WHERE first.member = asked.member AND first.form = asked.form
        AND first.held != asked.held AND first.adds AND first.rowid < asked.rowid
) AND NOT EXISTS (SELECT 1 FROM rival WHERE rival.row = asked.row AND rival.part = asked.part);
"""


class Tie(NamedTuple):
    """A membership that a record makes or ends, and the part of its row that does."""

    part: str
    member: Key
    group: Key
    adds: bool


def ties(operation: Operation) -> Iterator[Tie]:
    """Yield the memberships of users that a record makes or ends, in its order."""
    own = operation.target
    if operation.spec.is_membership:
        part, adds = f"member:{own.value}", operation.spec.adds_member
        yield from (Tie(part, one.key, own, adds) for one in operation.references if one.role is Role.MEMBER)
        return
    for one in operation.references:
        if one.role is Role.GROUP and operation.type == USER:
            yield Tie(part_of(one), own, one.key, adds=True)
        elif one.role is Role.MEMBER and one.key.type == USER:
            yield Tie(part_of(one), one.key, own, adds=True)
    yield from (Tie(WHOLE, _user(one), own, adds) for one, adds in members_by_value(operation))


def _user(value: str) -> Key:
    ref = value.removeprefix(_BULK_ID)
    return Key(USER, "id", value) if ref == value else Key(USER, "ref", ref)


class Rivals:
    """Says which memberships of a file are against an earlier one. For one thread at a time.

    `rows` counts the rows that ask for such a membership, `users` the users, of which `named` are the first, with two rows of
    each. `group_ids`: how ids of groups begin, which may be members too.
    """

    def __init__(
        self,
        operations: Iterable[tuple[int, Operation]],
        makers: Callable[[Key], int | None],
        group_ids: str = "",
    ) -> None:
        self._makers = makers
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;"
            "CREATE TABLE asked(member INTEGER, held INTEGER, form TEXT, row INTEGER, part TEXT, by TEXT, called TEXT,"
            " name TEXT, adds INTEGER); CREATE TABLE gone(id INTEGER, row INTEGER); BEGIN;"
        )
        batch: list[tuple[object, ...]] = []
        for row, operation in operations:
            batch += (
                self._asked(row, tie) for tie in ties(operation) if not _is_group(tie.member, group_ids)
            )
            if operation.spec.deletes:
                gone, _ = self._identity(operation.target)
                self._database.execute("INSERT INTO gone VALUES (?, ?)", (gone, row))
            if len(batch) >= _BATCH:
                self._write(batch)
        self._write(batch)
        self._database.executescript(_KEPT)
        counts = "SELECT count(DISTINCT row), count(DISTINCT member) FROM rival WHERE first_row"
        self.rows, self.users = self._database.execute(counts).fetchone()
        first = "SELECT name, min(first_row), min(row) FROM rival WHERE first_row GROUP BY member ORDER BY min(row) LIMIT ?"
        self.named: list[tuple[str, int, int]] = self._database.execute(first, (NAMED,)).fetchall()

    def told(self, profile: Profile) -> str:
        """Say how many rows put users into a second group, and what becomes of them."""
        users = ", ".join(f"{shown(name)} ({_rows(first, row)})" for name, first, row in self.named)
        users += f" and {self.users - NAMED:,} more" if self.users > NAMED else ""
        said = (
            f"{self.rows:,} row{'s' * (self.rows != 1)} put{'s' * (self.rows == 1)} {self.users:,} "
            f"user{'s' * (self.users != 1)} into a second group: {users}. "
        )
        if profile.is_one_group_sure:
            return f"{said}Here {ONE_GROUP}: such a row fails, and the first group is kept. {ADVICE}"
        kinds = " or ".join(one.groups_are for one in profile.integrations if one.most_groups is not None)
        return f"{said}Where groups are {kinds}, {ONE_GROUP}: such a row fails then. {ADVICE}"

    def of(self, row: int) -> dict[str, Rival | None]:
        """Return the earlier memberships that parts of a row are against, by part; None where the file ends these."""
        query = "SELECT part, first_row, attribute, value FROM rival WHERE row = ? ORDER BY rowid DESC"
        found = self._database.execute(query, (row,))
        return {
            part: Rival(first, Key(GROUP, by, called)) if first else None for part, first, by, called in found
        }

    def given_to(self, row: Row) -> Row:
        """Return a row with the earlier memberships that its own are against."""
        found = self.of(row.number)
        return replace(row, rivals=found) if found else row

    def _asked(self, row: int, tie: Tie) -> tuple[object, ...]:
        group = tie.group
        member, held = self._identity(tie.member)[0], self._identity(group)
        return member, *held, row, tie.part, group.attribute, group.value, tie.member.value, tie.adds

    def _identity(self, key: Key) -> tuple[int, str]:
        """Return what stands for a resource, the row that makes it or what it is named by, and how it is named.

        Two of one type that are named in the same way, and not by the same value, are two resources.
        """
        maker = None if key.attribute == "id" else self._makers(key)
        if maker is not None:
            return maker, "displayName"
        return digest(key.type, key.attribute, key.value), key.attribute

    def _write(self, batch: list[tuple[object, ...]]) -> None:
        """Write a batch and empty it."""
        self._database.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", batch)
        batch.clear()


def _rows(first: int, row: int) -> str:
    return f"row {row:,}" if first == row else f"rows {first:,} and {row:,}"


def _is_group(member: Key, group_ids: str) -> bool:
    return bool(group_ids) and member.attribute == "id" and member.value.startswith(group_ids)


def rivals_in(
    source: JobSource,
    defaults: Defaults,
    taken: TakenRows | None,
    makers: Callable[[Key], int | None],
    profile: Profile,
) -> Rivals | None:
    """Read a file that was checked for its rivals; None where users may be in several groups, or a rollback wrote it."""
    if not profile.one_group or source.is_inverse:
        return None
    return Rivals(taken_rows(source, defaults, taken), makers, profile.id_prefixes.get(GROUP, ""))
