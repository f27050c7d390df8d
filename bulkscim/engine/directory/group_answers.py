"""Groups as the answers to changes of their members show them: who changes one next need not read it.

Such answers are believed once three have shown exactly the members that were known, others than their requests named among
them; of lists no longer than these. One that lacks a member that is known proves that they cannot be believed.
"""

from collections import OrderedDict
from collections.abc import Iterable

from bulkscim.engine.directory.coverage import COMPARED, Longest, NeededAttributes
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


class ShownByAnswers:
    """How long the lists of members are that answers to changes are known to show whole."""

    def __init__(self) -> None:
        self._longest = Longest()
        self._lack = False

    def compare(self, shown: set[str], known: set[str], changed: set[str]) -> None:
        """Learn from an answer to a change of some members, after which these were known to be in the group."""
        if shown == known and shown - changed:
            self._longest.take(len(shown))
        self._lack = self._lack or not known <= shown

    def shows(self, count: int) -> bool:
        """Return whether an answer that shows so many members shows all."""
        return not self._lack and self._longest.covers(count, times=COMPARED)


class GroupAnswers:
    """The latest answers, until a step of the run changes what they show."""

    def __init__(self, clock: Clock, shown: ShownByAnswers) -> None:
        self._clock = clock
        self._shown = shown
        self._kept: OrderedDict[str, Found] = OrderedDict()  # by id
        self._members = 0

    def of(self, key: Key, needed: NeededAttributes, ahead: NamesAhead) -> Found | None:
        """Return a group that is asked for by its id, where an answer is young enough and shows what is needed."""
        found = self._kept.get(key.value) if key.type == GROUP and key.attribute == "id" else None
        if found is None or not ahead.most or needed is None or not needed <= SHOWN:
            return None
        is_old = self._clock.monotonic() - found.read_at > ahead.age_s or found.read_at <= ahead.since
        return found if not is_old and self._shown.shows(len(_members(found.resource))) else None

    def took(self, step: Step, resource: JsonObject, asked_at: float) -> None:
        """Take in the answer to a change of a group whose members were read before."""
        if step.type != GROUP or step.action is not Action.MODIFY or step.before is None:
            return
        try:
            known = _members(apply(step.operations, step.before))
        except PathError:
            return
        members = _members(resource)
        self._shown.compare(members, known, set(members_named(step.changes)))
        self._drop({str(step.id)} & self._kept.keys())
        self._kept[str(step.id)] = Found(resource, asked_at, is_looked_up=True)
        self._members += len(members)
        while self._members > KEPT_MEMBERS:
            self._drop([next(iter(self._kept))])

    def changed(self, step: Step, left: Iterable[str] = ()) -> None:
        """Drop what a step may have changed; `left`: the groups that it took its user out of."""
        ids = {one for one in (step.id, *left) if one is not None}
        if step.action is Action.DELETE:
            ids.update(one for one, kept in self._kept.items() if step.id in _members(kept.resource))
        self._drop(ids & self._kept.keys())

    def _drop(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._members -= len(_members(self._kept.pop(one).resource))


def _members(group: JsonObject) -> set[str]:
    return set(ids_in(find(group, "members")))
