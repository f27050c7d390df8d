"""How old a before-image may be when its step is sent (pure).

A step that changes only what its row names may rely on an older image than one that removes or overwrites more: a change
by others in between is lost to undo in the one case, and lost from the tenant in the other.
"""

from bulkscim.model.operation import VERBS, Operation
from bulkscim.model.step import Action, Step

FRESH_S = 5.0
LONGEST_S = 60.0
_INTERVALS = 2  # between two requests, at the pace that the tenant allows
_WHOLE = frozenset({Action.DELETE, Action.REPLACE})


def fresh_s(interval_s: float) -> float:
    """Return the age in seconds that any step may rely on, where a request is sent each `interval_s` seconds."""
    return max(FRESH_S, _INTERVALS * interval_s)


def before_lookup(operation: Operation, interval_s: float) -> float:
    """Return the age in seconds up to which a row may be expected to use what was read of its resource."""
    strict = VERBS[operation.verb].method in {"DELETE", "PUT"} or bool(operation.expect)
    return fresh_s(interval_s) if strict else max(LONGEST_S, fresh_s(interval_s))


def before_step(step: Step, operation: Operation, interval_s: float, *, undoes: bool) -> float:
    """Return the age in seconds that a step's before-image may have; `undoes`: it is one of a rollback.

    A membership is as old as what is known of its group, which has an age of its own.
    """
    lists = any(isinstance(value, list) for change in step.changes for value in (change.before, change.after))
    if undoes or lists or step.member is not None or step.action in _WHOLE:
        return fresh_s(interval_s)
    return before_lookup(operation, interval_s)
