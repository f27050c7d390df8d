"""Add members that the create of a group left over in one request, where each of them would have a step of its own (pure).

A step for several members covers their parts. Any answer to it but a success leaves open which of them were added, so
that each of them counts as perhaps added, and the next step has half as many, until one serves a member alone.
"""

from collections.abc import Iterator
from dataclasses import replace

from bulkscim.model.live import Found, ListedGroups, OwnGroups, Parent, Shown
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.model.step import JOINT, Action, Step
from bulkscim.planning.context import View
from bulkscim.planning.decision import Wait
from bulkscim.planning.merging import merged


def joint(view: View, first: Step, rest: Iterator[object]) -> Step | Wait:
    """Return one step for the first addition and for those that the other parts need, or what must be known of these.

    A part that waits for another row, or whose user is to be read by itself, ends the step before it.
    """
    most = _most(view)
    if most == 1 or not _may_share(view, first):
        return first
    steps = [first]
    for outcome in rest:
        match outcome:
            case Step() if len(steps) < most and _may_share(view, outcome):
                steps.append(outcome)
            case Step() | Wait(on=Parent() | Shown() | OwnGroups() | Key(attribute="id")):
                break
            case Wait():
                return outcome
            case _:
                continue
    return first if len(steps) == 1 else _of(steps)


def _most(view: View) -> int:
    """Return how many members a step may add: half of those that an earlier one could not."""
    facts, policy = view.facts, view.policy
    if view.operation.type != GROUP or policy.plans or view.row.plan is not None:
        return 1
    tried = (part.removeprefix(JOINT) for part in (*facts.lost, *facts.refused) if part.startswith(JOINT))
    return max(1, min((policy.profile.most_members, *(int(one.partition(":")[0]) // 2 for one in tried))))


def _may_share(view: View, step: Step) -> bool:
    """Return whether an addition may go with others: its user leaves no group, as far as a listing shows it."""
    if step.action is not Action.ADD_MEMBER or step.member is None or len(step.changes) > 1:
        return False
    listed = view.live.get(ListedGroups(Key(USER, "id", step.member)))
    stays = not view.policy.profile.one_group or isinstance(listed, Found)
    return stays and not (step.adopts or step.part in view.facts.lost)


def _of(steps: list[Step]) -> Step:
    first, parts = steps[0], tuple(step.part for step in steps)
    return replace(
        first,
        part=f"{JOINT}{len(steps)}:{first.part}",
        covers=parts,
        member=None,
        operations=merged(steps).operations,
        changes=tuple(change for step in steps for change in step.changes),
    )
