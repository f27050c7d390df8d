"""Confirm that a user is in a group, or that it is not, where the group itself does not show it as a member.

An answer may leave members out: some services cut long lists, some never show members. So an absence counts only by
one of these, the cheapest first:
1. The run created the group.
2. A read of a group by id has shown a longer list of members than this one.
3. Users that are read by id are known to show their groups, and this one does not show the group. Where it shows any,
   another must have shown more: a list may be cut. One that shows the group is in it, unless it may be in it only
   through another of its groups.
4. A filter by member, which finds a member that is shown, does not find this one.
Neither 1 nor 2 counts where a group has left out a member that this run had added. Of one that the answer to its addition
did not show, 1 does not count, and 4 only where a longer list was shown: the service may cut lists, and filter by what it shows.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

import anyio

from bulkscim.engine.directory.memberships import KEPT_GROUPS, Memberships
from bulkscim.engine.reads import Lookup, Reads, is_refusal
from bulkscim.model.live import Found, Member, Membership, Missing, Unreadable
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.planning.before_removal import groups_shown, perhaps_through
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

TRIED = 3  # groups that a filter left out, read until one of them is there


class Absence:
    """What is known of how the tenant shows memberships, for all workers.

    `shows_groups` tells whether users that are read by id show their groups; `own_groups` reads from the journal which
    groups the run has created, and is called once, when that is first of use.
    """

    def __init__(
        self,
        memberships: Memberships,
        shows_groups: Callable[[], bool],
        own_groups: Callable[[], Awaitable[Iterable[str]]],
    ) -> None:
        self._memberships = memberships
        self._shows_groups = shows_groups
        self._own_groups: Callable[[], Awaitable[Iterable[str]]] | None = own_groups
        self._created: OrderedDict[str, None] = OrderedDict()  # ids of groups, the latest last
        self._proving = anyio.Lock()
        self._form: Lookup | None = Lookup.LEAN  # None: the filter by member is of no use
        self._known: frozenset[str] = frozenset()  # groups of the tenant, once the filter is proved
        self._tells_apart = False
        self._longest = 0  # list of members of a group of the listing by which the filter is proved
        self._most_groups = 0  # that a user has shown

    def created(self, group: str) -> None:
        """Take in a group that the run created."""
        self._created[group] = None
        while len(self._created) > KEPT_GROUPS:
            self._created.popitem(last=False)

    async def of(self, need: Membership, reads: Reads) -> Member | Unreadable:
        """Return whether a user is in a group that does not show it."""
        if self._is_proved(need):
            return Member(present=False, proved=True)
        async with self._proving:
            own_groups, self._own_groups = self._own_groups, None
            for group in await own_groups() if own_groups else ():
                self.created(group)
        if self._is_proved(need):
            return Member(present=False, proved=True)
        told = await self._told_by_member(need, reads) if need.asks_member else None
        return told or await self._filtered(need, reads)

    def _is_proved(self, need: Membership) -> bool:
        """Return whether the member has shown that it is not in the group, or the group shows all of its members."""
        return (not (need.asks_member or need.is_nested) and self._shows_groups()) or self.shows_all(need)

    def shows_all(self, need: Membership) -> bool:
        """Return whether a group is known to show all of its members."""
        own = need.group in self._created and not self._memberships.is_denied(need.group, need.member)
        whole = own or self._memberships.is_whole(need.group)
        return whole and not self._memberships.may_hide(need.group, need.member)

    async def _told_by_member(self, need: Membership, reads: Reads) -> Member | None:
        """Return what the member says of its groups; None where it says nothing."""
        read = await reads.by_id(USER, need.member)
        if not isinstance(read, Found):
            return None  # gone, hidden, or a group
        self._most_groups = max(self._most_groups, 1 if self._shows_groups() else 0)
        groups = groups_shown(read.resource)
        if need.group in groups:
            inherited = perhaps_through(read.resource, need.group)
            return None if inherited else Member(present=True)
        complete = len(groups) < self._most_groups
        self._most_groups = max(self._most_groups, len(groups))
        return Member(present=False, proved=True) if complete else None

    async def _filtered(self, need: Membership, reads: Reads) -> Member | Unreadable:
        """Ask a filter by member, once it is known to work."""
        async with self._proving:
            if not self._known and self._form is not None:
                wrong = await self._prove(need.group, reads)
                if wrong is not None:
                    return wrong
        found = await self._holding(need.member, reads) if self._known else None
        if isinstance(found, Unreadable):
            return found
        if found is None:
            return Member(present=False)
        if need.group in found:
            return Member(present=await self._leaves_out(found, reads))
        may_hide = self._memberships.may_hide(need.group, need.member)
        may_hide = may_hide or (
            self._memberships.is_denied(need.group, need.member) and self._may_cut(need.group)
        )
        return Member(present=False, proved=not may_hide)

    def _may_cut(self, group: str) -> bool:
        """Return whether no answer has shown a longer list of members than a group has: it may have been cut."""
        shown = self._memberships.of(group)
        return shown is None or len(shown) >= self._longest

    async def _prove(self, group: str, reads: Reads) -> Unreadable | None:
        """Try the filter on a member that some group shows, in one form and then in the other."""
        shown = {group: set(self._memberships.of(group) or ())}
        async for page in reads.pages(GROUP):
            if isinstance(page, Unreadable):
                return None if is_refusal(page) else page
            shown |= {
                one["id"]: set(ids_in(find(one, "members"))) | shown.get(one["id"], set()) for one in page
            }
            break
        self._longest = max(map(len, shown.values()))
        holder = next((one for one, members in shown.items() if members), None)
        if holder is None:
            return None
        member = min(shown[holder])
        while self._form is not None:
            found = await self._holding(member, reads)
            if isinstance(found, Unreadable):
                return found
            if found is not None and holder in found:
                self._known = frozenset(shown)
                return None
            self._form = self._form.next
        return None

    async def _leaves_out(self, found: frozenset[str], reads: Reads) -> bool:
        """Return whether the filter leaves out a group that is there: one that is ignored finds every group."""
        for group in sorted(self._known - found)[:TRIED]:
            if self._tells_apart:
                break
            read = await reads.by_id(GROUP, group)  # it may have been deleted since the filter was proved
            self._tells_apart = isinstance(read, Found)
            if isinstance(read, Missing):
                self._known -= {group}
        return self._tells_apart

    async def _holding(self, member: str, reads: Reads) -> frozenset[str] | Unreadable | None:
        """Return the groups that the filter finds; None where its answer is refused or may have been cut."""
        answer = await reads.referring(Key(GROUP, "members.value", member), self._form or Lookup.PLAIN)
        if isinstance(answer, Unreadable):
            return None if is_refusal(answer) else answer
        if answer.unusable or (answer.total or 0) > len(answer.resources):
            return None
        return frozenset(str(one.get("id")) for one in answer.resources)
