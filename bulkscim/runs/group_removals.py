"""Count the members that a job removes from each group, and those that the groups have, before anything is sent."""

import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, closing

from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.reads import Reads, unreadable
from bulkscim.model.clock import Clock
from bulkscim.model.harmless import escaped
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, Key, Operation
from bulkscim.planning.guards import SMALL_GROUP, Leaving, Removal, removal_of
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.providers.profile import Profile
from bulkscim.runs.session import Visit
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find
from bulkscim.transport.base import Transport
from bulkscim.transport.pages import Page
from bulkscim.transport.repeating import Repeating

_ADD = """insert into removal values (?, ?, ?, ?, ?) on conflict do update set
    members = members + excluded.members,
    keeps = min(coalesce(keeps, excluded.keeps), coalesce(excluded.keeps, keeps))"""


UNLISTED = (
    "the groups could not all be listed ({}): where joining one group ends another membership, a percentage in "
    "--max-removals, and --max-emptied, do not hold for the others; a number in --max-removals does"
)


class Removals:
    """The members that leave each group of a job, kept off the heap."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a private temporary file
        self._database.execute(
            "create table removal (attribute text, folded text, value text, members integer, keeps integer,"
            " primary key (attribute, folded))"
        )

    def add(self, operation: Operation) -> None:
        """Count one operation."""
        removal = removal_of(operation)
        if removal is not None:
            key = operation.target
            values = (key.attribute, key.folded.value, key.value, removal.members, removal.keeps)
            self._database.execute(_ADD, values)

    def of_groups(self, *, large: bool) -> Iterator[tuple[Key, Removal]]:
        """Yield what leaves each group; `large`: only where it may be more than half of more than `SMALL_GROUP` members.

        Where a job names groups both by id and by name, two of these may be one group: then all of them count.
        """
        (ways,) = self._database.execute("select count(distinct attribute) from removal").fetchone()
        least = SMALL_GROUP // 2 if large and ways == 1 else 0
        query = "select attribute, value, members, keeps from removal where members > ? or keeps is not null"
        for attribute, value, members, keeps in self._database.execute(query, (least,)):
            yield Key(GROUP, attribute, value), Removal(members, keeps)

    def close(self) -> None:
        """Drop the counts."""
        self._database.close()


async def unknown_references(transport: Transport, profile: Profile, clock: Clock) -> str:
    """Return why the groups that hold a resource cannot be read before it is deleted; empty where they can."""
    if profile.shows_groups or not profile.lists_members:
        return ""
    async with aclosing(Reads(transport, clock, profile).listing(GROUP)) as listing:
        first = await anext(listing, None)
    return "" if first is None or isinstance(first, Page) else unreadable(first).why


async def leaving(
    operations: Iterable[Operation],
    visit: Visit,
    say: Callable[[str], None],
    *,
    bounded: bool,
    moves: bool = False,
) -> list[Leaving]:
    """Return what a job removes from each group that the tenant has; without `bounded` only from groups that are large.

    With `moves` also the groups that users may leave by joining others. What `say` is told: which groups do not show
    their members, and why some may not be known.
    """
    clock, profile = visit.clock, visit.seen.profile
    reads = Reads(Repeating(visit.first, clock, random.random), clock, profile)
    found: dict[str, tuple[str, int | None, Removal]] = {}
    with closing(Removals()) as removals, closing(Directory(clock, profile)) as directory:
        for operation in operations:
            removals.add(operation)
        for key, removal in removals.of_groups(large=not bounded):
            group = await directory.find(key, reads)
            if isinstance(group, Found):
                name, members, before = found.get(group.id) or (*await _size(group, reads), Removal())
                found[group.id] = (name, members, before + removal)
    if moves:
        async for group in _all_groups(reads, say):
            if group.id not in found:
                found[group.id] = (*await _size(group, reads), Removal())
    for name, members, _ in found.values():
        if members is None:
            say(f"group {escaped(name)} does not show its members: how many would stay is unknown")
    return [
        Leaving(resource_id, name, members, removal.members if members is None else removal.lost(members))
        for resource_id, (name, members, removal) in found.items()
    ]


async def _all_groups(reads: Reads, say: Callable[[str], None]) -> AsyncIterator[Found]:
    """Yield the groups that a listing shows; `say` is told why it is not whole."""
    async with aclosing(reads.listing(GROUP)) as listing:
        async for page in listing:
            if not isinstance(page, Page):
                say(UNLISTED.format(unreadable(page).why))
                return
            for one in page.resources:
                yield Found(one, is_looked_up=True)


async def _size(group: Found, reads: Reads) -> tuple[str, int | None]:
    """Return a group's name and how many members it has, by a read by id where a lookup does not show them."""
    members = _members(group)
    if members is None:
        members = _members(await reads.by_id(GROUP, group.id))
    return str(find(group.resource, "displayName") or group.id), members


def _members(group: Found | Missing | Unreadable) -> int | None:
    """Count the members that a group shows; None where it shows none at all."""
    shown = find(group.resource, MEMBERS) if isinstance(group, Found) else None
    return None if shown is None else len(list(ids_in(shown)))
