"""Memberships and managers: membership rows, and the parts that a row's main step left over."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus

from bulkscim.model.live import (
    Found,
    ListedGroups,
    Member,
    Membership,
    Missing,
    Parent,
    ParentFailed,
    ParentLater,
    ParentReady,
    Shown,
)
from bulkscim.model.operation import (
    ENTERPRISE,
    GROUP,
    USER,
    Content,
    JsonObject,
    Key,
    PatchOperation,
    Reference,
    Role,
)
from bulkscim.model.plan import planned_number
from bulkscim.model.row import Refusal, RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.before_removal import groups_shown
from bulkscim.planning.compare import OTHER_GROUPS, differences
from bulkscim.planning.context import Subject, Unfit, View, failed, part_of
from bulkscim.planning.decision import Decision, Later, Settle, Wait
from bulkscim.planning.drift import drifted, setting
from bulkscim.planning.name_holder import holder
from bulkscim.planning.one_group import BACK, has_ended, listed_groups, not_kept, would_end
from bulkscim.planning.sent_form import place_of
from bulkscim.planning.undo.taking_back import FORCE

Outcome = Step | Wait | Later | Refusal | Settle | None


def change_membership(view: View) -> Decision | Subject:
    """Add a member to the row's group, or remove it."""
    reference, producer = view.references()[0]
    part = f"member:{view.operation.target.value}"
    if part in view.facts.applied:
        return _made(view, part, reference.key, producer)
    if part in view.facts.refused:
        return _refused(view, view.facts.refused[part])
    if kept_out := not_kept(view, part):
        return failed(kept_out)
    group = group_id(view, view.operation.target, view.row.target_producer)
    if not isinstance(group, str):
        return _unless_removed(view, group)
    member = view.named(reference.key, producer)
    if not isinstance(member, ParentReady):
        return _unless_removed(view, stop(part, member))
    outcome = _membership(view, part, group, Key(reference.key.type, "id", member.id))
    match outcome:
        case Refusal(status=HTTPStatus.NOT_FOUND) if view.policy.takes_back:
            return Settle(RowState.SKIPPED, f"drift: it is gone ({outcome.detail})", group)
        case Refusal():
            return failed(outcome, resource_id=group)
        case None:
            return Subject(group) if view.facts.applied else _as_asked(view, group, reference.key.value)
        case Step():
            return _drift(view, group) or outcome
        case _:
            return outcome


def _made(view: View, part: str, key: Key, producer: int | None) -> Decision | Subject:
    """Return the group of a membership row that took effect, unless its member has left another group of the run by that."""
    made = view.facts.applied[part]
    member = view.named(key, producer) if made.leaves else None
    undone = _put_back(view, part, member.id) if isinstance(member, ParentReady) else None
    if isinstance(undone, Refusal):
        return replace(failed(undone, resource_id=made.id), unlike=True)
    return member if isinstance(member, Wait) else undone or Subject(made.id)


def _put_back(view: View, part: str, member: str) -> Step | Wait | Refusal | None:
    """Put a member back that has left a group of the run by a part that took effect; None where it has not."""
    ended = has_ended(view, part, member)
    if not isinstance(ended, tuple):
        return ended
    left, group = ended
    return joining(f"{BACK}{part}", left, member, before=[{"value": group}])


def _refused(view: View, refusal: Refusal) -> Settle:
    """End a row whose change was refused; the tenant may say that there is nothing to change."""
    if view.operation.spec.removes_member and refusal.says_absent:
        return Settle(RowState.NOOP, f"{refusal.told}: nothing to remove", status=refusal.status)
    if view.operation.spec.adds_member and refusal.says_member:
        return Settle(RowState.NOOP, f"{refusal.told}: nothing to add", status=refusal.status)
    return failed(refusal)


def _as_asked(view: View, group: str, member: str) -> Settle:
    """End a row whose membership is as it asks."""
    told = "is in the group already" if view.operation.spec.adds_member else "was not in the group"
    return Settle(RowState.NOOP, f"{member} {told}", group)


def _drift(view: View, group: str) -> Wait | Settle | None:
    """Check `expect` on the group itself; read it only where there is something to check."""
    if not view.operation.expect.keys() - {OTHER_GROUPS}:
        return None
    key = Key(GROUP, "id", group)
    live = view.live.get(key)
    if live is None:
        return Wait(key)
    return drifted(view, live) if isinstance(live, Found) else None


def _unless_removed(view: View, outcome: Step | Wait | Later | Refusal | ParentFailed) -> Decision:
    """End the row whose group or member cannot be found; for a removal, being absent is as wanted."""
    match outcome:
        case ParentFailed():
            return Settle(RowState.SKIPPED, f"row {outcome.row} failed: {outcome.why}")
        case Refusal() if outcome.status == HTTPStatus.NOT_FOUND and view.operation.spec.removes_member:
            return Settle(RowState.NOOP, f"{outcome.detail}: nothing to remove", status=None)
        case Refusal():
            return failed(outcome)
        case _:
            return outcome


def stop(
    part: str, named: ParentFailed | ParentLater | Unfit | Wait
) -> Wait | Later | Refusal | ParentFailed:
    """Return what a part does whose reference has no id yet."""
    match named:
        case Wait() | ParentFailed():
            return named
        case ParentLater():
            return Later(Parent(named.row))
        case Unfit():
            return Refusal(part, named.status, None, named.why)


def group_id(
    view: View, key: Key, producer: int | None
) -> str | Step | Wait | Later | Refusal | ParentFailed:
    """Return the group's id, or the step that makes the group where the run may."""
    part = f"group:{key.value}"
    if not view.policy.profile.groups:
        return Refusal(part, None, None, f"{view.policy.profile.title} has no groups; omit them")
    if part in view.facts.refused:
        return _not_created(view, key, view.facts.refused[part])
    named = view.named(key, producer)
    if isinstance(named, ParentReady):
        return named.id
    made = view.facts.applied.get(part)
    if made and isinstance(named, Unfit):
        return made.id or Refusal(part, None, None, f"created, but its id is not known: {named.why}")
    is_made_by_name = key.attribute == "displayName" and not view.operation.spec.removes_member
    if not (isinstance(named, Unfit) and named.missing and is_made_by_name):
        return stop(part, named)
    if view.policy.rules.create_groups:
        return Step(part, Action.CREATE, GROUP, identity=(key,), body={"displayName": key.value})
    return Refusal(part, named.status, None, f"{named.why}; create it first, or pass --create-groups")


def _not_created(view: View, key: Key, refusal: Refusal) -> str | Wait | Refusal:
    """Return the group that has a name which the tenant says is taken, else what holds it as far as that is known."""
    if refusal.status != HTTPStatus.CONFLICT:
        return refusal
    found = holder(view, refusal.detail, (key,))
    if isinstance(found, Found):
        return found.id
    return (
        found
        if isinstance(found, Wait)
        else replace(refusal, detail=f"{found} (the tenant said: {refusal.detail})")
    )


def _membership(view: View, part: str, group: str, member: Key) -> Step | Wait | Refusal | Settle | None:
    """Return the step that makes the membership as wanted; None where it is. `member` names it by its id.

    A removal is left out only where the absence is proved: the group may not show all of its members.
    """
    adds = not view.operation.spec.removes_member
    listed = listed_groups(view, part, member, group)
    if isinstance(listed, Wait):
        return listed
    if isinstance(listed, Found):
        in_it = group in groups_shown(listed.resource)
        return None if in_it else _joining(view, part, group, member, proved=True)
    need = Membership(group, member.value)
    is_user = member.type == USER
    proof = Membership(group, member.value, proof=True, asks_member=is_user, is_nested=not is_user)
    answer = view.live.get(proof) or view.live.get(need)
    was_lost = part in view.facts.lost_members
    match answer:
        case None:
            return Wait(need)
        case Member() if answer.present is adds and not was_lost and (adds or answer.proved):
            return None
        case Member() if adds:
            return _joining(view, part, group, member, proved=answer.proved)
        case Member(present=False) if proof not in view.live:
            return Wait(proof)
        case Member():
            seen, by_value = answer.present or was_lost, view.policy.profile.removes_by_value
            return leaving(part, group, member.value, by_value=by_value, seen=seen)
        case Missing():
            return Refusal(part, 404, None, f"group {group} is gone")
        case _:
            return Refusal(part, answer.status, None, f"group {group} could not be read: {answer.why}")


def _joining(
    view: View, part: str, group: str, member: Key, *, proved: bool
) -> Step | Wait | Refusal | Settle:
    """Return the step that adds a member; where that takes it out of another group, record which one.

    A member that is expected in certain other groups alone, and is in another one by now, stays there. `proved`: it is known
    not to be in the group.
    """
    if not view.policy.profile.one_group or member.type != USER or _is_new(view, member):
        unsure = _may_be_in(view, group, member.value) if view.policy.plans else not proved
        return replace(joining(part, group, member.value), unsure=unsure)
    listed = view.live.get(ListedGroups(member))
    live = listed if isinstance(listed, Found) else view.live.get(member)
    if live is None:
        return Wait(member)
    if not isinstance(live, Found):
        told = view.unfit(member, live)
        return Refusal(part, told.status, None, f"its group before cannot be recorded: {told.why}")
    others = _other_groups(live, group)
    if others and live.is_listed and not view.policy.plans:
        now = view.live.get(Shown(member))
        if now is None:
            return Wait(Shown(member))
        if not isinstance(now, Found):
            told = view.unfit(member, now)
            return Refusal(part, told.status, None, f"its group before cannot be recorded: {told.why}")
        others = _other_groups(now, group)
    ends = would_end(view, part, member.value, others)
    if ends is not None:
        return ends
    others_expected = view.operation.expect.get(OTHER_GROUPS)
    elsewhere = [
        one["value"] for one in others if others_expected is not None and one["value"] not in others_expected
    ]
    if elsewhere and view.policy.on_drift != FORCE:
        what = f"{member.value} is in group {', '.join(elsewhere)} now"
        return Settle(RowState.SKIPPED, f"drift: {what}; left as it is", group)
    return joining(part, group, member.value, before=others)


def _may_be_in(view: View, group: str, member: str) -> bool:
    """Return whether a plan cannot know that a member is not in a group: both exist, and the tenant shows no members."""
    there = planned_number(group) is None and planned_number(member) is None
    return there and not view.policy.profile.lists_members


def _is_new(view: View, member: Key) -> bool:
    """Return whether the row itself has just made the member, so that it is in no group yet."""
    made = view.facts.applied.get("create")
    first = not any(part.startswith("member:") for part in view.facts.applied)
    return made is not None and made.id == member.value and first


def _other_groups(user: Found, group: str) -> list[JsonObject]:
    found = user.resource.get("groups")
    groups = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return [one for one in groups if one.get("value") and one["value"] != group]


def joining(part: str, group: str, member: str, before: Iterable[JsonObject] = ()) -> Step:
    """Return the PATCH that adds one member; `before`: the groups that it leaves by that."""
    entry = {"value": member}
    left = list(before)
    changes = [Change(place_of(member), None, entry)]
    changes += [Change("groups", left, [{"value": group}])] if left else []
    return Step(
        part,
        Action.ADD_MEMBER,
        GROUP,
        id=group,
        member=member,
        operations=(PatchOperation("add", "members", [entry]),),
        changes=tuple(changes),
    )


def leaving(part: str, group: str, member: str, *, by_value: bool = False, seen: bool = True) -> Step:
    """Return the PATCH that removes one member, in the form that removes no other member (RFC 7644 §3.5.2.2).

    `by_value` is for tenants that document it: elsewhere a removal at `members` may empty the group. `seen`: the member
    was seen in the group.
    """
    entry = {"value": member}
    at = (
        PatchOperation("remove", "members", [entry])
        if by_value
        else PatchOperation("remove", place_of(member))
    )
    return Step(
        part,
        Action.REMOVE_MEMBER,
        GROUP,
        id=group,
        member=member,
        operations=(at,),
        changes=(Change(place_of(member), entry if seen else None, None),),
    )


def leftovers(view: View, subject: Subject) -> Iterator[Outcome]:
    """Yield what each reference's part still needs, in the record's order."""
    if view.operation.spec.content in {Content.MEMBER, Content.NOTHING}:
        return
    for reference, producer in view.references():
        part = part_of(reference)
        if reference.role is Role.VALUE or part in subject.holds:
            continue
        if part in view.facts.applied:
            yield _after(view, subject, reference, producer)
            continue
        if part in view.facts.refused:
            yield view.facts.refused[part]
            continue
        own = _found_now(view) if subject.id is None else subject.id
        match own:
            case Wait():
                yield own
            case None:
                yield Refusal(part, None, None, "the resource's id is not known")
            case _:
                yield left_over(view, own, reference, producer)


def _after(view: View, subject: Subject, reference: Reference, producer: int | None) -> Outcome:
    """Return what follows from a reference's part that took effect."""
    part = part_of(reference)
    if not view.facts.applied[part].leaves:
        return None
    if reference.role is Role.GROUP:
        return _put_back(view, part, subject.id) if subject.id else None
    named = view.named(reference.key, producer)
    if isinstance(named, Wait):
        return named
    return _put_back(view, part, named.id) if isinstance(named, ParentReady) else None


def _found_now(view: View) -> str | Wait | None:
    """Return the id of a resource that was created without an answer that names it: of the one with its name."""
    answer = view.live.get(view.operation.target)
    if answer is None:
        return Wait(view.operation.target)
    if not isinstance(answer, Found):
        return None
    ours, theirs = view.operation.data.get("externalId"), answer.resource.get("externalId")
    return None if ours and theirs and ours != theirs else answer.id


def left_over(view: View, own: str, reference: Reference, producer: int | None) -> Outcome:
    """Return what one reference's part still needs, once the row's own resource has the id `own`."""
    part = part_of(reference)
    if kept_out := not_kept(view, part):
        return kept_out
    if reference.role is Role.GROUP:
        group = group_id(view, reference.key, producer)
        member = Key(view.operation.type, "id", own)
        return _membership(view, part, group, member) if isinstance(group, str) else as_part(part, group)
    # Some are their own manager: whether the row made them or found them there.
    named = ParentReady(own) if producer == view.row.number else view.named(reference.key, producer)
    if not isinstance(named, ParentReady):
        return as_part(part, stop(part, named))
    if reference.role is Role.MEMBER:
        return _membership(view, part, own, Key(reference.key.type, "id", named.id))
    return _manager(view, own, named.id)


def as_part(part: str, outcome: Step | Wait | Later | Refusal | ParentFailed) -> Outcome:
    """Return the outcome of a part; a parent that failed refuses it."""
    if isinstance(outcome, ParentFailed):
        return Refusal(part, None, None, f"row {outcome.row} failed: {outcome.why}")
    return outcome


def _manager(view: View, own: str, manager: str) -> Outcome:
    key = Key(view.operation.type, "id", own)
    live = view.live.get(key)
    if live is None:
        return Wait(key)
    if not isinstance(live, Found):
        return Refusal("manager", getattr(live, "status", 404), None, f"id {own} could not be read again")
    wanted = {ENTERPRISE: {"manager": {"value": manager}}}
    changes = differences(wanted, live.resource)
    return setting(view, "manager", live, changes) if changes else None
