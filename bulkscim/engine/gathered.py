"""Steps that wait for others with which they can share a request."""

from bulkscim.engine.dispatch import Intent
from bulkscim.engine.work import Work
from bulkscim.model.operation import USER, Key
from bulkscim.model.step import Step
from bulkscim.planning.merging import GroupChange

Batch = tuple[GroupChange, list[Intent]]


def may_leave(work: Work, step: Step) -> bool:
    """Return whether a member may leave other groups by a step, so that it goes alone: they have to be read just before.

    One that a young listing shows in no other group may wait for others.
    """
    user = work.live.get(Key(USER, "id", step.member or ""))
    leaves = any(change.path == "groups" for change in step.changes)
    return user is not None and (leaves or not user.is_listed)


class GatheredSteps:
    """The steps that wait, by what they have in common; of each row one at a time."""

    def __init__(self) -> None:
        self._batches: dict[GroupChange, list[Intent]] = {}
        self._rows: dict[int, GroupChange] = {}

    def add(self, change: GroupChange, intent: Intent) -> Batch | None:
        """Let a step wait; return the batch with it where that is full now."""
        batch = self._batches.setdefault(change, [])
        batch.append(intent)
        self._rows[intent.work.number] = change
        return self.take(intent.work.number) if len(batch) >= change.most else None

    def take(self, row: int) -> Batch:
        """Return the batch in which a row's step waits, in file order; its steps wait no more."""
        change = self._rows[row]
        batch = sorted(self._batches.pop(change), key=lambda one: one.work.number)
        for intent in batch:
            del self._rows[intent.work.number]
        return change, batch

    @property
    def first(self) -> int | None:
        """The earliest row whose step waits."""
        return min(self._rows, default=None)
