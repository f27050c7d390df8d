"""Tell by kind which changes the answer to a step does not show, and a read may show.

A success without a resource proves nothing: a tenant may take a change and not make it. One read for each kind of change
tells, so the first of each is read back; once one was there, answers of its kind are believed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bulkscim.model.operation import JsonObject
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.derived import kind_of
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim import paths
from bulkscim.scim.diff import NOTHING


class Kind(NamedTuple):
    """What changes have in common that a tenant makes, or does not make, alike. `path` is empty for a delete."""

    type: str
    action: Action
    path: str = ""


def unshown(step: Step, shown: JsonObject | None) -> frozenset[Kind]:
    """Return the kinds of the changes of a step that its answer does not show; none of a create, whose answer is looked at."""
    if step.action is Action.CREATE:
        return frozenset()
    if step.action is Action.DELETE:
        return frozenset({Kind(step.type, step.action)})
    return frozenset(Kind(step.type, step.action, path) for path in _unshown(step, shown or {}))


def _unshown(step: Step, shown: JsonObject) -> Iterator[str]:
    for change in step.changes:
        path = MEMBERS if member_at(change.path) is not None else change.path
        is_removed = bool(shown) and change.after in NOTHING
        if _can_be_read(change) and not is_removed and paths.get(shown, path) is None:
            yield kind_of(path)


def _can_be_read(change: Change) -> bool:
    """Return whether a read shows that a change was not made: a member, or the value that was shown before it."""
    if member_at(change.path) is not None:
        return (change.before is None) is not (change.after is None)
    return not (
        change.before in NOTHING
        or isinstance(change.before, dict | list)
        or MASK in (change.before, change.after)
    )
