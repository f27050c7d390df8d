"""Who is in which group, as read a short while ago and changed by this run since.

An answer may leave members out. A list is complete only where a longer one was shown, and no member that this run added
was missing in any.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from math import inf

from bulkscim.engine.directory.coverage import ShownByAnswers, left_unasked
from bulkscim.engine.directory.one_by_one import OneByOne
from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.model.step import Action, Step
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

KEPT_S = 60.0
KEPT_IDS = 100_000
KEPT_GROUPS = 1_000
KEPT_ADDED = 1_000
Together = Callable[[], Awaitable[None]]


class Way(Enum):
    """How a group was read: by its id, together with others, in a listing, or as the answer to a change of its members."""

    BY_ID = auto()
    TOGETHER = auto()
    LISTED = auto()
    ANSWER = auto()


@dataclass(slots=True)
class GroupMembers:
    """The member ids of one group."""

    read_at: float
    shown: int = 0  # members in the answer
    members: set[str] = field(default_factory=set)
    way: Way = Way.BY_ID
    unsure: set[str] = field(default_factory=set)  # who may have left since, by joining another group


@dataclass(slots=True, eq=False)
class Reading:
    """A read of one group that is under way; `is_current`: the group was not changed since the read began."""

    group: str
    begun_at: float
    is_current: bool = True


class Memberships:
    """Groups that were read whole, the latest used last; old and large ones are dropped.

    Without it each membership would read its whole group again, which for a group of n costs n² in all.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._groups: OrderedDict[str, GroupMembers] = OrderedDict()
        self._readings: list[Reading] = []
        self._one_by_one = OneByOne()
        self._added: OrderedDict[tuple[str, str], None] = OrderedDict()  # (group, member), the latest last
        self._denied: OrderedDict[tuple[str, str], None] = OrderedDict()  # as well, and in that order
        self._longest = dict.fromkeys(Way, 0)
        self.leaves_out = False  # whether a group has not shown a member that it has
        self.answers = ShownByAnswers()

    def of(self, group: str, since: float = -inf, *, moves: bool = True) -> set[str] | None:
        """Return the group's members if they were read within the last minute, and not before the monotonic time `since`.

        `moves`: the group counts as used.
        """
        known = self._young(group, since)
        if known is None or known.unsure:
            return None
        if moves:
            self._groups.move_to_end(group)
        return known.members

    def _young(self, group: str, since: float) -> GroupMembers | None:
        known = self._groups.get(group)
        is_old = known is None or self._clock.monotonic() - known.read_at > KEPT_S
        return None if is_old or known is None or known.read_at < since else known

    def holds(self, group: str, member: str, since: float = -inf) -> bool | None:
        """Return whether a group held a member when it was read as `of` says; None where that is not known.

        Who else may have left the group since does not matter.
        """
        known = self._young(group, since)
        if known is None or member in known.unsure:
            return None
        self._groups.move_to_end(group)
        return member in known.members

    def held(self, group: str, member: str) -> bool | None:
        """Return whether a group held a member when it was read at any time, with the changes of this run; None: not known."""
        known = self._groups.get(group)
        return None if known is None or member in known.unsure else member in known.members

    def largest(self) -> str | None:
        """Return a group whose members are known, of those the one with the most; None where no members are."""
        known = [(len(members), group) for group in self._groups if (members := self.of(group, moves=False))]
        return max(known)[1] if known else None

    def is_aging(self, group: str) -> bool:
        """Return whether a group is worth being read again with another one."""
        known = self._groups.get(group)
        return known is None or self._clock.monotonic() - known.read_at > KEPT_S / 2

    async def read(
        self, group: str, reads: Reads, since: float = -inf, together: Together | None = None
    ) -> set[str] | Missing | Unreadable:
        """Return the group's members as they are known, else as they are read now; `since` as in `of`.

        `together` reads the group with others, where that is proved to show what a read by its id shows.
        """
        async with self._one_by_one.asking(group):
            known = self.of(group, since)
            if known is None and together is not None:
                await together()
                known = self.of(group, since)
            if known is not None:
                return known
            with self.reading(group) as reading:
                answer = await reads.by_id(GROUP, group)
            return self.keep(reading, answer.resource) if isinstance(answer, Found) else answer

    @contextmanager
    def reading(self, group: str) -> Iterator[Reading]:
        """Watch a group while it is read: the answer to a read may be older than a change that ends meanwhile."""
        reading = Reading(group, self._clock.monotonic())
        self._readings.append(reading)
        try:
            yield reading
        finally:
            self._readings.remove(reading)

    def keep(self, reading: Reading, resource: JsonObject, way: Way = Way.BY_ID) -> set[str]:
        """Return the members that a read has shown; they are kept only if nothing changed them meanwhile."""
        members = set(ids_in(find(resource, "members")))
        shown = self.saw(resource, current=reading.is_current, way=way)
        known = GroupMembers(reading.begun_at, shown, members, way)
        if not reading.is_current:
            return known.members
        self._keep(reading.group, known)
        return known.members

    def _keep(self, group: str, known: GroupMembers) -> None:
        self._groups[group] = known
        self._groups.move_to_end(group)
        while len(self._groups) > 1 and (len(self._groups) > KEPT_GROUPS or self._size() > KEPT_IDS):
            self._groups.popitem(last=False)

    def created(self, resource: JsonObject, members: set[str]) -> None:
        """Take in a group that this run has just created with some members: it need not be read."""
        shown = set(ids_in(find(resource, "members")))
        self._keep(str(resource["id"]), GroupMembers(self._clock.monotonic(), 0, shown | members))

    def saw(self, resource: JsonObject, *, current: bool = True, way: Way = Way.BY_ID) -> int:
        """Learn from a group that was read how long lists are; return how many members it shows.

        `current`: nothing has changed the group since the read began.
        """
        members = set(ids_in(find(resource, "members")))
        self._longest[way] = max(self._longest[way], len(members))
        added = {member for group, member in self._added if group == resource.get("id")} if current else set()
        self.leaves_out = self.leaves_out or not added <= members
        return len(members)

    def completed(self, found: Found, way: Way = Way.BY_ID) -> Found:
        """Return a group that was just read, with whether its list of members is complete; what it shows is learned from."""
        shown = self.saw(found.resource, way=way)
        return replace(found, lists_all=self.is_complete(shown, way))

    def is_whole(self, group: str) -> bool:
        """Return whether the list that was read of a group is complete."""
        known = self._groups.get(group)
        return known is not None and self.is_complete(known.shown, known.way)

    def is_complete(self, shown: int, way: Way = Way.BY_ID) -> bool:
        """Return whether a list of so many members is complete: a longer one was shown, and none leaves a member out."""
        return shown < self._longest[way] and not self.leaves_out

    def may_hide(self, group: str, member: str) -> bool:
        """Return whether a member is missing in its group though this run added it."""
        return self.leaves_out or (group, member) in self._added

    def doubt_added(self, group: str, member: str) -> None:
        """Take a member that this run added to a group for one that may not be there, until the group shows it."""
        self._added.pop((group, member), None)
        self._denied[group, member] = None
        if len(self._denied) > KEPT_IDS:
            self._denied.popitem(last=False)

    def is_denied(self, group: str, member: str) -> bool:
        """Return whether the answer to its own addition has not shown a member: the group may hide it, or it was not added."""
        return (group, member) in self._denied

    def _size(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    def changed(self, group: str, member: str, *, added: bool) -> None:
        """Note a membership that this run changed."""
        self._outdate(group)
        self._added.pop((group, member), None)
        if added:
            self._added[group, member] = None
            while len(self._added) > KEPT_ADDED:
                self._added.popitem(last=False)
        known = self._groups.get(group)
        if known:
            known.unsure.discard(member)
        if known and added:
            known.members.add(member)
        elif known:
            known.members.discard(member)

    def lost(self, group: str, known: set[str], shown: set[str], changed: set[str]) -> frozenset[str]:
        """Return the members that a change of others seems to have taken out, by the answer to it.

        Those that the run itself has added do not count: the answer may be older than that.
        """
        lost = left_unasked(known, shown, changed)
        if not lost:
            return lost
        own = {member for one, member in (*self._added, *self._denied) if one == group}
        return left_unasked(known - own, shown - own, changed)

    def answered(
        self, resource: JsonObject, changed: set[str], asked_at: float, way: Way = Way.ANSWER
    ) -> frozenset[str]:
        """Take in a group as the answer to a change of some members shows it; that change is noted already.

        It is kept where such answers are known to show all members. Return the members that the change seems to have taken out
        as well. `way`: how it is shown, where that is not the answer.
        """
        group, shown = str(resource["id"]), set(ids_in(find(resource, "members")))
        known = self._groups.get(group)
        if known is None or find(resource, "members") is None:
            return frozenset()
        lost = frozenset[str]() if known.unsure else self.lost(group, known.members, shown, changed)
        if way is not Way.ANSWER:
            return lost
        if not known.unsure:
            self.answers.compare(shown, known.members, changed)
        if self.answers.shows(len(shown)):
            self._longest[Way.ANSWER] = max(self._longest[Way.ANSWER], len(shown))
            self._keep(group, GroupMembers(asked_at, len(shown), shown, Way.ANSWER))
        return lost

    def applied(self, step: Step) -> None:
        """Note what a step did to memberships; a group that it changed in another way is to be read again."""
        if step.id is None:
            return
        if step.member is None:
            if step.type == GROUP:
                self.forget(step.id)
            if step.action is Action.DELETE:
                self._forget_added(lambda _, member: member == step.id)
            return
        self.changed(step.id, step.member, added=step.action is Action.ADD_MEMBER)
        for change in step.changes:
            for group in change.before if change.path == "groups" else ():
                self._may_have_left(group["value"], step.member)

    def _may_have_left(self, group: str, member: str) -> None:
        """Note that a member joined another group: the service may have taken it out of this one, or not."""
        self._outdate(group)
        self._added.pop((group, member), None)
        if group in self._groups:
            self._groups[group].unsure.add(member)

    def forget(self, group: str) -> None:
        """Drop what is known of a group: it was changed, or may have been."""
        self._outdate(group)
        self._groups.pop(group, None)
        self._forget_added(lambda one, _: one == group)

    def doubt(self, step: Step) -> None:
        """Drop what is known of the group that a step may have changed."""
        if step.type == GROUP and step.id is not None:
            self.forget(step.id)

    def _forget_added(self, changed: Callable[[str, str], bool]) -> None:
        for one in [one for one in self._added if changed(*one)]:
            del self._added[one]

    def _outdate(self, group: str) -> None:
        for reading in self._readings:
            if reading.group == group:
                reading.is_current = False
