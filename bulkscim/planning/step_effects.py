"""What a step does to a user or group, as the guards count it (pure)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from bulkscim.model.active import is_active_path, is_inactive, truth
from bulkscim.model.guard_table import Effect
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.model.step import Action, Change, left_groups
from bulkscim.planning.effects import deactivates
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find

NOTHING: frozenset[Effect] = frozenset()
_ADMIN = re.compile(r"admin|owner|superuser|\broot\b", re.IGNORECASE)
_OF_LINKS = ("member:", "group:")


def effects_of(
    action: Action, kind: str, part: str, changes: Sequence[Change], before: JsonObject | None, *, first: bool
) -> frozenset[Effect]:
    """Return what a step does; `first`: its row has changed nothing of its own resource yet. A user is created active.

    A row counts as one update, however many steps it takes, and as none where it creates the resource.
    """
    match action:
        case Action.CREATE:
            made = frozenset({Effect.CREATE}) if part == Action.CREATE else NOTHING
            return made | {Effect.TAKE_SEAT} if kind == USER else made
        case Action.DELETE:
            return _ending(Effect.DELETE, kind, before)
        case Action.MODIFY | Action.REPLACE if deactivates(kind, changes):
            return _ending(Effect.DEACTIVATE, kind, before)
        case Action.MODIFY | Action.REPLACE:
            changed = frozenset({Effect.UPDATE}) if first else NOTHING
            return changed | {Effect.TAKE_SEAT} if kind == USER and _activates(changes) else changed
        case _:
            return NOTHING


def _activates(changes: Sequence[Change]) -> bool:
    ends = (one for one in changes if is_active_path(one.path))
    return any(truth(one.after) is True and truth(one.before) is False for one in ends)


def _ending(effect: Effect, kind: str, before: JsonObject | None) -> frozenset[Effect]:
    found = {effect}
    if kind == USER and before is not None:
        found |= {Effect.END_ADMIN} if is_admin(before) else set()
        found |= set() if is_inactive(before) else {Effect.FREE_SEAT}
    return frozenset(found)


class MemberChange(NamedTuple):
    """A membership that a step makes or ends."""

    group: str
    member: str
    added: bool


def member_changes(
    kind: str, resource_id: str, changes: Iterable[Change], body: JsonObject | None = None
) -> Iterator[MemberChange]:
    """Yield what a step does to the members of its own group: by its changes, or by the body that it is created with."""
    if kind != GROUP:
        return
    yield from (MemberChange(resource_id, one, added=True) for one in ids_in((body or {}).get(MEMBERS)))
    for change in changes:
        if (member := member_at(change.path)) is not None:
            yield MemberChange(resource_id, member, added=change.after is not None)
        elif change.path.lower() == MEMBERS:
            before, after = set(ids_in(change.before)), set(ids_in(change.after))
            yield from (MemberChange(resource_id, one, added=False) for one in before - after)
            yield from (MemberChange(resource_id, one, added=True) for one in after - before)


class MembersMoved(NamedTuple):
    """How many members a step takes out of a group, and how many it adds."""

    group: str
    left: int = 0
    joined: int = 0


def members_moved(
    action: Action, kind: str, group: str | None, changes: Sequence[Change], members: int = 1
) -> Iterator[MembersMoved]:
    """Yield what a step does to the members of its own group, and of the groups that its member may leave by joining it.

    `members`: how many a step that adds or removes them serves.
    """
    if group is None or kind != GROUP:
        return
    match action:
        case Action.ADD_MEMBER:
            several = sum(one.added for one in member_changes(kind, group, changes))
            yield MembersMoved(group, joined=max(members, several))
            yield from (MembersMoved(one, left=1) for one in left_groups(changes))
        case Action.REMOVE_MEMBER:
            yield MembersMoved(group, left=members)
        case Action.MODIFY | Action.REPLACE:
            found = list(member_changes(kind, group, changes))
            joined = {one.member for one in found if one.added}
            left = {one.member for one in found if not one.added}
            yield MembersMoved(group, len(left - joined), len(joined - left))
        case _:
            return


def is_admin(user: JsonObject) -> bool:
    """Return whether a role or an entitlement of a user names an administrator or owner, by what the resource shows."""
    held = (find(user, name) for name in ("roles", "entitlements"))
    return any(_ADMIN.search(text) for one in held for text in _texts(one))


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a value: those of each entry of a list, and of each member of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name.lower() in {"value", "display", "type"}:
                yield from _texts(one)


def has_changed_own(parts: Iterable[str]) -> bool:
    """Return whether one of these parts of a row changes its own resource, and not only links."""
    return any(not part.startswith(_OF_LINKS) for part in parts)
