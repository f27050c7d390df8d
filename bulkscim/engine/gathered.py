"""Steps that wait for others with which they can share a request."""

from collections import defaultdict
from collections.abc import Mapping

from bulkscim.engine.dispatch import Intent
from bulkscim.engine.feed import changed_groups
from bulkscim.engine.work import Work
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.model.row import Row
from bulkscim.model.step import Step
from bulkscim.planning.merging import GroupChange, change_of
from bulkscim.providers.profile import Profile

Batch = tuple[GroupChange, list[Intent]]


def shared_by(work: Work, step: Step, profile: Profile) -> GroupChange | None:
    """Return what steps must have in common with one to share its request; None where it goes alone."""
    alone = profile.one_group and _may_leave(work, step)
    return change_of(step, min(1 if alone else profile.most_members, work.together))


def _may_leave(work: Work, step: Step) -> bool:
    """Return whether a member may leave other groups by a step, so that it goes alone: they have to be read just before.

    One that a young listing shows in no other group may wait for others.
    """
    user = work.live.get(Key(USER, "id", step.member or ""))
    leaves = any(change.path == "groups" for change in step.changes)
    return leaves or (user is not None and not user.is_listed)


class GatheredSteps:
    """The steps that wait, by what they have in common; of each row one at a time.

    Rows under way that may yet have such a step are known by the names of their groups.
    """

    def __init__(self) -> None:
        self._batches: dict[GroupChange, list[Intent]] = {}
        self._rows: dict[int, GroupChange] = {}
        self._members: dict[tuple[str, str], int] = {}  # by group and member, the row whose step waits
        self._names: defaultdict[GroupChange, set[Key]] = defaultdict(set)  # of its group
        self._coming: defaultdict[Key, set[int]] = defaultdict(
            set
        )  # rows that may yet join, by the group's name

    def enter(self, row: Row) -> None:
        """Take in a row that comes under way."""
        for group in changed_groups(row):
            self._coming[group.folded].add(row.number)

    def leave(self, row: Row) -> None:
        """Drop a row that will not join any more."""
        for group in changed_groups(row):
            self._drop(group.folded, row.number)

    def _drop(self, group: Key, row: int) -> None:
        rows = self._coming.get(group, set())
        rows.discard(row)
        if not rows:
            self._coming.pop(group, None)

    def add(self, change: GroupChange, intent: Intent, ids: Mapping[Key, Key]) -> Batch | None:
        """Let a step wait; return the batch with it where that is full now. `ids` has what is behind the names of its row."""
        batch = self._batches.setdefault(change, [])
        batch.append(intent)
        self._rows[intent.work.number] = change
        self._members[change.group, intent.step.member or ""] = intent.work.number
        group = Key(GROUP, "id", change.group)
        for name in (group, *(name for name, lane in ids.items() if lane == group)):
            self._names[change].add(name)
            self._drop(name, intent.work.number)
        return self.take(intent.work.number) if len(batch) >= change.most else None

    def take(self, row: int) -> Batch:
        """Return the batch in which a row's step waits, in file order; its steps wait no more."""
        change = self._rows[row]
        batch = sorted(self._batches.pop(change), key=lambda one: one.work.number)
        self._names.pop(change, None)
        for intent in batch:
            del self._rows[intent.work.number]
            del self._members[change.group, intent.step.member or ""]
        return change, batch

    def rival(self, change: GroupChange, step: Step) -> int | None:
        """Return the row whose step on the same member of the same group waits; None where there is none."""
        return self._members.get((change.group, step.member or ""))

    @property
    def whole(self) -> int | None:
        """The earliest row whose step waits for others though no row under way can join them."""
        whole = (
            batch for change, batch in self._batches.items() if self._names[change].isdisjoint(self._coming)
        )
        return min((intent.work.number for batch in whole for intent in batch), default=None)

    @property
    def first(self) -> int | None:
        """The earliest row whose step waits."""
        return min(self._rows, default=None)
