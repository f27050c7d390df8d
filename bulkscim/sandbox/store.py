"""Where a sandbox keeps its resources: in memory as scim2-server does, and every change in SQLite."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from scim2_models import Resource, ResourceType, ScimProvider
from scim2_server.memory import InMemoryStorage, utcnow

from bulkscim.model.operation import GROUP, JsonObject

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS resources (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (space, type, id)
);
"""
NEVER_KEPT = frozenset({"password"})
MILLISECONDS = 1000


class Database:
    """The SQLite file of one sandbox; its spaces hold resources that do not know of each other."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
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

    def last_number(self) -> int:
        """Return the highest number ever given; it survives a clearing."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'resources'").fetchone()
        return int(row[0]) if row else 0

    def clear(self) -> None:
        """Forget all resources."""
        self._connection.execute("DELETE FROM resources")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class KeptStorage(InMemoryStorage):
    """scim2-server's storage in memory, with a row in SQLite behind each resource.

    A user that is deleted leaves the groups of this space. `name` makes an id of a type and a number;
    None leaves it to scim2-server.
    """

    def __init__(
        self,
        database: Database,
        space: str,
        provider: ScimProvider,
        name: Callable[[str, int], str] | None = None,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        super().__init__(clock)
        self._database, self._space, self._name = database, space, name
        self._types = {str(kind.name): kind for kind in provider.resource_types}
        self._numbers = database.last_number()
        self._groups: dict[str, set[str]] = {}
        models: dict[str, Any] = {kind: provider.model_for(known) for kind, known in self._types.items()}
        self.resources = [
            models[kind].model_validate(body) for kind, body in database.all(space) if kind in models
        ]
        for resource in self.resources:
            self._count_members(resource, ())
        self._version = int(clock().timestamp() * MILLISECONDS)

    def generate_id(self, resource_type: ResourceType, resource: Resource[Any]) -> str:
        """Name a new resource."""
        if self._name is None:
            return super().generate_id(resource_type, resource)
        self._numbers = max(self._numbers, self._database.last_number()) + 1
        return self._name(str(resource_type.name), self._numbers)

    def next_version(self) -> str:
        """Return a version that no write had before, in this process or an earlier one."""
        self._version += 1
        return f'W/"{self._version}"'

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource and keep it."""
        created = super().create(resource_type, resource)
        self._keep(resource_type, created)
        self._count_members(created, ())
        return created

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a resource and keep it."""
        before = members_of(self.get(resource_type, str(resource.id)))
        updated = super().update(resource_type, resource, expected_version=expected_version)
        self._keep(resource_type, updated)
        self._count_members(updated, before)
        return updated

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource; what was a member is one no longer."""
        before = self.get(resource_type, resource_id)
        super().delete(resource_type, resource_id, expected_version=expected_version)
        self._database.drop(self._space, str(resource_type.name), resource_id)
        for member in members_of(before):
            self._groups.get(member, set()).discard(resource_id)
        self.leave_groups(resource_id)

    def groups_of(self, member: str) -> tuple[str, ...]:
        """Return the ids of the groups that hold a member."""
        return tuple(sorted(self._groups.get(member, ())))

    def leave_groups(self, member: str, but: str = "") -> tuple[str, ...]:
        """Take a member out of all groups but one; return the ids of those that it left."""
        left = tuple(group for group in self.groups_of(member) if group != but)
        for group in left:
            resource: Any = self.get(self._types[GROUP], group)
            resource.members = [one for one in resource.members or [] if one.value != member] or None
            self.update(self._types[GROUP], resource)
        return left

    def forget(self) -> None:
        """Be empty; the database is cleared by its owner."""
        self.resources = []
        self._groups = {}

    def _keep(self, resource_type: ResourceType, resource: Resource[Any]) -> None:
        body = {name: value for name, value in resource.model_dump().items() if name not in NEVER_KEPT}
        self._database.put(self._space, str(resource_type.name), str(resource.id), body)

    def _count_members(self, resource: Resource[Any], before: tuple[str, ...]) -> None:
        now = members_of(resource)
        for member in set(before) - set(now):
            self._groups[member].discard(str(resource.id))
        for member in now:
            self._groups.setdefault(member, set()).add(str(resource.id))


def members_of(resource: Resource[Any]) -> tuple[str, ...]:
    """Return the ids of a group's members; a user has none."""
    members = getattr(resource, "members", None) or []
    return tuple(str(member.value) for member in members if member.value)
