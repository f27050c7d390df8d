"""What must be known before a resource goes: who holds it and who refers to it, for nothing shows that afterwards."""

from dataclasses import replace

from bulkscim.model.live import Found, Holders, Referrers, Reports
from bulkscim.model.operation import USER, JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Step, Ties
from bulkscim.planning.context import View
from bulkscim.planning.decision import Settle, Wait
from bulkscim.planning.effects import deactivates
from bulkscim.scim import paths

Ids = tuple[str, ...] | None


def captured(view: View, step: Step) -> Step | Wait | Settle:
    """Return a step that deletes or deactivates with the ties of its resource, or what is to be read for that.

    What a user that is deactivated shows of its groups is taken as it is; of one that is deleted, it may not be all.
    """
    deletes = step.action is Action.DELETE
    if step.id is None or step.before is None:
        return step
    if not deletes and (
        view.policy.profile.strips_groups is False or not deactivates(step.type, step.changes)
    ):
        return step
    shown = groups_shown(step.before)
    groups: Ids | Wait | Settle = shown
    if deletes or not shown:
        groups = _known(view, Holders(step.type, step.id, _read_by(view), shown))
    if isinstance(groups, Wait | Settle):
        return groups
    reports = _known(view, Reports(step.id)) if deletes and step.type == USER else None
    if isinstance(reports, Wait | Settle):
        return reports
    return replace(step, ties=Ties(groups, reports))


def _read_by(view: View) -> str:
    """Return how the row's own resource was read."""
    key = view.target_key()
    live = view.live.get(key)
    return live.read_by(key) if isinstance(live, Found) else key.attribute


def _known(view: View, need: Holders | Reports) -> Ids | Wait | Settle:
    answer = view.live.get(need)
    if answer is None:
        return Wait(need)
    if isinstance(answer, Referrers):
        return answer.ids
    why = f"who refers to it could not be recorded: {answer.why}"
    return Settle(RowState.FAILED, why, need.id, answer.status)


def groups_shown(resource: JsonObject) -> tuple[str, ...]:
    """Return the ids of the groups that a user says it is in; not those that it is in through another group."""
    found = paths.find(resource, "groups")
    shown = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    direct = [one for one in shown if str(paths.find(one, "type") or "").lower() != "indirect"]
    return tuple(one["value"] for one in direct if isinstance(one.get("value"), str))


def perhaps_through(resource: JsonObject | None, group: str) -> tuple[str, ...]:
    """Return the other groups of a user through which it may have been in a group; empty where it was in it directly.

    Not every service says of a membership whether it is direct.
    """
    found = paths.find(resource, "groups")
    shown = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    own = [one for one in shown if one.get("value") == group]
    if not own or any(str(paths.find(one, "type") or "").lower() == "direct" for one in own):
        return ()
    return tuple(one["value"] for one in shown if isinstance(one.get("value"), str) and one not in own)


def leaves_open(step: Step, after: JsonObject | None, *, shows: bool) -> bool:
    """Return whether the answer to a deactivation does not show if the user is still in its groups."""
    held = step.action is not Action.DELETE and step.ties is not None and bool(step.ties.groups)
    return held and (after is None or (paths.find(after, "groups") is None and not shows))


def stripped(
    step: Step, after: JsonObject | None, *, shows: bool, strips: bool | None = None
) -> tuple[str, ...]:
    """Return the groups that a deactivated user is in no more, by the answer.

    `shows`: it is known that answers show groups, so that an answer without any means that none is left. Where the
    answer leaves it open, `strips` says what this tenant does, None where that is not known.
    """
    if step.action is Action.DELETE or step.ties is None:
        return ()
    if after is None or leaves_open(step, after, shows=shows):
        return (step.ties.groups or ()) if strips else ()
    left = set(groups_shown(after))
    return tuple(group for group in step.ties.groups or () if group not in left)
