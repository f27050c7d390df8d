"""Keep users in the group that a file asks for first, where a user is in one group at a time (pure).

A later row that puts the user into another group would end the first membership, whose row is done by then.

Rule 1: where that is sure, such a row fails, and is not sent.
Rule 2: where it may be so, as long as it is not known what the token opens, the later membership is made. Then the user is
        read: where it has left the group in which the run had put it, it is put back there, and the later row fails.
Rule 3: where the file itself ends the first membership, the user moves as the file says.
"""

from collections.abc import Iterator, Sequence

from bulkscim.model.live import Found, ListedGroups, OwnGroups, Shown
from bulkscim.model.operation import GROUP, USER, JsonObject, Key, Operation
from bulkscim.model.row import Refusal, Rival
from bulkscim.planning.before_removal import groups_shown
from bulkscim.planning.context import View
from bulkscim.planning.decision import Wait
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim.forms import ids_in

ONE_GROUP = "a user is in one group at a time"
WHOLE = ""  # the part of members that a row names as values: they are sent with the rest of the row, or not at all
BACK = "back:"  # begins the part that puts a user back


def not_kept(view: View, part: str) -> Refusal | None:
    """Return why a membership is not made, by the file alone; None where it may be."""
    rival, profile = view.row.rivals.get(part), view.policy.profile
    if rival is None or not (profile.is_one_group_sure or (profile.one_group and part == WHOLE)):
        return None
    return Refusal(part, None, None, f"not sent: {_rule(view)}, and {_put_by(view, rival, part)}")


def _rule(view: View) -> str:
    return ONE_GROUP if view.policy.profile.is_one_group_sure else f"perhaps {ONE_GROUP}"


def _put_by(view: View, rival: Rival, part: str) -> str:
    which = "this row" if rival.row == view.row.number else f"row {rival.row}"
    return f"{which} puts {'one of the members' if part == WHOLE else 'it'} into group {rival.group.value}"


def not_sent(view: View) -> Refusal | Wait | None:
    """Return why a row is not sent that names members as values; None where it may be, or names none.

    What the run has done is asked where the row creates its group, or names it by its id: else it may be the same group.
    """
    operation, own_id = view.operation, view.operation.target.attribute == "id"
    members = tuple(one for one, adds in members_by_value(operation) if adds)
    kept_out = not_kept(view, WHOLE)
    is_asked = (
        members
        and not view.facts.applied
        and (own_id or (operation.spec.makes and not operation.spec.updates))
    )
    if kept_out or not is_asked or not _looks(view, WHOLE):
        return kept_out
    own = view.live.get(OwnGroups(members))
    if own is None:
        return Wait(OwnGroups(members))
    put = (group for groups in own.values() for group in groups if group != operation.target.value)
    group = next(put, None)
    told = f"not sent: {_rule(view)}, and an earlier row puts one of the members into group {group}"
    return None if group is None else Refusal(WHOLE, None, None, told)


def members_by_value(operation: Operation) -> Iterator[tuple[str, bool]]:
    """Yield the members that a record of a group names by their ids as values, and whether each is added."""
    if operation.type != GROUP:
        return
    yield from ((one, True) for one in ids_in(operation.data.get(MEMBERS)))
    for change in operation.changes:
        if change.path == MEMBERS:
            yield from ((one, change.op != "remove") for one in ids_in(change.value))
        elif change.op == "remove" and (left := member_at(change.path or "")):
            yield left, False


def _looks(view: View, part: str) -> bool:
    """Return whether a membership may end another one that the run has made."""
    policy = view.policy
    ends_it = part in view.row.rivals and view.row.rivals[part] is None
    return policy.profile.one_group and not (policy.plans or policy.takes_back or ends_it)


def would_end(view: View, part: str, member: str, others: Sequence[JsonObject]) -> Refusal | Wait | None:
    """Return why a membership is not made: the user would leave a group in which the run has put it; None where it may be.

    `others` are the groups that the user is in.
    """
    if not (others and view.policy.profile.is_one_group_sure and _looks(view, part)):
        return None
    own = view.live.get(OwnGroups((member,)))
    if own is None:
        return Wait(OwnGroups((member,)))
    ours = next((one for one in others if one["value"] in own.get(member, ())), None)
    if ours is None:
        return None
    told = f"an earlier row puts it into group {ours.get('display') or ours['value']}"
    return Refusal(part, None, None, f"not sent: {ONE_GROUP}, and {told}")


def has_ended(view: View, part: str, member: str) -> tuple[str, str] | Refusal | Wait | None:
    """Return the group of the run that a user has left by a part that took effect, and the one that it is in; None for none."""
    made = view.facts.applied[part]
    if not made.leaves or made.id is None or not _looks(view, part):
        return None
    rival = view.row.rivals.get(part)
    told = f"{ONE_GROUP}, and {_put_by(view, rival, part) if rival else 'an earlier row puts it into another one'}"
    if BACK + part in view.facts.applied:
        return Refusal(part, None, None, f"{told}, where it is again")
    if refused := view.facts.refused.get(BACK + part):
        return Refusal(part, refused.status, None, f"{told}, where it could not be put back: {refused.told}")
    is_looked_at = view.facts.unproved or not made.earlier
    return _left(view, made.id, made.leaves, member) if is_looked_at else None


def _left(view: View, group: str, leaves: Sequence[str], member: str) -> tuple[str, str] | Wait | None:
    own = view.live.get(OwnGroups((member,)))
    if own is None:
        return Wait(OwnGroups((member,)))
    ours = [one for one in leaves if one in own.get(member, ())]
    for again in (False, True) if ours else ():
        need = Shown(Key(USER, "id", member), int(again))
        answer = view.live.get(need)
        if answer is None:
            return Wait(need)
        shown = groups_shown(answer.resource) if isinstance(answer, Found) else []
        if group in shown:
            left = next((one for one in ours if one not in shown), None)
            return None if left is None else (left, group)
    return None


def listed_groups(view: View, part: str, member: Key, group: str) -> Found | Wait | None:
    """Return the user that a row adds as a listing shows it with its groups: the group itself need not be read then."""
    profile, spec = view.policy.profile, view.operation.spec
    shown = profile.one_group or profile.shows_groups
    if not (shown and spec.adds_member and member.type == USER) or part in view.facts.lost_members:
        return None
    need = ListedGroups(member, "" if profile.one_group else group)
    listed = view.live.get(need)
    if listed is None:
        return Wait(need)
    return listed if isinstance(listed, Found) else None
