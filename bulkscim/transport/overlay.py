"""What a plan has changed, over what the tenant shows."""

import sqlite3

import orjson

from bulkscim.model.names import EMAILS, NAMES
from bulkscim.model.operation import JsonObject, Key
from bulkscim.scim import paths, schemas

_NAMED = (*NAMES, EMAILS)


class Overlay:
    """Resources by type and id over those of the tenant. Secrets are left out."""

    def __init__(self) -> None:
        # A private file that goes with the process; nothing of it must survive a crash.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off;"
            "create table resource (number integer primary key, kind text, id text, made integer, body blob,"
            " unique (kind, id));"
            "create table name (kind text, attribute text, value text, id text);"
            "create index by_value on name (kind, attribute, value); create index by_id on name (kind, id);"
        )

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def holds(self, kind: str, identifier: str) -> bool:
        """Return whether a resource would be other than the tenant shows it."""
        query = "select 1 from resource where kind = ? and id = ?"
        return self._database.execute(query, (kind, identifier)).fetchone() is not None

    def read(self, kind: str, identifier: str) -> JsonObject | None:
        """Return a held resource, None where it would be gone."""
        query = "select body from resource where kind = ? and id = ?"
        row = self._database.execute(query, (kind, identifier)).fetchone()
        return orjson.loads(row[0]) if row is not None and row[0] is not None else None

    def keep(self, kind: str, resource: JsonObject, *, made: bool = False) -> JsonObject:
        """Take in a resource as it would stand, and return what a server would show of it."""
        shown = {name: value for name, value in resource.items() if not schemas.is_secret(name)}
        self._write(kind, shown["id"], orjson.dumps(shown), made=made)
        names = [(kind, key.attribute, key.folded.value, shown["id"]) for key in _keys(kind, shown)]
        self._database.executemany("insert into name values (?, ?, ?, ?)", names)
        return shown

    def drop(self, kind: str, identifier: str) -> None:
        """Note that a resource would be gone."""
        self._write(kind, identifier, None, made=False)

    def _write(self, kind: str, identifier: str, body: bytes | None, *, made: bool) -> None:
        """Replace what is held of a resource; one that the plan made stays one."""
        self._database.execute("delete from name where kind = ? and id = ?", (kind, identifier))
        self._database.execute(
            "insert into resource (kind, id, made, body) values (?, ?, ?, ?)"
            " on conflict (kind, id) do update set body = excluded.body",
            (kind, identifier, made, body),
        )

    def named(self, key: Key) -> list[JsonObject]:
        """Return the held resources that answer to a name."""
        query = "select distinct id from name where kind = ? and attribute = ? and value = ?"
        rows = self._database.execute(query, (key.type, key.attribute, key.folded.value)).fetchall()
        found = (self.read(key.type, row[0]) for row in rows)
        return [resource for resource in found if resource is not None]

    def made(self, kind: str, skip: int, count: int) -> list[JsonObject]:
        """Return resources that the plan makes, in the order of their making."""
        query = "select body from resource where kind = ? and made and body is not null order by number limit ? offset ?"
        rows = self._database.execute(query, (kind, count, skip)).fetchall()
        return [orjson.loads(row[0]) for row in rows]

    def known(self, attribute: str) -> bool:
        """Return whether resources can be found by an attribute here."""
        return attribute.lower() in {name.lower() for name in _NAMED}


def _keys(kind: str, resource: JsonObject) -> list[Key]:
    """Return every name that a resource answers to."""
    keys: list[Key] = []
    for attribute in _NAMED:
        value = paths.get(resource, attribute)
        values = value if isinstance(value, list) else [value]
        keys += [Key(kind, attribute, one) for one in values if isinstance(one, str) and one]
    return keys
