"""What a tenant is to show by a run's journal: gathered line by line, kept off the heap."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from bulkscim.engine.recording import step_of
from bulkscim.journal.bodies import Applied, Refused, Settled, Started
from bulkscim.journal.entries import Line
from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning import expected
from bulkscim.planning.expected import RecordedValue, State, Unlike
from bulkscim.planning.sent_form import MEMBERS, member_at, place_of
from bulkscim.planning.undo.inverse import is_membership
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in

_TABLES = """
pragma journal_mode = off;
pragma synchronous = off;
create table resource (
    kind text, id text, row integer, gone integer default 0, seen integer default 0, state blob default '{}',
    primary key (kind, id)
) without rowid;
create table member (
    kind_id text, member text, present integer, row integer, primary key (kind_id, member)
) without rowid;
create index by_member on member (member);
"""
THERE, GONE = "there", "gone"


class Resource(NamedTuple):
    """One resource that a run has left a word on: gone, or there and as `state` says."""

    kind: str
    id: str
    row: int
    gone: bool
    state: State


class Expectations:
    """The last recorded state of each resource that runs have changed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(_TABLES)
        self._begun: dict[int, Step] = {}

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def watch(self, line: Line) -> None:
        """Take in a line of a journal that held."""
        for entry in line.entries:
            match entry.body:
                case Started() as begun:
                    self._begun[entry.step] = step_of(begun, entry.part)
                case Applied() as applied:
                    self._applied(self._begun.pop(entry.step), applied, entry.rows[0][0])
                case Refused():
                    self._begun.pop(entry.step, None)
                case Settled(state=RowState.ADOPTED) as end if end.id:
                    self._there(end.type, end.id, entry.rows[0][0])
                case _:
                    pass

    def next_run(self) -> None:
        """Begin another journal: its steps have numbers of their own, and speak over what was recorded before."""
        self._begun.clear()

    def _applied(self, step: Step, how: Applied, row: int) -> None:
        resource_id = how.id or step.id
        if resource_id is None:
            return
        if step.action is Action.DELETE:
            self._gone(step.type, resource_id, row)
            return
        self._there(step.type, resource_id, row)
        if step.action is Action.CREATE:
            self._made(step.type, resource_id, how.after or {}, row)
        else:
            self._changed(step, resource_id, row)
        for group in how.stripped:
            self._leaves(group, resource_id)

    def _gone(self, kind: str, resource_id: str, row: int) -> None:
        self._put(Resource(kind, resource_id, row, gone=True, state={}))
        self._database.execute(
            "delete from member where kind_id = ? or member = ?", (resource_id, resource_id)
        )

    def _there(self, kind: str, resource_id: str, row: int) -> None:
        known = self.resource(kind, resource_id)
        if known is None or known.gone:
            self._put(Resource(kind, resource_id, row, gone=False, state={}))

    def _made(self, kind: str, resource_id: str, after: JsonObject, row: int) -> None:
        self._put(Resource(kind, resource_id, row, gone=False, state=expected.made(after, row)))
        for member in ids_in(paths.find(after, MEMBERS)):
            self._member(resource_id, member, row, present=True)

    def _changed(self, step: Step, resource_id: str, row: int) -> None:
        """Take in changes: memberships each for itself, the rest into the resource's state."""
        rest = [change for change in step.changes if not self._is_membership(step, change, resource_id, row)]
        if rest:
            known = self.resource(step.type, resource_id)
            state = known.state if known else {}
            for change in rest:
                expected.change(state, change, row)
            self._put(Resource(step.type, resource_id, row, gone=False, state=state))

    def _is_membership(self, step: Step, change: Change, group: str, row: int) -> bool:
        path = change.path
        if path == "groups" and step.member is not None:
            for left in ids_in(change.before):
                self._leaves(left, step.member)
        elif (member := member_at(path)) is not None:
            self._member(group, member, row, present=change.after is not None)
        return is_membership(change)

    def _member(self, group: str, member: str, row: int, *, present: bool) -> None:
        self._database.execute(
            "insert or replace into member values (?, ?, ?, ?)", (group, member, int(present), row)
        )

    def _leaves(self, group: str, member: str) -> None:
        self._database.execute("delete from member where kind_id = ? and member = ?", (group, member))

    def _put(self, one: Resource) -> None:
        state = orjson.dumps({path: list(value) for path, value in one.state.items()})
        row = (one.kind, one.id, one.row, int(one.gone), state)
        self._database.execute(
            "insert or replace into resource (kind, id, row, gone, state) values (?, ?, ?, ?, ?)", row
        )

    def count(self, kind: str) -> int:
        """Return how many resources of a type were recorded."""
        found = self._database.execute("select count(*) from resource where kind = ?", (kind,)).fetchone()
        return int(found[0])

    def resource(self, kind: str, resource_id: str) -> Resource | None:
        """Return what is recorded of a resource."""
        found = self._database.execute(
            "select row, gone, state from resource where kind = ? and id = ?", (kind, resource_id)
        ).fetchone()
        if found is None:
            return None
        row, gone, text = found
        state = {path: RecordedValue(*value) for path, value in orjson.loads(text).items()}
        return Resource(kind, resource_id, row, bool(gone), state)

    def seen(self, one: Resource) -> None:
        """Note that a resource was found as recorded."""
        self._database.execute("update resource set seen = 1 where kind = ? and id = ?", (one.kind, one.id))

    def unseen(self, kind: str) -> Iterator[Resource]:
        """Yield the resources of a type that were not found as recorded yet."""
        last: str | None = ""
        while last is not None:
            found = self._database.execute(
                "select id from resource where kind = ? and seen = 0 and id > ? order by id limit 100",
                (kind, last),
            ).fetchall()
            for (resource_id,) in found:
                one = self.resource(kind, resource_id)
                if one is not None:
                    yield one
            last = found[-1][0] if found else None

    def unlike(self, one: Resource, live: JsonObject) -> list[Unlike]:
        """Return where a resource that is there does not show what was recorded."""
        if one.gone:
            return [Unlike("", GONE, THERE, one.row)]
        found = list(expected.unlike(one.state, live))
        return found + list(self._memberships(one, live)) if one.kind == GROUP else found

    def _memberships(self, group: Resource, live: JsonObject) -> Iterator[Unlike]:
        present = set(ids_in(paths.find(live, MEMBERS)))
        rows = self._database.execute(
            "select member, present, row from member where kind_id = ? order by row", (group.id,)
        )
        for member, wanted, row in rows:
            if (member in present) != bool(wanted):
                entry: Mapping[str, Any] = {"value": member}
                recorded, shown = (entry, None) if wanted else (None, entry)
                yield Unlike(place_of(member), recorded, shown, row)
