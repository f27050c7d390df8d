"""Add the missing links of a resource that a create found: its manager, its groups, the members of a group (pure).

The rules are those of `planning/adoption.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bulkscim.model.live import Found, Holders, Member, Membership, Missing, ParentReady, Referrers
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Key, Reference, Role
from bulkscim.model.row import Refusal
from bulkscim.model.step import Step
from bulkscim.planning.before_removal import groups_shown
from bulkscim.planning.compare import differences
from bulkscim.planning.context import Existing, View, part_of
from bulkscim.planning.decision import Later, Wait
from bulkscim.planning.drift import setting
from bulkscim.planning.undo.inverse import MANAGER
from bulkscim.planning.verbs.membership import Outcome, as_part, group_id, joining, left_over, stop
from bulkscim.scim.diff import NOTHING
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import get


@dataclass(frozen=True, slots=True)
class RemainingDifference:
    """A difference between the row and an existing resource that stays: a text for users."""

    text: str


def links_asked(view: View) -> bool:
    """Return whether a row asks for a manager, groups or members."""
    roles = {reference.role for reference in view.operation.references}
    return bool(roles - {Role.VALUE}) or plain_manager(view) is not None


def plain_manager(view: View) -> str | None:
    """Return the manager that the row names by its id, as a value of the resource itself."""
    return next(ids_in(get(view.operation.data, MANAGER)), None)


def missing_links(view: View, met: Existing) -> Iterator[Outcome | RemainingDifference]:
    """Yield what each link that the row asks for still needs, in the record's order.

    A link that is not shown is looked for in a read by id before it is added: a lookup may show less than the user has.
    A group, which is read once for all its members, is asked before that.
    """
    by_id = Key(view.operation.type, "id", met.live.id)
    asked_first = Key if view.policy.profile.one_group else Key | Membership
    for outcome in _missing_links(view, met):
        first = isinstance(outcome, Wait) and isinstance(outcome.on, asked_first)
        yield outcome if outcome is None or first or by_id in view.live else Wait(by_id)


def _missing_links(view: View, met: Existing) -> Iterator[Outcome | RemainingDifference]:
    for reference, producer in view.references():
        part = part_of(reference)
        if reference.role is Role.VALUE or part in view.facts.applied:
            continue
        if part in view.facts.refused:
            yield view.facts.refused[part]
        elif reference.role is Role.MEMBER:
            yield _member(view, met, reference, producer)
        elif reference.role is Role.GROUP:
            yield _counted(met, _membership(view, met, reference, producer))
        else:
            yield _counted(met, _referenced_manager(view, met, reference, producer))
    plain = plain_manager(view)
    if plain is not None and "manager" not in view.facts.applied:
        refused = view.facts.refused.get("manager")
        yield refused or _counted(met, _manager(view, met, plain, plain))


def _member(
    view: View, met: Existing, reference: Reference, producer: int | None
) -> Outcome | RemainingDifference:
    """Add a member to a group that an earlier run created; of an adopted one say which member cannot be compared."""
    if met.run:
        return left_over(view, met.live.id, reference, producer)
    named = view.named(reference.key, producer)
    if isinstance(named, ParentReady):
        return None  # compared with the attributes
    outcome = stop(part_of(reference), named)
    if isinstance(outcome, Wait | Later):
        return outcome
    return RemainingDifference(f"members does not have {reference.key.value!r}")


def _counted(met: Existing, outcome: Outcome | RemainingDifference) -> Outcome | RemainingDifference:
    """Mark a step that adds a link to an adopted user: their number is bounded."""
    return replace(outcome, adopts=True) if isinstance(outcome, Step) and not met.run else outcome


def _referenced_manager(
    view: View, met: Existing, reference: Reference, producer: int | None
) -> Outcome | RemainingDifference:
    own = producer == view.row.number
    named = ParentReady(met.live.id) if own else view.named(reference.key, producer)
    if isinstance(named, ParentReady):
        return _manager(view, met, named.id, reference.key.value)
    outcome = stop("manager", named)
    if isinstance(outcome, Wait):
        return outcome
    if met.closed or _is_managed(met.live):
        return _other_manager(view, met.live, reference.key.value)
    return as_part("manager", outcome)


def _manager(view: View, met: Existing, manager: str, name: str) -> Outcome | RemainingDifference:
    """Set the manager where none is set; `name` is how the file names it."""
    if manager in ids_in(get(met.live.resource, MANAGER)):
        return None
    if met.closed or _is_managed(met.live):
        return _other_manager(view, met.live, name)
    changes = differences({ENTERPRISE: {"manager": {"value": manager}}}, met.live.resource)
    return setting(view, "manager", met.live, changes)


def _is_managed(live: Found) -> bool:
    manager = get(live.resource, MANAGER)
    values = manager.values() if isinstance(manager, dict) else [manager]
    return any(value not in NOTHING for value in values)


def _other_manager(view: View, live: Found, name: str) -> Wait | RemainingDifference:
    """Say who the manager is, by name where that can be read."""
    if not _is_managed(live):
        return RemainingDifference(f"manager is not set, the file says {name}")
    manager = get(live.resource, MANAGER)
    shown = manager.get("displayName") if isinstance(manager, dict) else None
    held = next(ids_in(manager), None)
    if held is not None:
        key = Key(USER, "id", held)
        read = view.live.get(key)
        if read is None:
            return Wait(key)
        shown = get(read.resource, "userName") if isinstance(read, Found) else shown
    return RemainingDifference(f"manager is {shown or f'id {held}'}, the file says {name}")


def _membership(
    view: View, met: Existing, reference: Reference, producer: int | None
) -> Outcome | RemainingDifference:
    """Add the user to a group, where it is proved that it is not in it and nothing else stands in the way."""
    name, found = reference.key.value, group_id(view, reference.key, producer)
    if isinstance(found, Wait):
        return found
    group = found if isinstance(found, str) else ""
    is_own = (
        f"member:{name}" in view.facts.lost_members
    )  # an addition of the run that was lost, and took effect
    if group in groups_shown(met.live.resource) and not is_own:
        return None
    if not met.closed:
        moved = _moved(view, met, group)
        if moved:
            return moved if isinstance(moved, Wait) else RemainingDifference(f"not in group {name}: {moved}")
        if not isinstance(found, str):
            return as_part(part_of(reference), found)
    return _joined(view, met, group, name) if group else RemainingDifference(f"not in group {name}")


def _joined(view: View, met: Existing, group: str, name: str) -> Outcome | RemainingDifference:
    """Return the step that adds the user to a group; None where it is in it."""
    part, shown = f"member:{name}", groups_shown(met.live.resource)
    need = Membership(group, met.live.id, proof=not (met.run or met.closed or shown))
    answer, was_lost = view.live.get(need), part in view.facts.lost_members
    match answer:
        case None:
            return Wait(need)
        case Member(present=True) if met.closed or not was_lost:
            return None
        case _ if met.closed:
            return RemainingDifference(f"not in group {name}")
        case Member() if need.proof and not (answer.proved or was_lost):
            return RemainingDifference(
                f"whether it is in group {name} is not known here, so it was not added"
            )
        case Member():
            return joining(part, group, met.live.id)
        case Missing():
            return Refusal(part, 404, None, f"group {name} is gone")
        case _:
            return Refusal(part, answer.status, None, f"group {name} could not be read: {answer.why}")


def _moved(view: View, met: Existing, group: str) -> Wait | str:
    """Say which group the provider would take the user out of; empty where there is none."""
    if not view.policy.profile.one_group:
        return ""
    added = [part for part in view.facts.applied if part.startswith("member:")]
    if added:
        return f"that would take it out of group {added[0].removeprefix('member:')}"
    holders = groups_shown(met.live.resource)
    if not holders:
        need = Holders(USER, met.live.id, "id")
        answer = view.live.get(need)
        if answer is None:
            return Wait(need)
        if not isinstance(answer, Referrers) or answer.ids is None:
            return "its groups are not known here, and adding it could take it out of one"
        holders = answer.ids
    other = next((one for one in holders if one != group), None)
    if other is None:
        return ""
    named = _group_name(view, met.live, other)
    return named if isinstance(named, Wait) else f"that would take it out of group {named}"


def _group_name(view: View, live: Found, group: str) -> Wait | str:
    entries = get(live.resource, "groups")
    listed = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    shown = next((one.get("display") for one in listed if one.get("value") == group), None)
    if isinstance(shown, str) and shown:
        return shown
    key = Key(GROUP, "id", group)
    read = view.live.get(key)
    if read is None:
        return Wait(key)
    return str(get(read.resource, "displayName") or group) if isinstance(read, Found) else group
