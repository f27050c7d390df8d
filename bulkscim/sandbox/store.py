"""Where a sandbox keeps its resources: in memory as scim2-server does, and every change in SQLite."""

import os
import sqlite3
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from scim2_models import Resource, ResourceType, ScimFilter, ScimProvider, SearchRequest
from scim2_models.path import LogicalExpr, LogicalOperator
from scim2_server.memory import InMemoryStorage, utcnow
from scim2_server.storage import SearchPage

from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.private_files import open_file
from bulkscim.providers.quirks import Quirks

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (space, type, id)
);
CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY AUTOINCREMENT);
"""
NEVER_KEPT = frozenset({"password"})
MILLISECONDS = 1000
FIRST_NUMBER = 1000


class Database:
    """The SQLite file of one sandbox; its spaces hold resources that do not know of each other."""

    def __init__(self, path: Path) -> None:
        os.close(open_file(path, os.O_RDWR | os.O_CREAT))  # SQLite would follow a link
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(SCHEMA)

    def put(self, space: str, kind: str, resource_id: str, body: JsonObject) -> None:
        """Keep a resource as it is now."""
        self._connection.execute(
            "INSERT INTO resources (space, type, id, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (space, type, id) DO UPDATE SET body = excluded.body",
            (space, kind, resource_id, orjson.dumps(body)),
        )

    def drop(self, space: str, kind: str, resource_id: str) -> None:
        """Forget a resource."""
        self._connection.execute(
            "DELETE FROM resources WHERE space = ? AND type = ? AND id = ?", (space, kind, resource_id)
        )

    def all(self, space: str) -> list[tuple[str, JsonObject]]:
        """Return type and body of every resource of a space, the oldest first."""
        rows = self._connection.execute(
            "SELECT type, body FROM resources WHERE space = ? ORDER BY number", (space,)
        )
        return [(kind, orjson.loads(body)) for kind, body in rows]

    def next_number(self) -> int:
        """Return a number that was never given before; a clearing does not restart it."""
        row = self._connection.execute("INSERT INTO numbers DEFAULT VALUES RETURNING number").fetchone()
        self._connection.execute("DELETE FROM numbers")
        return FIRST_NUMBER + int(row[0])

    def clear(self) -> None:
        """Forget all resources."""
        self._connection.execute("DELETE FROM resources")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Keep all that the block puts here, or nothing of it."""
        self._connection.execute("BEGIN")
        with self._connection:
            yield

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class KeptStorage(InMemoryStorage):
    """scim2-server's storage in memory, with a row in SQLite behind each resource."""

    def __init__(
        self,
        database: Database,
        space: str,
        provider: ScimProvider,
        quirks: Quirks,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        super().__init__(clock)
        self._database, self._space, self._quirks = database, space, quirks
        self._types = {str(kind.name): kind for kind in provider.resource_types}
        self._groups: dict[str, set[str]] = {}
        self._order: dict[str, list[str]] = {}  # ids by type in the order of a listing, once there was one
        self._given_id = ""
        self._version = int(clock().timestamp() * MILLISECONDS)
        models: dict[str, Any] = {kind: provider.model_for(known) for kind, known in self._types.items()}
        self.resources = [
            models[kind].model_validate(body) for kind, body in database.all(space) if kind in models
        ]
        for resource in self.resources:
            self._count_members(resource, ())

    def generate_id(self, resource_type: ResourceType, resource: Resource[Any]) -> str:
        """Name a new resource as the provider does."""
        given, self._given_id = self._given_id, ""
        form = self._quirks.ids.get(str(resource_type.name))
        if given or form is None:
            return given or super().generate_id(resource_type, resource)
        return form.format(self._database.next_number())

    def next_version(self) -> str:
        """Return a version that no write had before, or what the provider has: the second of the change."""
        self._version += 1
        if self._quirks.version_seconds:
            return f'W/"{int(self.clock().timestamp()) * MILLISECONDS}"'
        return f'W/"{self._version}"'

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource and keep it."""
        created = super().create(resource_type, resource)
        if (order := self._order.get(str(resource_type.name))) is not None:
            insort(order, str(created.id))
        self._keep(resource_type, created)
        self._count_members(created, ())
        return created

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return one page; of a plain listing without a look at all that is not on it."""
        asked = search_request
        plain = not (asked.filter or asked.sort_by or asked.cursor is not None or self._quirks.hides_inactive)
        if not plain or len(resource_types) != 1:
            return super().search(resource_types, asked, position=position)
        name = str(resource_types[0].name)
        with self.lock:
            held = self._resources.get(name, {})
            order = self._order.get(name)
            if order is None:
                order = self._order[name] = sorted(held)
            start = asked.start_index_0 or 0
            page = order[start : None if asked.count is None else start + asked.count]
            return SearchPage(len(order), [held[one].model_copy(deep=True) for one in page])

    def create_as(
        self, resource_type: ResourceType, resource: Resource[Any], resource_id: str
    ) -> Resource[Any]:
        """Store a resource that had an id before."""
        self._given_id = resource_id
        return self.create(resource_type, resource)

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a resource and keep it."""
        before = members_of(self._stored(resource_type, resource.id))
        updated = super().update(resource_type, resource, expected_version=expected_version)
        self._keep(resource_type, updated)
        self._count_members(updated, before)
        return updated

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource."""
        before = members_of(self._stored(resource_type, resource_id))
        super().delete(resource_type, resource_id, expected_version=expected_version)
        self._database.drop(self._space, str(resource_type.name), resource_id)
        if (order := self._order.get(str(resource_type.name))) is not None:
            del order[bisect_left(order, resource_id)]
        for member in before:
            self._groups.get(member, set()).discard(resource_id)

    def groups_of(self, member: str) -> list[JsonObject]:
        """Return the groups that hold a member, as a user shows them."""
        ids = sorted(self._groups.get(member, ()))
        groups: list[Any] = [
            self._stored(self._types[GROUP], one) for one in ids
        ]  # no copies of their members
        return [{"value": group.id, "display": group.display_name} for group in groups]

    def leave_groups(self, member: str, but: str = "") -> None:
        """Take a member out of all groups but one."""
        for group in sorted(self._groups.get(member, set()) - {but}):
            resource: Any = self.get(self._types[GROUP], group)
            resource.members = [one for one in resource.members or [] if one.value != member] or None
            self.update(self._types[GROUP], resource)

    def forget(self) -> None:
        """Be empty; the database is cleared by its owner."""
        self.resources = []
        self._groups = {}
        self._order = {}

    def _candidates(
        self, names: list[str | None], scim_filter: ScimFilter[Any] | None
    ) -> list[Resource[Any]]:
        """Omit from every search the users that the provider does not list."""
        found: list[Any] = []
        for one in alternatives(scim_filter) if len(names) == 1 else [scim_filter]:
            found += super()._candidates(names, one)
        found = list({one.id: one for one in found}.values()) if len(names) == 1 else found
        if not self._quirks.hides_inactive:
            return found
        return [one for one in found if getattr(one, "active", None) is not False]

    def _keep(self, resource_type: ResourceType, resource: Resource[Any]) -> None:
        self._database.put(self._space, str(resource_type.name), str(resource.id), kept(resource))

    def _count_members(self, resource: Resource[Any], before: tuple[str, ...]) -> None:
        now = members_of(resource)
        for member in set(before) - set(now):
            self._groups[member].discard(str(resource.id))
        for member in now:
            self._groups.setdefault(member, set()).add(str(resource.id))


def kept(resource: Resource[Any]) -> JsonObject:
    """Return a resource as it is written to disk."""
    return {name: value for name, value in resource.model_dump().items() if name not in NEVER_KEPT}


def alternatives(scim_filter: ScimFilter[Any] | None) -> list[ScimFilter[Any] | None]:
    """Return what each side of an `or` finds by itself; another filter alone."""
    node = scim_filter.ast if scim_filter is not None else None
    if scim_filter is None or not isinstance(node, LogicalExpr) or node.op != LogicalOperator.or_:
        return [scim_filter]
    return [type(scim_filter)(term) for term in node.terms]


def members_of(resource: Resource[Any]) -> tuple[str, ...]:
    """Return the ids of a group's members; a user has none."""
    members = getattr(resource, "members", None) or []
    return tuple(str(member.value) for member in members if member.value)
