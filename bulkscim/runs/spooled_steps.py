"""The steps that a rollback takes back, kept off the heap, for they are read twice."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from bulkscim.model.names import names_in
from bulkscim.model.operation import GROUP, USER, Key, Verb
from bulkscim.model.step import Action, Change
from bulkscim.planning.undo.inverse import (
    MANAGER,
    TakenStep,
    forgets_groups,
    is_membership,
    is_secret_set,
    known_by,
    reference,
    verb_of,
)
from bulkscim.planning.undo.memberships import Touch, touches
from bulkscim.runs.child_runs import Recreated
from bulkscim.scim import paths

Picks = Callable[[TakenStep], bool]
WHOLE = "*"
MOST_OWN = 5_000  # members that the record of one group names


@dataclass(slots=True)
class UndoCounts:
    """What is taken back, counted: by operation, with those that set a secret, and what the journal does not know."""

    verbs: Counter[tuple[Verb, str]] = field(default_factory=Counter)
    secrets: Counter[tuple[Verb, str]] = field(default_factory=Counter)
    unknown_groups: int = 0
    unknown_reports: int = 0

    def add(self, step: TakenStep) -> None:
        """Count a step; of a create without an id nothing can be taken back."""
        if step.id is None:
            return
        kind = (verb_of(step), step.type)
        self.verbs[kind] += 1
        self.secrets[kind] += is_secret_set(step)
        self.unknown_groups += forgets_groups(step)
        if step.action is Action.DELETE and step.type == USER:
            self.unknown_reports += step.reports is None

    def notes(self) -> Iterator[str]:
        """Say what cannot be brought back since it was never shown."""
        if self.unknown_groups:
            yield f"not known, and not brought back: the groups of {self.unknown_groups:,} deleted users"
        if self.unknown_reports:
            yield f"not known, and not brought back: who reported to {self.unknown_reports:,} deleted users"


class SpooledSteps:
    """The steps to take back, and what they tell together; `Known` for the inverse."""

    def __init__(self, recreated: Recreated) -> None:
        self._recreated = recreated
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table step (number integer primary key, body blob, first integer);"
            "create table deleted (id text primary key, step integer, manager text); create table made (id text primary key, step integer);"
            "create table touch (member_of text, member text, step integer, row integer, was integer,"
            " after integer, moved text, undone integer, through text, unproved integer);"
            "create table boss (id text, manager text, step integer); create index by_person on boss (id, step);"
            "create table name (id text primary key, name text) without rowid;"
            "create table place (id text, path text, step integer, row integer, picked integer, name text);"
        )
        self.tally = UndoCounts()

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def take(self, steps: Iterable[TakenStep], undone: Container[int], picks: Picks | None = None) -> None:
        """Take in the steps of a run, except those that are undone; of these, those that are picked."""
        for step in steps:
            picked = picks is None or picks(step)
            if picked:
                self._note_touches(step, undone=step.number in undone)
            if step.id is not None:
                self.learn(((step.id, known_by(step)),))
            if step.number in undone:
                continue
            if picks is not None:
                self._note_places(step, picked=picked)
            if picked:
                self._take(step)
        self._database.executescript(
            "create index by_membership on touch (member_of, member, step); create index by_place on place (id);"
        )

    def learn(self, names: Iterable[tuple[str, str]]) -> None:
        """Take in names by id; the first name of an id counts."""
        known = ((own, name) for own, name in names if name != own)
        self._database.executemany("insert or ignore into name values (?, ?)", known)

    def name_of(self, resource_id: str) -> str:
        """Return the name that the run knows it by, its id where it knows none."""
        found = self._database.execute("select name from name where id = ?", (resource_id,)).fetchone()
        return resource_id if found is None else str(found[0])

    def _take(self, step: TakenStep) -> None:
        self.tally.add(step)
        execute = self._database.execute
        is_made = step.type == GROUP and step.action is Action.CREATE
        execute("insert into step values (?, ?, ?)", (step.number, _packed(step), is_made))
        if step.type == GROUP and any(not is_membership(change) for change in step.changes):
            made = "select step from made where id = ?"
            execute(f"update step set first = 0 where number = ({made})", (step.id,))  # noqa: S608 - no value is in it
        if step.id is not None and step.action is Action.DELETE:
            manager = reference(paths.get(step.before or {}, MANAGER))
            boss = manager if isinstance(manager, str) else None
            execute("insert or ignore into deleted values (?, ?, ?)", (step.id, step.number, boss))
        for change in step.changes if step.id is not None else ():
            if change.path.lower().startswith(MANAGER.lower()):
                value = reference(change.after)
                execute("insert into boss values (?, ?, ?)", (step.id, value, step.number))
        if step.id is not None and step.action is Action.CREATE:
            execute("insert or ignore into made values (?, ?)", (step.id, step.number))

    def _note_touches(self, step: TakenStep, *, undone: bool) -> None:
        self._database.executemany(
            "insert into touch values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    one.group,
                    one.member,
                    one.step,
                    one.row,
                    one.was,
                    one.after,
                    orjson.dumps(one.moved),
                    undone,
                    orjson.dumps(one.through),
                    one.unproved,
                )
                for one in touches(step)
            ],
        )

    def _note_places(self, step: TakenStep, *, picked: bool) -> None:
        """Note what a step changed, so that later changes of the same can be named."""
        name = next((name for _, name in names_in(step.before or {})), step.id)
        paths = [change.path for change in step.changes if not is_membership(change)]
        found = [(step.id, path) for path in paths]
        found += [(one.group, f"member {one.member}") for one in touches(step)]
        found += [(step.id, WHOLE)] if step.action is Action.DELETE else []
        self._database.executemany(
            "insert into place values (?, ?, ?, ?, ?, ?)",
            [(own, path, step.number, step.row, picked, name) for own, path in found],
        )

    def later(self, most: int) -> list[tuple[int, str, str]]:
        """Return (row, path, resource) of steps that are not picked and changed the same later."""
        query = (
            "select distinct other.row, other.path, other.name from place as own join place as other"
            " on own.id = other.id and (own.path = other.path or other.path = '*')"
            " where own.picked and not other.picked and other.step > own.step order by other.row limit ?"
        )
        return self._database.execute(query, (most,)).fetchall()

    @property
    def touches_memberships(self) -> bool:
        """Whether any of the steps changed a membership."""
        return self._database.execute("select 1 from touch limit 1").fetchone() is not None

    def newest_first(self) -> Iterator[TakenStep]:
        """Yield the steps, the last one first; before all others those that made groups which were not changed since.

        Such a group is deleted while it has its members, and before these are deleted, which would change it.
        """
        query = "select number, body from step order by first desc, number desc"
        for number, body in self._database.execute(query):
            yield _unpacked(number, body)

    def goes_with_members(self, group: str) -> bool:
        """Whether the run made a group, which can be deleted with the members that the run put into it: they are not too many."""
        query = "select count(distinct member) from touch where member_of = ?"
        return self.is_made(group) and self._database.execute(query, (group,)).fetchone()[0] <= MOST_OWN

    def touches(self, of: str | None = None) -> Iterator[Touch]:
        """Yield what was done to memberships, `of` one group or of all, by group, member and step."""
        some = "" if of is None else "where member_of = ?"
        query = f"select * from touch {some} order by member_of, member, step"  # noqa: S608 - no value is in it
        found = self._database.execute(query, () if of is None else (of,))
        for group, member, step, row, was, after, moved, undone, through, unproved in found:
            ends = None if after is None else bool(after)
            yield Touch(
                group,
                member,
                step,
                row,
                bool(was),
                ends,
                tuple(orjson.loads(moved)),
                bool(undone),
                tuple(orjson.loads(through)),
                bool(unproved),
            )

    def put_in(self, group: str, member: str, step: int) -> bool:
        """Return whether the run put a member into a group before a step, where it was not before the run."""
        query = "select was from touch where member_of = ? and member = ? and step < ? order by step limit 1"
        first = self._database.execute(query, (group, member, step)).fetchone()
        return first is not None and not first[0]

    def is_deleted(self, resource_id: str) -> bool:
        """Whether the run deleted it, and it is to be recreated: neither its own, nor recreated already."""
        gone = self._holds("deleted", resource_id) and not self._holds("made", resource_id)
        return gone and not self._recreated.is_there(resource_id)

    def went_before(self, resource_id: str, step: int) -> bool:
        """Whether the run deleted it before a step."""
        query = "select 1 from deleted where id = ? and step < ?"
        return self._database.execute(query, (resource_id, step)).fetchone() is not None

    def reported_to(self, person: str, manager: str, step: int) -> bool:
        """Whether a user had a manager at a step, as far as the run's own changes tell."""
        query = "select manager from boss where id = ? and step < ? order by step desc limit 1"
        found = self._database.execute(query, (person, step)).fetchone()
        return found is None or found[0] == manager

    def returns_to(self, person: str, manager: str) -> bool:
        """Whether the run deleted a user that showed a manager then: both are to be recreated here."""
        query = "select 1 from deleted where id = ? and manager = ?"
        showed = self._database.execute(query, (person, manager)).fetchone() is not None
        return showed and self.is_deleted(person) and self.is_deleted(manager)

    def is_made(self, resource_id: str) -> bool:
        """Whether the run made it, and left it there."""
        return self._holds("made", resource_id) and not self._holds("deleted", resource_id)

    def is_passing(self, resource_id: str) -> bool:
        """Whether the run made it and deleted it again."""
        return self._holds("made", resource_id) and self._holds("deleted", resource_id)

    def is_half_made(self, resource_id: str) -> bool:
        """Whether an earlier rollback recreated it, and failed to give it its manager."""
        return self._recreated.is_half_made(resource_id)

    def now(self, resource_id: str) -> str:
        """Return the id that it has now."""
        return self._recreated.now(resource_id)

    def _holds(self, table: str, resource_id: str) -> bool:
        query = f"select 1 from {table} where id = ?"  # noqa: S608 - the tables are named here
        return self._database.execute(query, (resource_id,)).fetchone() is not None


def _packed(step: TakenStep) -> bytes:
    body = {name: getattr(step, name) for name in TakenStep.__slots__ if name != "number"}
    body["changes"] = [(change.path, change.before, change.after) for change in step.changes]
    body["identity"] = [list(key) for key in step.identity]
    return orjson.dumps(body)


def _unpacked(number: int, packed: bytes) -> TakenStep:
    kept = orjson.loads(packed)
    kept["action"] = Action(kept["action"])
    kept["changes"] = tuple(Change(*change) for change in kept["changes"])
    kept["identity"] = tuple(Key(*key) for key in kept["identity"])
    for name in ("groups", "reports", "stripped", "lost"):
        kept[name] = None if kept[name] is None else tuple(kept[name])
    return TakenStep(number=number, **kept)
