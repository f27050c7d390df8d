"""Find one resource by itself: by its id, by a filter that is known to work, else by a whole listing."""

from collections.abc import Callable
from dataclasses import replace
from math import inf

import anyio

from bulkscim.engine.directory.filters import Filters
from bulkscim.engine.directory.listing import Listings
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.directory.together import NamesAhead, Purpose
from bulkscim.engine.reads import MADE_UP, Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Answer, Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, Key
from bulkscim.planning.lookup_costs import most_for_absent, most_for_names
from bulkscim.providers.profile import Profile


class SingleLookups:
    """The lookups of one name each, for all workers."""

    def __init__(self, clock: Clock, profile: Profile, listings: Listings, memberships: Memberships) -> None:
        self._clock = clock
        self._profile = profile
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
        if begun is None and self._is_told_by_listing(key.type):
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

    def _is_told_by_listing(self, kind: str) -> bool:
        """Return whether a filter adds nothing to a listing of the last minute: what it does not find is looked for there.

        A resource that others have made since is refused a twin.
        """
        profile = self._profile
        is_told = kind in profile.exact_filters and kind in profile.enforces_unique
        return is_told and self._listings.are_kept(kind)

    async def named(self, key: Key, ahead: NamesAhead, reads: Reads, *, together: bool) -> Found | None:
        """Return the one resource that a listing shows of a name whose id alone matters; None proves nothing.

        Where filters work, the listing is read where it costs half of the lookups of names that `ahead` yields; with
        `together` they take several names, and it is not.
        """
        if together:
            return None
        most = inf
        if self.filters.may_find(key) and not self._listings.are_kept(key.type):
            wanted = {one.folded for one in ahead.names() if (one.type, one.attribute) == key[:2]}
            most = most_for_names(len(wanted), together=False)
        answer = await self._listings.find(key, reads, most=most) if most > 0 else None
        return answer if isinstance(answer, Found) else None

    async def listed(
        self, key: Key, purpose: Purpose, reads: Reads, known_id: Callable[[Key], str | None]
    ) -> Found | Missing | None:
        """Look a key up in a listing of the last minute, which is read where names of rows to come are worth it.

        None proves nothing.
        """
        names = {one.folded for one in purpose.soon() if one[:2] == key[:2] and known_id(one) is None}
        most = inf if self._listings.are_kept(key.type) else most_for_absent(len(names))
        answer = await self._listings.find(key, reads, most=most) if names and most > 0 else None
        is_doubtful = self._listings.is_doubtful(key) or self.filters.makes_up(key.type)
        if isinstance(answer, Missing) and not (answer.unproved or is_doubtful):
            return Missing(is_listed=True)
        return answer if isinstance(answer, Found) and purpose.only_id else None

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
        return self._memberships.completed(answer)

    async def _listed(self, key: Key, reads: Reads, begun: float | None) -> Answer:
        answer = await self._listings.find(key, reads, since=begun)
        if isinstance(answer, Found) and begun is None:
            return await reads.by_id(key.type, answer.id)
        if isinstance(answer, Missing) and self.filters.makes_up(key.type):
            return replace(answer, unproved=answer.unproved or MADE_UP.format(key.type))
        return answer
