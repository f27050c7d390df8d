"""In which groups users are who join one, as a listing of the users shows it.

Where joining a group may take a user out of another one, the groups that it is in are recorded before. A listing tells them
for many users, once it is proved to show them: of the user that shows the most, it shows what a read by its id shows. A plan, which
changes nothing, goes on without where no user shows any, and says so.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from math import inf

import anyio

from bulkscim.engine.directory.compared import Compared
from bulkscim.engine.directory.held_names import HeldUsers
from bulkscim.engine.directory.together import NamesAhead
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Found
from bulkscim.model.operation import USER, Key
from bulkscim.model.step import Action, Step
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

TRIED = 3  # users that are compared
UNPROVED = (
    "no user of the listing shows a group, and neither do the first ones when they are read by their ids: this plan does not know "
    "which users leave a group by joining another one; the run reads it before it adds them"
)
MOST_PLANNED = 2_000  # users that a plan has read
MOST_PLACES = 100  # users whose place in the listing is kept, the first asked for


class JoiningUsers:
    """Answers for all workers; what a read by id proves is told to `compared`."""

    def __init__(self, held: HeldUsers, compared: Compared, note: Callable[[str], None]) -> None:
        self._held = held
        self._compared = compared
        self._note = note
        self._turn = anyio.Lock()
        self._left = TRIED
        self._is_proved = self._has_joined = False
        self._places: dict[str, int] = {}  # by id, until one of them joins a group
        self._joined = ""  # the id of the latest of them that has
        self._planned: OrderedDict[str, Found] = OrderedDict()  # by id, the latest read last
        self._alone = 0.0  # users that show no group in the listing, nor read by id; -inf once one does

    def applied(self, step: Step) -> None:
        """Take in a step that took effect: from the first addition on, a listing has a user that shows a group."""
        if step.action is Action.ADD_MEMBER:
            self._has_joined = True
            self._joined = step.member if step.member in self._places else self._joined

    async def of(self, key: Key, ahead: NamesAhead, reads: Reads) -> Found | None:
        """Return the user of an id with its groups, as a young listing or a plan may show them; None proves nothing."""
        found = await self.listed(key, ahead, reads)
        return found or (await self._for_plan(key, ahead, reads) if ahead.age_s == inf else None)

    async def listed(self, key: Key, ahead: NamesAhead, reads: Reads) -> Found | None:
        """Return the user of an id with its groups as a young listing is proved to show them; None proves nothing."""
        if not self._is_proved and self._left:
            async with self._turn:
                await self._try(key, ahead, reads)
        found = await self._held.shown_lately(key, ahead, reads, joins=True) if self._is_proved else None
        return found if found is not None and self._compared.has_shown(found) else None

    async def _for_plan(self, key: Key, ahead: NamesAhead, reads: Reads) -> Found | None:
        """Return a user as a plan may show it. Where no user shows a group, a few are read: nothing more is known of the others."""
        listed = await self._held.shown_lately(key, ahead, reads, joins=True)
        shows_none = listed is not None and not _groups(listed)
        async with self._turn if 0 <= self._alone < TRIED else nullcontext():
            if listed is not None and shows_none and self._alone >= TRIED:
                return self._kept(key, listed)
            read = await self._read_once(key, reads)
            if shows_none and read is not None:
                self._alone += -inf if _groups(read) else 1
                if self._alone == TRIED:
                    self._note(UNPROVED)
            return read

    async def _read_once(self, key: Key, reads: Reads) -> Found | None:
        """Read a user by its id, for a plan, which may rely on a read of any age."""
        known = self._planned.get(key.value)
        if known is None:
            read = await reads.by_id(USER, key.value)
            if not isinstance(read, Found):
                return None
            known = self._kept(key, read)
        return known

    def _kept(self, key: Key, user: Found) -> Found:
        """Keep a user for the next row of a plan about it: what a plan would change is not read again."""
        self._planned[key.value] = user
        while len(self._planned) > MOST_PLANNED:
            self._planned.popitem(last=False)
        return user

    async def _try(self, key: Key, ahead: NamesAhead, reads: Reads) -> None:
        """Compare the user that shows the most groups with its read by id, unless the run changes it meanwhile.

        Where a listing has shown none with a group, that is asked again after the first addition.
        """
        if self._is_proved or not self._left:
            return
        await self._held.shown_lately(key, ahead, reads, joins=True)
        place = self._held.place_of(key.value) if len(self._places) < MOST_PLACES else 0
        self._places |= {key.value: place} if place else {}
        sample = self._held.take_sample()
        has_news = self._joined or (self._has_joined and not self._places)
        if sample is None and has_news and ahead.age_s < inf:
            self._left -= 1
            sample = await self._shown_again(key, ahead, reads)
        read = None if sample is None else await reads.by_id(USER, sample.id)
        self._left -= read is not None
        if sample is not None and isinstance(read, Found) and _groups(read) == _groups(sample):
            self._compared.compare_groups(sample, read)
            self._is_proved = True

    async def _shown_again(self, key: Key, ahead: NamesAhead, reads: Reads) -> Found | None:
        """Return a user that has joined a group as its page of the listing shows it.

        Where it is not on that page any more, the whole listing is read again.
        """
        joined, self._joined = self._joined, ""
        found = await self._held.on_page(joined, self._places[joined], reads) if joined else None
        if found is not None:
            return found if _groups(found) else None
        self._held.renew()
        await self._held.shown_lately(key, ahead, reads, joins=True)
        return self._held.take_sample()


def _groups(user: Found) -> set[str]:
    return set(ids_in(find(user.resource, "groups")))
