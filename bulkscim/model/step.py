"""One change to one resource: the only thing that is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bulkscim.model.operation import JsonObject, Key, PatchOperation

JOINT = "members:"  # begins the part of a step that adds several members, and covers theirs
ACCEPTED = "the tenant accepted it (202) and does not show its effect yet"


class Action(StrEnum):
    """What a step does to its resource."""

    CREATE = "create"
    REPLACE = "replace"
    MODIFY = "modify"
    DELETE = "delete"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS.get(self, "PATCH")


_METHODS = {Action.CREATE: "POST", Action.REPLACE: "PUT", Action.DELETE: "DELETE"}


@dataclass(frozen=True, slots=True)
class Change:
    """The value at a SCIM path before, and the value that it is to have after (None: no value)."""

    path: str
    before: Any
    after: Any


def left_groups(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the ids of the groups that a member may leave by the changes of a step that adds it to another one."""
    return tuple(str(one["value"]) for one in _left(changes))


def left_names(changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the names of these groups, as the member shows them; the id of one that it shows without a name."""
    return tuple(str(one.get("display") or one["value"]) for one in _left(changes))


def _left(changes: Iterable[Change]) -> Iterator[JsonObject]:
    return (one for change in changes if change.path == "groups" for one in change.before)


@dataclass(frozen=True, slots=True)
class Ties:
    """What ties others to a resource that goes: the groups that hold it, the users whose manager it is.

    Ids; None where the tenant does not tell. `reports` is asked for where a user is deleted only.
    """

    groups: tuple[str, ...] | None = None
    reports: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change to one resource, for one part of a row.

    `covers` names further parts of the row that the same step settles (a create that carries the manager).
    `id` is None for a create; `identity` is then what the new resource is looked up by after a loss.
    `body` is the resource for create and replace; `operations` the PATCH for the rest. `member` is the id
    that a membership step adds or removes. `before` is the resource as read, None where nothing stood. `ties`
    are there where the step deletes or deactivates. `left` says what of the record the step leaves out, and why.
    `adopts`: the step adds a link to a user that the row adopted, or creates the group for it. `unsure`: its member may be
    in the group already, since the tenant may not show all members.
    """

    part: str
    action: Action
    type: str
    covers: tuple[str, ...] = ()
    id: str | None = None
    identity: tuple[Key, ...] = ()
    body: JsonObject = field(default_factory=dict)
    operations: tuple[PatchOperation, ...] = ()
    member: str | None = None
    changes: tuple[Change, ...] = ()
    before: JsonObject | None = None
    ties: Ties | None = None
    if_match: str | None = None
    left: tuple[str, ...] = ()
    adopts: bool = False
    unsure: bool = False

    @property
    def removes_member(self) -> bool:
        """Whether it removes one member of a group."""
        return self.action is Action.REMOVE_MEMBER

    @property
    def leaves(self) -> tuple[str, ...]:
        """The groups that its member is in before, and may leave by it."""
        return left_groups(self.changes) if self.action is Action.ADD_MEMBER else ()

    @property
    def member_parts(self) -> tuple[str, ...]:
        """The parts of its row that change members of a group, each by one, and that it settles."""
        if self.member is not None:
            return (self.part,)
        return self.covers if self.part.startswith(JOINT) else ()

    @property
    def is_blind(self) -> bool:
        """Whether it removes a member that could not be seen in the group: it may not have been there."""
        unseen = bool(self.changes) and all(change.before is None for change in self.changes)
        return self.removes_member and unseen

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.action.method
