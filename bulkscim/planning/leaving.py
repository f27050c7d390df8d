"""Count the members that an operation removes from its group (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

from bulkscim.model.operation import GROUP, Operation, PatchOperation, Role, Verb
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find


@dataclass(frozen=True, slots=True)
class Removal:
    """`members` leave a group; with `keeps`, at most that many stay, however many it has."""

    members: int = 0
    keeps: int | None = None

    def __add__(self, other: "Removal") -> "Removal":
        """Return both together."""
        keeps = [one.keeps for one in (self, other) if one.keeps is not None]
        return Removal(self.members + other.members, min(keeps, default=None))

    def lost(self, live: int) -> int:
        """Return how many of `live` members are lost at least."""
        at_least = 0 if self.keeps is None else max(0, live - self.keeps)
        return max(min(self.members, live), at_least)


def removal_of(operation: Operation) -> Removal | None:
    """Return what an operation removes from its own group; None where it removes no member."""
    if operation.type != GROUP:
        return None
    match operation.verb:
        case Verb.REMOVE_MEMBER:
            return Removal(1)
        case Verb.REPLACE:
            named = sum(one.role is Role.MEMBER for one in operation.references)
            return Removal(keeps=named + len(list(ids_in(find(operation.data, MEMBERS)))))
        case Verb.PATCH:
            found = list(_of_changes(operation))
            return reduce(add, found) if found else None
        case _:
            return None


def _of_changes(operation: Operation) -> Iterator[Removal]:
    for change in operation.changes:
        path = (change.path or "").strip()
        if change.op == "remove" and member_at(path) is not None:
            yield Removal(1)
        elif path.lower() == MEMBERS and change.op in {"remove", "replace"}:
            yield _of_whole(change, change.value)
        elif not path and change.op == "replace" and find(change.value, MEMBERS) is not None:
            yield _of_whole(change, find(change.value, MEMBERS))


def _of_whole(change: PatchOperation, value: object) -> Removal:
    """Return what a change of the whole attribute removes: the members named, or all but those."""
    named = len(list(ids_in(value)))
    return Removal(named) if change.op == "remove" and named else Removal(keeps=named)
