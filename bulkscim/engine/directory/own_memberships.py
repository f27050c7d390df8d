"""The groups in which this run has put users, where a user is in one group at a time: a later row must not end these."""

from collections.abc import Callable, Iterable

from bulkscim.engine.directory.store import Store
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Action, Step
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.planning.step_effects import MemberChange, member_changes


class OwnMemberships:
    """Kept off the heap; `recorded` tells what earlier sessions of the run have done, and is read once.

    Nothing is kept where it is None.
    """

    def __init__(self, store: Store, recorded: Callable[[], Iterable[MemberChange]] | None) -> None:
        self._is_kept = recorded is not None
        self._recorded = recorded
        self._held = store.table("member text, held text", key="member, held")

    def applied(self, step: Step, resource_id: str | None, shown: JsonObject) -> None:
        """Take in a step that took effect; `resource_id` is that of its resource, which is `shown` after it.

        A create that is recovered after a crash does not tell which members it was sent with.
        """
        known = step.id or resource_id
        if self._is_kept and known:
            self._recall()
            body = {MEMBERS: shown.get(MEMBERS)} | step.body if step.action is Action.CREATE else step.body
            self._take(member_changes(step.type, known, step.changes, body))

    def groups_of(self, member: str) -> tuple[str, ...]:
        """Return the groups in which the run has put a user, and from which it has not removed it again."""
        self._recall()
        return tuple(str(group) for (group,) in self._held.rows("held", "member = ?", member))

    def _recall(self) -> None:
        if self._recorded is not None:
            recorded, self._recorded = self._recorded, None
            self._take(recorded())

    def _take(self, done: Iterable[MemberChange]) -> None:
        for one in done:
            if one.added:
                self._held.add([(one.member, one.group)], otherwise="ignore")
            else:
                self._held.delete("member = ? and held = ?", one.member, one.group)
