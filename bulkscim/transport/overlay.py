"""What a plan has changed, over what the tenant shows."""

import sqlite3
from typing import NamedTuple

import orjson

from bulkscim.model.names import EMAILS, NAMES
from bulkscim.model.operation import JsonObject, Key
from bulkscim.scim import paths, schemas

Change = tuple[str, bytes]
MOST_SHOWN = 1 << 16  # bytes of a resource that is kept as a lookup shows it
_NAMED = (*NAMES, EMAILS)


class Held(NamedTuple):
    """A resource as it would stand, None where it would be gone.

    `unread` are the changes of one that was not read by its id, as (method, body): a lookup may show less than it has.
    """

    resource: JsonObject | None
    unread: tuple[Change, ...] = ()


class Overlay:
    """Resources by type and id over those of the tenant, and what lookups have shown of others. Secrets are left out."""

    def __init__(self) -> None:
        # A private file that goes with the process; nothing of it must survive a crash.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off;"
            "create table resource (number integer primary key, kind text, id text, made integer, body blob,"
            " unread blob, unique (kind, id));"
            "create table name (kind text, attribute text, value text, id text);"
            "create index by_value on name (kind, attribute, value); create index by_id on name (kind, id);"
            "create table shown (kind text, id text, body blob, primary key (kind, id)) without rowid;"
        )

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def held(self, kind: str, identifier: str) -> Held | None:
        """Return a resource that would be other than the tenant shows it, None where it would not."""
        query = "select body, unread from resource where kind = ? and id = ?"
        row = self._database.execute(query, (kind, identifier)).fetchone()
        if row is None:
            return None
        unread = tuple((method, body.encode()) for method, body in orjson.loads(row[1] or b"[]"))
        return Held(None if row[0] is None else orjson.loads(row[0]), unread)

    def keep(self, kind: str, resource: JsonObject, *, made: bool = False) -> JsonObject:
        """Take in a resource as it would stand, and return what a server would show of it."""
        return self._keep(kind, resource, None, made=made)

    def keep_unread(self, kind: str, resource: JsonObject, unread: tuple[Change, ...]) -> JsonObject:
        """Take in the changes of a resource that only lookups have shown, and what they would show of it then."""
        return self._keep(kind, resource, orjson.dumps([(method, body.decode()) for method, body in unread]))

    def _keep(
        self, kind: str, resource: JsonObject, unread: bytes | None, *, made: bool = False
    ) -> JsonObject:
        shown = {name: value for name, value in resource.items() if not schemas.is_secret(name)}
        self._write(kind, shown["id"], orjson.dumps(shown), unread, made=made)
        names = [(kind, key.attribute, key.folded.value, shown["id"]) for key in _keys(kind, shown)]
        self._database.executemany("insert into name values (?, ?, ?, ?)", names)
        return shown

    def drop(self, kind: str, identifier: str) -> None:
        """Note that a resource would be gone."""
        self._write(kind, identifier, None, None, made=False)

    def _write(
        self, kind: str, identifier: str, body: bytes | None, unread: bytes | None, *, made: bool
    ) -> None:
        """Replace what is held of a resource; one that the plan made stays one."""
        self._database.execute("delete from name where kind = ? and id = ?", (kind, identifier))
        self._database.execute(
            "insert into resource (kind, id, made, body, unread) values (?, ?, ?, ?, ?)"
            " on conflict (kind, id) do update set body = excluded.body, unread = excluded.unread",
            (kind, identifier, made, body, unread),
        )

    def saw(self, kind: str, resource: JsonObject) -> None:
        """Take in what a lookup shows of a resource that the plan has not changed."""
        body = orjson.dumps(resource)
        if len(body) <= MOST_SHOWN:
            self._database.execute(
                "insert or replace into shown values (?, ?, ?)", (kind, resource["id"], body)
            )

    def shown(self, kind: str, identifier: str) -> JsonObject | None:
        """Return what a lookup showed last of a resource, None where none did."""
        query = "select body from shown where kind = ? and id = ?"
        row = self._database.execute(query, (kind, identifier)).fetchone()
        return orjson.loads(row[0]) if row is not None else None

    def named(self, key: Key) -> list[str]:
        """Return the ids of held resources that answer to a key."""
        if key.attribute == "id":
            held = self.held(key.type, key.value)
            return [key.value] if held is not None and held.resource is not None else []
        query = "select distinct id from name where kind = ? and attribute = ? and value = ?"
        rows = self._database.execute(query, (key.type, key.attribute, key.folded.value)).fetchall()
        return [row[0] for row in rows]

    def made(self, kind: str, skip: int, count: int) -> list[JsonObject]:
        """Return resources that the plan makes, in the order of their making."""
        query = "select body from resource where kind = ? and made and body is not null order by number limit ? offset ?"
        rows = self._database.execute(query, (kind, count, skip)).fetchall()
        return [orjson.loads(row[0]) for row in rows]

    def count_made(self, kind: str) -> int:
        """Count the resources that the plan makes."""
        query = "select count(*) from resource where kind = ? and made and body is not null"
        return int(self._database.execute(query, (kind,)).fetchone()[0])

    def known(self, attribute: str) -> bool:
        """Return whether resources can be found by an attribute here."""
        return attribute.lower() in {"id", *(name.lower() for name in _NAMED)}


def _keys(kind: str, resource: JsonObject) -> list[Key]:
    """Return every name that a resource answers to."""
    keys: list[Key] = []
    for attribute in _NAMED:
        value = paths.get(resource, attribute)
        values = value if isinstance(value, list) else [value]
        keys += [Key(kind, attribute, one) for one in values if isinstance(one, str) and one]
    return keys
