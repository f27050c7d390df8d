"""Users that a tenant no longer shows because runs deactivated them: found again by the ids in the journals."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial

import anyio
import anyio.to_thread

from bulkscim.engine.directory.listing import names_of
from bulkscim.model.operation import USER, JsonObject, Key

Recorded = Callable[[], Iterable[JsonObject]]
Beside = Callable[[Callable[[], None]], Awaitable[None]]


class Hidden:
    """Names and ids of users as they stood before a run deactivated them, kept off the heap.

    `recorded` reads the users of earlier runs; it is called when a lookup first finds nothing, `beside` the loop.
    """

    def __init__(self, recorded: Recorded, beside: Beside = anyio.to_thread.run_sync) -> None:
        self._recorded = recorded
        self._beside = beside
        self._is_read = False
        self._reading = anyio.Lock()
        self._database = sqlite3.connect("", check_same_thread=False)  # a private temporary file
        self._database.execute("create table name (attribute text, value text, id text)")
        self._database.execute("create index by_name on name (attribute, value)")

    def note(self, before: JsonObject) -> None:
        """Take in a user that is being deactivated, as it stood."""
        self._add([before])

    async def ids_of(self, key: Key) -> list[str]:
        """Return the ids that a name had, the latest first; whether they still have it is for a read to tell."""
        async with self._reading:
            if not self._is_read:
                await self._beside(partial(self._add, self._recorded()))
                self._is_read = True
        found = self._database.execute(
            "select id from name where attribute = ? and value = ? order by rowid desc",
            (key.attribute, key.folded.value),
        )
        return list(dict.fromkeys(row[0] for row in found))

    def _add(self, users: Iterable[JsonObject]) -> None:
        self._database.executemany("insert into name values (?, ?, ?)", _lines(users))


def _lines(users: Iterable[JsonObject]) -> Iterator[tuple[str, str, str]]:
    for user in users:
        for key in names_of(USER, user):
            yield key.attribute, key.folded.value, user["id"]
