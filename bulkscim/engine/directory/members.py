"""Whether a resource is a member of a group: as it is known, as the group is read with others, or by itself."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf

from bulkscim.engine.directory.absence import Absence
from bulkscim.engine.directory.groups_together import Ways
from bulkscim.engine.directory.listing import Listings
from bulkscim.engine.directory.memberships import Memberships, Way
from bulkscim.engine.directory.together import NamesAhead, Purpose
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Member, Membership, MembershipAnswer
from bulkscim.model.operation import GROUP, JsonObject, Key
from bulkscim.model.plan import planned_number
from bulkscim.model.step import Action, Step
from bulkscim.planning.step_effects import member_changes

PLAIN = Purpose()
MOST_NEW = 10_000  # users that the run has created


class Members:
    """Answers for all workers.

    `may_filter` tells whether a filter on a key's attribute may work, `id_of` which id a name was found to have.
    """

    def __init__(
        self,
        memberships: Memberships,
        ways: Ways,
        absence: Absence,
        may_filter: Callable[[Key], bool],
        id_of: Callable[[Key], str | None],
        listings: Listings,
    ) -> None:
        self._new: OrderedDict[str, set[str]] = OrderedDict()  # groups of users of the run
        self._memberships = memberships
        self._ways = ways
        self._listings = listings
        self._absence = absence
        self._may_filter = may_filter
        self._id_of = id_of

    async def membership(
        self, need: Membership, reads: Reads, purpose: Purpose = PLAIN, *, since: float = -inf
    ) -> MembershipAnswer:
        """Return whether a resource is a member of a group; with `proof`, an absence is proved where that can be.

        What was read of the group before the monotonic time `since` will not do.
        """
        is_new = need.member in self._new and not self._memberships.may_hide(need.group, need.member)
        if purpose.adds and is_new:
            return Member(present=need.group in self._new[need.member], proved=True)
        known = None if need.proof else self._memberships.holds(need.group, need.member, since)
        if known is not None:
            return Member(known, proved=not known and self._absence.shows_all(need))
        old = None if need.proof else self._memberships.held(need.group, need.member)
        if old is not None and old is purpose.outdated:
            return Member(old, is_old=True)
        filtered, listed = self._ways
        filters = filtered.works and self._may_filter(Key(GROUP, "id", need.group))
        way, together = filtered if filters else listed, None
        if purpose.ahead.most and way is not None and planned_number(need.group) is None:
            together = partial(way.read, need.group, partial(self._ids, purpose.ahead), reads)
        members = await self._memberships.read(need.group, reads, since, together)
        if not isinstance(members, set):
            return members
        present = need.member in members
        if need.proof and not present:
            return await self._absence.of(need, reads)
        return Member(present, proved=not present and self._absence.shows_all(need))

    async def shown(self, need: Membership, reads: Reads, since: float) -> MembershipAnswer:
        """Return whether a group shows a member, by a read after the monotonic time `since`."""
        answer = await self.membership(need, reads, since=since)
        if need.proof and isinstance(answer, Member) and not (answer.present or answer.proved):
            self._memberships.leaves_out = True
        return answer

    def _ids(self, ahead: NamesAhead) -> Iterator[str]:
        """Yield the ids of groups that rows to come change, as far as they are known."""
        for key in ahead.names():
            found = key.value if key.attribute == "id" else self._id_of(key) or self._listings.known(key)
            if found is not None and planned_number(found) is None:
                yield found

    def created(self, user: str) -> None:
        """Take in a user that the run has just created: it is in no group but those that the run adds it to.

        Others may add it meanwhile; to the same group as well, which changes nothing, and whose undo ends with the user.
        """
        self._new[user] = set()
        while len(self._new) > MOST_NEW:
            self._new.popitem(last=False)

    def applied(self, step: Step, resource_id: str | None) -> None:
        """Take in a step that may have put users into a group, or taken them out; `resource_id` is that of its resource."""
        for group, member, added in member_changes(
            step.type, step.id or resource_id or "", step.changes, step.body
        ):
            if member in self._new:
                (self._new[member].add if added else self._new[member].discard)(group)

    def denied(self, step: Step) -> bool:
        """Take in that the answer to a step does not show what it did to a member; return whether that is worth a look.

        It is not where groups are known not to show all members. Otherwise a member that is not shown may not have been added.
        """
        if step.action is not Action.ADD_MEMBER or step.member is None:
            return True
        if not self._memberships.leaves_out:
            self._memberships.doubt_added(str(step.id), step.member)
        return not self._memberships.leaves_out

    def answered(
        self, steps: Sequence[Step], resource: JsonObject, asked_at: float, *, is_read: bool = False
    ) -> frozenset[str]:
        """Take in a group as the answer to steps that changed its members shows it, once each of them was taken in.

        Return the other members that it seems to have lost by them. `is_read`: it was read by its id after them.
        """
        members = {step.member for step in steps if step.member}
        way = Way.BY_ID if is_read else Way.ANSWER
        return self._memberships.answered(resource, members, asked_at, way)
