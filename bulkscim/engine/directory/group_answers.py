"""Groups as the answers to changes of their members show them: who changes one next need not read it.

Such answers are believed once three have shown exactly the members that were known, others than their requests named among
them; of lists no longer than these. One that lacks a member that is known proves that they cannot be believed.
"""

from collections import OrderedDict
from collections.abc import Iterable

from bulkscim.engine.directory.coverage import NeededAttributes
from bulkscim.engine.directory.memberships import Memberships, Way
from bulkscim.engine.directory.together import NamesAhead
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found
from bulkscim.model.operation import GROUP, JsonObject, Key
from bulkscim.model.step import Action, Step
from bulkscim.planning.before_image import members_named
from bulkscim.scim.forms import ids_in
from bulkscim.scim.patch import apply
from bulkscim.scim.paths import PathError, find

KEPT_MEMBERS = 20_000  # of all groups that are kept
SHOWN = frozenset({"members"})


class GroupAnswers:
    """The latest answers, until a step of the run changes what they show."""

    def __init__(self, clock: Clock, memberships: Memberships) -> None:
        self._clock = clock
        self._memberships = memberships
        self._kept: OrderedDict[str, Found] = OrderedDict()  # by id
        self._known: dict[str, set[str]] = {}  # of these, the members as they were read and changed
        self._members = 0

    def of(self, key: Key, needed: NeededAttributes, ahead: NamesAhead) -> Found | None:
        """Return a group that is asked for by its id, where an answer is young enough and shows what is needed."""
        found = self._kept.get(key.value) if key.type == GROUP and key.attribute == "id" else None
        if found is None or not ahead.most or needed is None or not needed <= SHOWN:
            return None
        is_old = self._clock.monotonic() - found.read_at > ahead.age_s or found.read_at <= ahead.since
        if is_old or not self._memberships.answers.shows(len(_members(found.resource))):
            return None
        return self._memberships.completed(found, Way.ANSWER)

    def took(self, step: Step, resource: JsonObject, asked_at: float) -> frozenset[str]:
        """Take in the answer to a change of a group whose members were read before.

        Return the members that the change seems to have taken out without being asked.
        """
        if step.type != GROUP or step.action is not Action.MODIFY or step.before is None:
            return frozenset()
        try:
            known = _members(apply(step.operations, step.before))
        except PathError:
            return frozenset()
        members, named = _members(resource), set(members_named(step.changes))
        self._memberships.answers.compare(members, known, named)
        is_shown = find(resource, "members") is not None
        lost = self._memberships.lost(str(step.id), known, members, named) if is_shown else frozenset[str]()
        self._drop({str(step.id)} & self._kept.keys())
        self._kept[str(step.id)] = Found(resource, asked_at, is_looked_up=True)
        self._members += len(members)
        self._known[str(step.id)] = known
        while self._members > KEPT_MEMBERS:
            self._drop([next(iter(self._kept))])
        return lost

    def control(self) -> Key | None:
        """Return the group of which the most members are known, to see whether other reads show them; None where there is none."""
        group = max(self._known, key=lambda one: len(self._known[one]), default=None)
        return None if group is None else Key(GROUP, "id", group)

    def size(self, control: Key) -> int:
        """Return how many members of a control are known."""
        return len(self._known[control.value])

    def known(self, control: Key) -> set[str]:
        """Return the members of a control; it serves as one no more."""
        return self._known.pop(control.value, set())

    def changed(self, step: Step, left: Iterable[str] = ()) -> None:
        """Drop what a step may have changed; `left`: the groups that it took its user out of."""
        ids = {one for one in (step.id, *left) if one is not None}
        if step.action is Action.DELETE:
            ids.update(one for one, kept in self._kept.items() if step.id in _members(kept.resource))
        self._drop(ids & self._kept.keys())

    def _drop(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._known.pop(one, None)
            self._members -= len(_members(self._kept.pop(one).resource))


def _members(group: JsonObject) -> set[str]:
    return set(ids_in(find(group, "members")))
