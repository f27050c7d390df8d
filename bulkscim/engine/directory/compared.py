"""What lookups show, completed by reads by id until these have proved that lookups show it."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from enum import Enum, auto

import anyio

from bulkscim.engine.directory.coverage import COMPARED, GROUPS_ONLY, Coverage, NeededAttributes
from bulkscim.engine.directory.earlier_runs import EarlierRuns
from bulkscim.model.live import Answer, Found, Missing
from bulkscim.model.operation import GROUP, USER, Key

MEMBERS = "members"
ById = Callable[[Key], Awaitable[Answer]]


class Seen(Enum):
    """How a resource was seen: by a filter of its own, by one with others, in a listing, or, of ids, in one that stands for a filter."""

    ALONE = auto()
    TOGETHER = auto()
    PAGED = auto()
    LISTED = auto()


class Compared:
    """What each way to see resources is known to show. `earlier` tells what sessions of the run before have found left out."""

    def __init__(self, earlier: EarlierRuns) -> None:
        self._earlier = earlier
        self._coverages = {
            way: Coverage(COMPARED if way in {Seen.TOGETHER, Seen.PAGED} else 1) for way in Seen
        }
        self._turns = {way: anyio.Lock() for way in Seen}

    def take_left_out(self) -> list[tuple[str, str]]:
        """Return what was found left out since the last call, as (resource type, attribute)."""
        return [found for coverage in self._coverages.values() for found in coverage.take_found()]

    def is_begun(self, kind: str, way: Seen) -> bool:
        """Return whether the first few resources of a type that were seen in this way have been compared."""
        return self._coverages[way].is_begun(kind)

    async def completed(
        self, found: Found, key: Key, needed: NeededAttributes, way: Seen, by_id: ById
    ) -> Answer:
        """Return what was seen with all that is needed of it; it is read by its id where nothing proves that it is shown.

        One that a filter has just shown, and that cannot be found by its id, is as it was shown: it is for the write to tell
        what became of it.
        """
        await self._recall()
        coverage = self._coverages[way]
        # What the first few prove serves the others, which wait for that.
        async with nullcontext() if coverage.is_begun(key.type) else self._turns[way]:
            if coverage.shows(key.type, found.resource, needed):
                return found
            read = await by_id(Key(key.type, "id", found.id))
            if isinstance(read, Found):
                coverage.compare(key.type, found.resource, read.resource, needed)
        return found if isinstance(read, Missing) and way is not Seen.LISTED else read

    async def compare_members(self, shown: set[str], by_id: set[str], way: Seen = Seen.TOGETHER) -> None:
        """Learn from one group that was read together with others, and whose members are known."""
        await self._recall()
        one, other = ({"members": [{"value": member} for member in some]} for some in (shown, by_id))
        self._coverages[way].compare(GROUP, one, other)

    def has_shown(self, user: Found) -> bool:
        """Return whether a listing that showed this user is known to show its groups."""
        return self._coverages[Seen.LISTED].shows(USER, user.resource, GROUPS_ONLY)

    def compare_groups(self, listed: Found, by_id: Found) -> None:
        """Learn from one user whose groups a listing shows as a read by its id does."""
        self._coverages[Seen.LISTED].compare(USER, listed.resource, by_id.resource)

    def shows_members(self, count: int, way: Seen = Seen.TOGETHER) -> bool:
        """Return whether a group that is read together with others, and shows so many members, shows all that it has.

        A tenant may cut lists at the length of the longest that was equal: of this length several must have been equal.
        """
        return self._coverages[way].shows_list(GROUP, MEMBERS, count)

    def hides_members(self, way: Seen) -> bool:
        """Return whether a group that was read together with others has left members out."""
        return self._coverages[way].leaves_out(GROUP, MEMBERS)

    async def _recall(self) -> None:
        left_out = await self._earlier.left_out()
        for coverage in self._coverages.values():
            coverage.recall(left_out)
