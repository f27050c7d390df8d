"""Put changes to the members of one group into one request (pure).

A request holds one kind of change, and no member twice: that a member's own lane is claimed by its row sees to it.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from bulkscim.model.operation import PatchOperation
from bulkscim.model.step import Action, Step


class GroupChange(NamedTuple):
    """What steps must have in common to be sent together: the id of the group, and what they do to its members.

    At most `most` of them are.
    """

    group: str
    action: Action
    most: int


def change_of(step: Step, most: int) -> GroupChange | None:
    """Return what a step does to a group's members; None for another step, and for one that had better be alone.

    That is a removal which may well be refused, and an addition that is counted before it is sent.
    """
    if step.member is None or step.id is None or step.is_blind or step.adopts:
        return None
    return GroupChange(step.id, step.action, most)


def merged(steps: Sequence[Step]) -> Step:
    """Return the step whose request does what those of some steps with one `GroupChange` do, in their order."""
    if len(steps) == 1:
        return steps[0]
    single = (operation for step in steps for operation in step.operations)
    operations: list[PatchOperation] = []
    for (op, path), some in groupby(single, key=lambda one: (one.op, one.path)):
        values = [one.value for one in some]
        if all(isinstance(value, list) for value in values):
            operations.append(PatchOperation(op, path, [entry for value in values for entry in value]))
        else:
            operations += [PatchOperation(op, path, value) for value in values]
    return replace(steps[0], operations=tuple(operations))
