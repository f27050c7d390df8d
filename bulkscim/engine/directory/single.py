"""Find one resource by itself: by its id, by a filter that is known to work, else by a whole listing."""

from dataclasses import replace

import anyio

from bulkscim.engine.directory.filters import Filters
from bulkscim.engine.directory.listing import Listings
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Answer, Found, Unreadable
from bulkscim.model.operation import GROUP, Key
from bulkscim.providers.profile import Profile


class SingleLookups:
    """The lookups of one name each, for all workers."""

    def __init__(self, clock: Clock, profile: Profile, listings: Listings, memberships: Memberships) -> None:
        self._clock = clock
        self.filters = Filters(clock, profile)
        self._listings = listings
        self._memberships = memberships
        self._one_by_one = anyio.Lock()

    async def find(self, key: Key, reads: Reads, *, fresh: bool) -> Answer:
        """Find the one resource that a key names; `fresh`: no listing taken before now will do.

        Where a listing of the last minute has shown no resource of the type at all, and no filter has found any since, it
        shows what the run has made, and nothing else is there.
        """
        begun = self._clock.monotonic() if fresh else None
        if key.attribute == "id":
            return await self.by_id(key, reads)
        if begun is None and not self.filters.have_found(key) and self._listings.shows_none(key.type):
            return await self._listed(key, reads, begun)
        if self.filters.may_find(key):
            answer = await self.filters.find(key, reads)
            if answer is not None and not self.filters.alone_fail(key, answer):
                return answer
            listed = await self._listed(key, reads, begun)
            if answer is None:
                return listed
            is_readable = not isinstance(listed, Unreadable) or listed.partial
            return await self._asked_again(key, listed, reads) if is_readable else listed
        return await self._listed(key, reads, begun)

    async def _asked_again(self, key: Key, listed: Answer, reads: Reads) -> Answer:
        """Ask a filter again that failed where a listing does not: an outage may have ended before the listing was read."""
        async with self._one_by_one:
            if not self.filters.may_find(key):  # another worker has just asked
                return listed
            answer = await self.filters.find(key, reads)
            if answer is not None and self.filters.alone_fail(key, answer):
                self.filters.fail(key)
        return listed if answer is None or isinstance(answer, Unreadable) else answer

    async def by_id(self, key: Key, reads: Reads) -> Answer:
        """Read a resource by its id; of a group, what it shows of its members is learned from."""
        answer = await reads.by_id(key.type, key.value)
        if key.type != GROUP or not isinstance(answer, Found):
            return answer
        shown = self._memberships.saw(answer.resource)
        return replace(answer, lists_all=self._memberships.is_complete(shown))

    async def _listed(self, key: Key, reads: Reads, begun: float | None) -> Answer:
        answer = await self._listings.find(key, reads, since=begun)
        if isinstance(answer, Found) and begun is None:
            return await reads.by_id(key.type, answer.id)
        return answer
