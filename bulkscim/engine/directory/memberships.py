"""Who is in which group, as read a short while ago and changed by this run since."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bulkscim.model.clock import Clock
from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.model.step import Action, Step

KEPT_S = 60.0
KEPT_IDS = 100_000
KEPT_GROUPS = 1_000


@dataclass(slots=True)
class Group:
    """The member ids of one group."""

    read_at: float
    shown: int = 0  # members in the answer
    members: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Reading:
    """A read of one group that is under way; `is_current`: the group was not changed since the read began."""

    group: str
    is_current: bool = True


class Memberships:
    """Groups that were read whole, the latest used last; old and large ones are dropped.

    Without it each membership would read its whole group again, which for a group of n costs n² in all.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._groups: OrderedDict[str, Group] = OrderedDict()
        self._readings: list[Reading] = []
        self._longest = 0

    def of(self, group: str) -> set[str] | None:
        """Return the group's members if they were read within the last minute."""
        known = self._groups.get(group)
        if known is None or self._clock.monotonic() - known.read_at > KEPT_S:
            return None
        self._groups.move_to_end(group)
        return known.members

    @contextmanager
    def reading(self, group: str) -> Iterator[Reading]:
        """Watch a group while it is read: the answer to a read may be older than a change that ends meanwhile."""
        reading = Reading(group)
        self._readings.append(reading)
        try:
            yield reading
        finally:
            self._readings.remove(reading)

    def keep(self, reading: Reading, resource: JsonObject) -> set[str]:
        """Return the members that a read has shown; they are kept only if nothing changed them meanwhile."""
        entries = resource.get("members")
        values = [entry.get("value") for entry in entries or () if isinstance(entry, dict)]
        known = Group(self._clock.monotonic(), len(values), {one for one in values if isinstance(one, str)})
        self._longest = max(self._longest, known.shown)
        if not reading.is_current:
            return known.members
        self._groups[reading.group] = known
        self._groups.move_to_end(reading.group)
        while len(self._groups) > 1 and (len(self._groups) > KEPT_GROUPS or self._size() > KEPT_IDS):
            self._groups.popitem(last=False)
        return known.members

    def is_whole(self, group: str) -> bool:
        """Say whether an answer has shown a longer list than this group's, so that this one was not cut."""
        known = self._groups.get(group)
        return known is not None and known.shown < self._longest

    def _size(self) -> int:
        return sum(len(group.members) for group in self._groups.values())

    def changed(self, group: str, member: str, *, added: bool) -> None:
        """Note a membership that this run changed."""
        self._outdate(group)
        known = self._groups.get(group)
        if known and added:
            known.members.add(member)
        elif known:
            known.members.discard(member)

    def taken_in(self, step: Step) -> None:
        """Note what a step did to memberships; a group that it changed in another way is to be read again."""
        if step.id is None:
            return
        if step.member is None:
            if step.type == GROUP:
                self.forget(step.id)
            return
        self.changed(step.id, step.member, added=step.action is Action.ADD_MEMBER)
        for change in step.changes:
            for group in change.before if change.path == "groups" else ():
                self.forget(group["value"])

    def forget(self, group: str) -> None:
        """Drop what is known of a group: it was changed, or may have been."""
        self._outdate(group)
        self._groups.pop(group, None)

    def _outdate(self, group: str) -> None:
        for reading in self._readings:
            if reading.group == group:
                reading.is_current = False
