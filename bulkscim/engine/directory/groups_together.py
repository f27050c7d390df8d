"""Read the members of several groups at once: `id eq "1" or id eq "2"`, or by a listing where filters take no several ids.

Such an answer counts as far as it is proved: it also asks for a group whose members are known, and shows exactly these. It
is believed for lists that are no longer than the longest that was equal. Where longer ones come, the longest is read by
its id and compared. What is not believed is read by its id.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, aclosing
from math import ceil

import anyio

from bulkscim.engine.directory.compared import Compared, Seen
from bulkscim.engine.directory.coverage import COMPARED
from bulkscim.engine.directory.memberships import Memberships, Reading, Way
from bulkscim.engine.directory.together import FEW_SHOWN, FEWEST, LONGEST
from bulkscim.engine.reads import Reads, unreadable
from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import GROUP, JsonObject, Key
from bulkscim.planning.lookup_costs import LAST, MOST, WORTH
from bulkscim.providers.profile import Profile
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find
from bulkscim.transport.pages import Page

ALONE = 3  # groups that are read one after the other while no members are known to compare with
MOST_VAIN = 3  # answers of which nothing could be believed
MOST_MEMBERS = 20_000  # in one answer, about
MOST_LISTED = 1_000  # groups whose members are kept of a listing
SHORT = 2  # pages that a listing is taken for as long as none has been read
Ids = Callable[[], Iterable[str]]


class GroupsTogether:
    """Reads groups that rows to come change with the one that is needed now; with `lists` by a listing, where that costs less."""

    def __init__(self, memberships: Memberships, compared: Compared, *, lists: bool = False) -> None:
        self._memberships = memberships
        self._compared = compared
        self._lists = lists
        self._seen, self._way = (Seen.LISTED, Way.LISTED) if lists else (Seen.TOGETHER, Way.TOGETHER)
        self._turn = anyio.Lock()
        self._most = MOST_LISTED if lists else MOST
        self._pages = SHORT if lists else 0  # of the listing
        self._works = False
        self._alone = self._vain = 0

    @property
    def works(self) -> bool:
        """Whether nothing says that groups cannot be read so."""
        return self._most >= FEWEST

    async def read(self, group: str, others: Ids, reads: Reads) -> None:
        """Read the members of a group with those of others; it stays unknown where no such answer can be believed."""
        if not self.works:
            return
        async with self._turn:
            if self._memberships.of(group) is not None:
                return
            control = self._memberships.largest()
            asked = self._chosen(group, control, others)
            if control is not None and len(asked) > max(FEWEST, WORTH * self._pages):
                await self._ask(asked, control, reads)
            elif control is None and len(asked) >= FEWEST and self._alone < ALONE:
                self._alone += 1
                await self._by_id(group, reads)

    def _chosen(self, group: str, control: str | None, others: Ids) -> list[str]:
        """Return the groups to ask for: one whose members are known, this one, and those that get too old."""
        chosen = dict.fromkeys([group] if control is None else [control, group])
        length = 0
        for one in others():
            if one in chosen or not self._memberships.is_aging(one):
                continue
            length += 0 if self._lists else len(one.encode())
            if len(chosen) >= self._most or length > LONGEST:
                break
            chosen[one] = None
        return list(chosen)

    async def _by_id(self, group: str, reads: Reads) -> None:
        with self._memberships.reading(group) as reading:
            answer = await reads.by_id(GROUP, group)
            if isinstance(answer, Found):
                self._memberships.keep(reading, answer.resource)

    async def _ask(self, asked: Sequence[str], control: str, reads: Reads) -> None:
        """Ask for some groups, of which the members of `control` are known; keep what can be believed."""
        with ExitStack() as watched:
            readings = {one: watched.enter_context(self._memberships.reading(one)) for one in asked}
            if self._lists:
                answer = await self._listed(asked, reads)
            else:
                answer = await reads.any_of([Key(GROUP, "id", one) for one in asked])
            if isinstance(answer, Unreadable):
                if not answer.throttled:
                    self._fewer(failed=not answer.partial)
                return
            shown = {str(one["id"]): one for one in answer}
            if len(shown) < len(answer) or not shown.keys() <= readings.keys():
                self._most = 0  # the filter was not applied
                return
            self._learn(shown, len(asked))
            await self._prove(shown, control, readings, reads)
            believed = {one: group for one, group in shown.items() if self._is_believed(group)}
            for one, group in believed.items():
                self._memberships.keep(readings[one], group, self._way)
            self._vain += not believed
            if self._vain == MOST_VAIN or self._compared.hides_members(self._seen):
                self._most = 0

    async def _listed(self, asked: Sequence[str], reads: Reads) -> tuple[JsonObject, ...] | Unreadable:
        """Return those of some groups that a listing shows; none where it is longer than it is worth."""
        found, pages = list[JsonObject](), 0
        async with aclosing(reads.listing(GROUP)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    return unreadable(page)
                pages += 1
                told = ceil((page.total or 0) / len(page.resources)) + LAST
                self._pages = max(pages, told if pages == 1 else self._pages)
                if len(asked) <= WORTH * self._pages:
                    return ()
                found += [one for one in page.resources if one["id"] in asked]
        return tuple(found)

    def _learn(self, shown: Mapping[str, JsonObject], asked: int) -> None:
        """Ask for fewer where few came, or so many members that an answer gets large."""
        self._works = self._works or bool(shown)
        if len(shown) * FEW_SHOWN < asked and not self._lists:
            self._fewer(failed=False)
        members = sum(len(_members(one)) for one in shown.values())
        if members > MOST_MEMBERS:
            self._most = min(self._most, len(shown) * MOST_MEMBERS // members)

    def _fewer(self, *, failed: bool) -> None:
        self._most = 0 if failed and not self._works else self._most // 2

    def _is_believed(self, group: JsonObject) -> bool:
        return self._compared.shows_members(len(_members(group)), self._seen)

    async def _prove(
        self, shown: Mapping[str, JsonObject], control: str, readings: Mapping[str, Reading], reads: Reads
    ) -> None:
        """Compare what is shown with what is known; then groups with the longest lists with reads by id, as far as needed."""
        equal = {one for one, group in shown.items() if self._memberships.of(one) == _members(group)}
        for one in equal:
            if readings[one].is_current:
                members = _members(shown[one])
                await self._compared.compare_members(members, members, self._seen)
        longest = sorted(shown, key=lambda one: -len(_members(shown[one])))
        for one in dict.fromkeys([control, *longest][: 1 + COMPARED]):
            if one not in shown or one in equal or self._is_believed(shown[one]):
                continue
            answer = await reads.by_id(GROUP, one)
            if not isinstance(answer, Found) or not readings[one].is_current:
                continue
            known = self._memberships.keep(readings[one], answer.resource)
            await self._compared.compare_members(_members(shown[one]), known, self._seen)


Ways = tuple[GroupsTogether, GroupsTogether | None]


def _members(group: JsonObject) -> set[str]:
    return set(ids_in(find(group, "members")))


def ways_of(memberships: Memberships, compared: Compared, profile: Profile) -> Ways:
    """Return what reads groups by filters, and what reads them by a listing, unless the tenant shows no members there."""
    lists = profile.lists_all and profile.lists_members
    listed = GroupsTogether(memberships, compared, lists=True) if lists else None
    return GroupsTogether(memberships, compared), listed
