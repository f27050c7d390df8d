"""What this run has created, by the names in the file: the tenant may show it under another name, or not yet.

A service may replace letters of a name, trim it, or put a domain before it. So the resource is known by its id, and
the name that it shows is not compared with the name in the file.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import anyio

from bulkscim.engine.directory.store import Store
from bulkscim.model.operation import Key

MOST_WAITING = 4096  # names, before they are moved off the heap


class NamedResource(NamedTuple):
    """A name in the file of a resource that the run created. `id` is empty where it is not known, `shown` the tenant's name."""

    key: Key
    id: str
    shown: str


Recorded = Callable[[], Awaitable[Iterable[NamedResource]]]


async def nothing() -> tuple[()]:
    """Return that earlier sessions created nothing."""
    return ()


class OwnNames:
    """The ids of resources that the run has created, by name; the latest few thousand on the heap, the others off it.

    `recorded` reads what earlier sessions of the run created; it is called at the first question. An empty id stands
    for a resource of which the tenant has not shown the id.
    """

    def __init__(self, store: Store, recorded: Recorded = nothing) -> None:
        self._recorded: Recorded | None = recorded
        self._recalling = anyio.Lock()
        self._waiting: dict[Key, str] = {}
        self._changed: set[tuple[str, str]] = set()  # types and attributes whose names the tenant changes
        self._names = store.table(
            "type text, attribute text, value text, id text", "type, id", key="type, attribute, value"
        )

    def created(self, names: Iterable[Key], resource_id: str) -> None:
        """Take in a resource that the run created, under each of its names; the latest of a name counts."""
        self._waiting.update((name.folded, resource_id) for name in names)
        if len(self._waiting) > MOST_WAITING:
            self._store()

    def shown(self, named: NamedResource) -> None:
        """Learn from what the tenant shows of a new resource whether it changes such names."""
        key = named.key
        if key.folded != Key(key.type, key.attribute, named.shown).folded:
            self._changed.add((key.type, key.attribute))

    async def are_changed(self, names: Iterable[Key]) -> bool:
        """Return whether the tenant is known to change names of each of these attributes, so that a lookup may miss them."""
        await self._recall()
        return all((name.type, name.attribute) in self._changed for name in names)

    def drop(self, kind: str, resource_id: str, attribute: str = "") -> None:
        """Forget a resource that is gone, or only its name of one attribute, which the run has changed."""
        self._store()
        if attribute:
            self._names.delete("type = ? and id = ? and attribute = ?", kind, resource_id, attribute)
        else:
            self._names.delete("type = ? and id = ?", kind, resource_id)

    async def id_of(self, key: Key) -> str | None:
        """Return the id of the resource that the run created under a name; whether it exists is for a read to tell."""
        await self._recall()
        waiting = self._waiting.get(key.folded)
        if waiting is not None:
            return waiting
        rows = self._names.rows("id", "type = ? and attribute = ? and value = ?", *key.folded)
        return str(rows[0][0]) if rows else None

    async def knows(self, kind: str, resource_id: str) -> bool:
        """Return whether the run has created a resource under any name."""
        await self._recall()
        self._store()
        return self._names.holds("type = ? and id = ?", kind, resource_id)

    async def _recall(self) -> None:
        async with self._recalling:
            if self._recorded is None:
                return
            found = list(await self._recorded())
            self._recorded = None
            latest = {one.key.folded: one.id for one in found}
            # What this session created is later still.
            self._names.add(((*key, made) for key, made in latest.items()), otherwise="ignore")
            for one in found:
                self.shown(one)

    def _store(self) -> None:
        self._names.add(((*key, made) for key, made in self._waiting.items()), otherwise="replace")
        self._waiting = {}
