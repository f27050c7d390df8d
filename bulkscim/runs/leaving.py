"""Count the members that a job removes from each group, and those that the groups have, before anything is sent."""

import random
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing

from bulkscim.engine.reads import Reads
from bulkscim.engine.resolver import Resolver
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, Key, Operation
from bulkscim.planning.guards import SMALL_GROUP, Leaving
from bulkscim.planning.leaving import Removal, removal_of
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.providers.profile import Profile
from bulkscim.scim.paths import find
from bulkscim.scim.references import ids_in
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating

_ADD = """insert into removal values (?, ?, ?, ?, ?) on conflict do update set
    members = members + excluded.members,
    keeps = min(coalesce(keeps, excluded.keeps), coalesce(excluded.keeps, keeps))"""


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

    def of_large_groups(self) -> Iterator[tuple[Key, Removal]]:
        """Yield the groups that may lose more than half of more than `SMALL_GROUP` members."""
        least = SMALL_GROUP // 2
        query = "select attribute, value, members, keeps from removal where members > ? or keeps is not null"
        for attribute, value, members, keeps in self._database.execute(query, (least,)):
            yield Key(GROUP, attribute, value), Removal(members, keeps)

    def close(self) -> None:
        """Drop the counts."""
        self._database.close()


async def leaving(
    operations: Iterable[Operation], transport: Transport, profile: Profile, clock: Clock
) -> AsyncIterator[Leaving]:
    """Yield what a job removes from each large group that the tenant has."""
    reads = Reads(Repeating(transport, clock, random.random), clock, profile)
    resolver = Resolver(clock, profile)
    with closing(Removals()) as removals:
        for operation in operations:
            removals.add(operation)
        for key, removal in removals.of_large_groups():
            group = await resolver.find(key, reads)
            if not isinstance(group, Found):
                continue
            members = _members(group)
            if members is None and key.attribute != "id":
                members = _members(await reads.by_id(GROUP, group.id))
            lost = removal.members if members is None else removal.lost(members)
            yield Leaving(str(find(group.resource, "displayName") or key.value), members, lost)


def _members(group: Found | Missing | Unreadable) -> int | None:
    """Count the members that a group shows; None where it shows none at all."""
    shown = find(group.resource, MEMBERS) if isinstance(group, Found) else None
    return None if shown is None else len(list(ids_in(shown)))
