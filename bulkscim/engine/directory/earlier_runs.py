"""What earlier runs on the tenant created and nobody has deleted since, by the ids in their journals.

Also which groups earlier sessions of this run created, and under which names of the file.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import NamedTuple

import anyio
import anyio.to_thread

from bulkscim.engine.directory.own_names import Named
from bulkscim.model.live import Maker, Origin


class Created(NamedTuple):
    """A resource that a run created; `run` is empty where the resource was deleted or its creation undone."""

    type: str
    id: str
    run: str


Recorded = Callable[[], Iterable[Created]]
Ids = Callable[[], Iterable[str]]
Names = Callable[[], Iterable[Named]]
Beside = Callable[[Callable[[], None]], Awaitable[None]]


def nothing() -> tuple[()]:
    """Return that no earlier run is known."""
    return ()


class EarlierRuns:
    """The runs that created resources, by id; kept off the heap.

    `recorded` reads the journals, oldest first; it is called at the first question, by `beside` the event loop.
    `groups` reads the ids of the groups that this run has created, `names` the names in the file of what it has
    created.
    """

    def __init__(
        self,
        recorded: Recorded = nothing,
        groups: Ids = nothing,
        names: Names = nothing,
        beside: Beside = anyio.to_thread.run_sync,
    ) -> None:
        self._recorded = recorded
        self._groups = groups
        self._names = names
        self._beside = beside
        self._is_read = False
        self._reading = anyio.Lock()
        self._database = sqlite3.connect("", check_same_thread=False)  # a private temporary file
        self._database.execute(
            "create table created (type text, id text, run text, primary key (type, id)) without rowid"
        )

    async def of(self, origin: Origin) -> Maker:
        """Return the run that created a resource, an empty one where none is known."""
        async with self._reading:
            if not self._is_read:
                await self._beside(partial(self._add, self._recorded()))
                self._is_read = True
        query = "select run from created where type = ? and id = ?"
        found = self._database.execute(query, origin).fetchone()
        return Maker() if found is None else Maker(str(found[0]))

    async def own_groups(self) -> list[str]:
        """Return the ids of the groups that this run has created by its journal."""
        found: list[str] = []
        await self._beside(lambda: found.extend(self._groups()))
        return found

    async def own_names(self) -> list[Named]:
        """Return the names in the file, with the ids, of what this run has created by its journal."""
        found: list[Named] = []
        await self._beside(lambda: found.extend(self._names()))
        return found

    def _add(self, created: Iterable[Created]) -> None:
        self._database.executemany("insert or replace into created values (?, ?, ?)", created)
