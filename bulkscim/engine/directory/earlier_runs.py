"""What the journals of this run and of earlier ones tell, each read at the first question that needs it.

What earlier runs on the tenant created and no run has deleted since; which users runs deactivated, since the tenant may
no longer show them; which groups earlier sessions of this run created, and under which names of the file.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

import anyio
import anyio.to_thread

from bulkscim.engine.directory.listing import names_of
from bulkscim.engine.directory.own_memberships import OwnMemberships
from bulkscim.engine.directory.own_names import NamedResource
from bulkscim.engine.directory.store import Store
from bulkscim.model.live import Answer, Found, Maker, Missing, Origin
from bulkscim.model.operation import USER, JsonObject, Key
from bulkscim.planning.lookups import answers
from bulkscim.planning.step_effects import MemberChange

CHUNK = 4096  # records that are read off the event loop at a time

Record = TypeVar("Record")


class CreatedResource(NamedTuple):
    """A resource that a run created; `run` is empty where the resource was deleted or its creation undone."""

    type: str
    id: str
    run: str


def nothing() -> tuple[()]:
    """Return that no journal tells anything."""
    return ()


@dataclass(frozen=True, slots=True)
class JournalReads:
    """How journals are read, all of them off the event loop.

    `created`: what earlier runs on the tenant created, oldest first. `users`: users as they were before runs deactivated
    them; None where nothing says that the tenant hides users. `own_users`: those alone that this run deactivated. `groups`:
    ids of the groups that this run has created. `names`: names in the file of what this run has created. `left_out`:
    attributes that earlier sessions of this run found left out by lookups, each with its resource type. `renamed`: names in
    the file of what earlier runs created and the tenant gave other names. `memberships`: what this run has done to members of
    groups, read at once; None where nothing depends on it.
    """

    created: Callable[[], Iterable[CreatedResource]] = nothing
    users: Callable[[], Iterable[JsonObject]] | None = None
    own_users: Callable[[], Iterable[JsonObject]] = nothing
    groups: Callable[[], Iterable[str]] = nothing
    names: Callable[[], Iterable[NamedResource]] = nothing
    left_out: Callable[[], Iterable[tuple[str, str]]] = nothing
    renamed: Callable[[], Iterable[NamedResource]] = nothing
    memberships: Callable[[], Iterable[MemberChange]] | None = None
    off_loop: Callable[[Callable[[], None]], Awaitable[None]] = anyio.to_thread.run_sync


class EarlierRuns:
    """What runs created and which users they hid, by id; kept off the heap."""

    def __init__(self, recorded: JournalReads, store: Store) -> None:
        self._recorded = recorded
        self.own_memberships = OwnMemberships(store, recorded.memberships)
        self._reading = anyio.Lock()
        self._knows_created = False
        self._knows_hidden = False
        self._knows_left_out = False
        self._knows_renamed = False
        self._created = store.table("type text, id text, run text", key="type, id")
        self._renamed = store.table(
            "type text, attribute text, value text, id text, shown text", key="type, attribute, value"
        )
        self._hidden = store.table("attribute text, value text, id text", "attribute, value", "id")

    @property
    def hides_users(self) -> bool:
        """Whether the tenant may not show deactivated users."""
        return self._recorded.users is not None

    async def of(self, origin: Origin) -> Maker:
        """Return the run that created a resource, an empty one where none is known."""
        async with self._reading:
            if not self._knows_created:
                await self._keep(self._recorded.created, partial(self._created.add, otherwise="replace"))
                self._knows_created = True
        found = self._created.rows("run", "type = ? and id = ?", *origin)
        return Maker(str(found[0][0])) if found else Maker()

    async def renamed(self, key: Key) -> NamedResource | None:
        """Return what an earlier run created under a name that the tenant changed, with the name that it gave."""
        async with self._reading:
            if not self._knows_renamed:
                await self._keep(self._recorded.renamed, self._rename)
                self._knows_renamed = True
        rows = self._renamed.rows("id, shown", "type = ? and attribute = ? and value = ?", *key.folded)
        return NamedResource(key, str(rows[0][0]), str(rows[0][1])) if rows else None

    async def still_named(self, key: Key, by_id: Callable[[Key], Awaitable[Answer]]) -> Answer | None:
        """Read what an earlier run created under a name that the tenant changed; None unless it still has that name."""
        made = await self.renamed(key)
        if made is None:
            return None
        read = await by_id(Key(key.type, "id", made.id))
        if isinstance(read, Found):
            return read if answers(Key(key.type, key.attribute, made.shown), read.resource) else None
        return None if isinstance(read, Missing) else read

    async def knows(self, key: Key) -> bool:
        """Return whether a user of this name was deactivated by a run, or created under another name."""
        return bool(await self.hidden(key)) or await self.renamed(key) is not None

    def _rename(self, found: Iterable[NamedResource]) -> None:
        self._renamed.add(((*one.key.folded, one.id, one.shown) for one in found), otherwise="replace")

    async def hidden(self, key: Key) -> list[str]:
        """Return the ids of users that had a name, the latest first; a read shows whether they still have it."""
        async with self._reading:
            if not self._knows_hidden:
                await self._keep(self._recorded.users or self._recorded.own_users, self._hide)
                self._knows_hidden = True
        named = (key.attribute, key.folded.value)
        found = self._hidden.rows("id", "attribute = ? and value = ? order by rowid desc", *named)
        return list(dict.fromkeys(row[0] for row in found))

    def hides(self, user: JsonObject) -> None:
        """Take in a user as it was before this run deactivated it."""
        self._hide([user])

    def deleted(self, resource_id: str) -> None:
        """Take in that this run deleted a resource."""
        self._hidden.delete("id = ?", resource_id)

    def _hide(self, users: Iterable[JsonObject]) -> None:
        self._hidden.add(
            (key.attribute, key.folded.value, user["id"]) for user in users for key in names_of(USER, user)
        )

    async def own_groups(self) -> list[str]:
        """Return the ids of the groups that this run has created by its journal."""
        found: list[str] = []
        await self._keep(self._recorded.groups, found.extend)
        return found

    async def left_out(self) -> list[tuple[str, str]]:
        """Return what lookups leave out by this run's journal; nothing from the second call on."""
        found: list[tuple[str, str]] = []
        async with self._reading:
            if not self._knows_left_out:
                await self._keep(self._recorded.left_out, found.extend)
                self._knows_left_out = True
        return found

    async def own_names(self) -> list[NamedResource]:
        """Return the names in the file, with the ids, of what this run has created by its journal."""
        found: list[NamedResource] = []
        await self._keep(self._recorded.names, found.extend)
        return found

    async def _keep(self, read: Callable[[], Iterable[Record]], keep: Callable[[list[Record]], None]) -> None:
        """Read records off the event loop and keep them on it: the store belongs to one thread."""
        records, size = _lazily(read), CHUNK
        while size == CHUNK:
            chunk: list[Record] = []
            await self._recorded.off_loop(partial(chunk.extend, islice(records, CHUNK)))
            keep(chunk)
            size = len(chunk)


def _lazily(read: Callable[[], Iterable[Record]]) -> Iterator[Record]:
    yield from read()
