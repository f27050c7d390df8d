"""The before-image of a step: what the journal keeps of it, and how old it may be when the step is sent (pure).

A step that changes only what its row names may rely on an older image than one that removes or overwrites more: a change
by others in between is lost to undo in the one case, and lost from the tenant in the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from bulkscim.model.operation import GROUP, VERBS, JsonObject, Operation
from bulkscim.model.step import Action, Change, Step
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in

FRESH_S = 5.0
LONGEST_S = 60.0
GUARDED_S = 1800.0  # where a version that is known to change guards the change
_INTERVALS = 2  # between two requests, at the pace that the tenant allows
_WHOLE = frozenset({Action.DELETE, Action.REPLACE})


def fresh_s(interval_s: float) -> float:
    """Return the age in seconds that any step may rely on, where a request is sent each `interval_s` seconds."""
    return max(FRESH_S, _INTERVALS * interval_s)


@dataclass(frozen=True, slots=True)
class Heeded:
    """The types of resources of which the tenant is known to refuse a change that names an old version (If-Match).

    Of those in `differs` resources have different versions; of those in `changes` a change was seen to bring another one.
    """

    differs: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ImageAges:
    """How old what was read of a resource may be when its step leaves, where a request leaves each `interval_s` seconds.

    `asked_s` stands in for the usual `LONGEST_S`. `undoes`: the steps are those of a rollback. `plans`: no step leaves, so
    that any age will do. A version that is heeded guards a change of its resource, whatever the age of the image.
    """

    interval_s: float = 0.0
    asked_s: float | None = None
    undoes: bool = False
    plans: bool = False
    heeded: Heeded = Heeded()

    @property
    def longest_s(self) -> float:
        """The age of what changes by others are lost to undo alone."""
        return max(LONGEST_S if self.asked_s is None else self.asked_s, self._fresh_s)

    @property
    def named_s(self) -> float:
        """The age of what a row only names."""
        return inf if self.plans else LONGEST_S

    @property
    def _fresh_s(self) -> float:
        return inf if self.plans else fresh_s(self.interval_s)

    def lookup(self, operation: Operation) -> float:
        """Return the age in seconds up to which a row may be expected to use what was read of its resource."""
        age_s = self._fresh_s if self.undoes or _is_strict(operation) else self.longest_s
        return age_s if VERBS[operation.verb].is_membership else max(age_s, self._guarded_s(operation.type))

    def step(self, step: Step, operation: Operation) -> float:
        """Return the age in seconds that a step's before-image may have.

        A membership is as old as what is known of its group, which has an age of its own.
        """
        age_s = self._fresh_s if self.is_strict(step, operation) else self.longest_s
        return max(age_s, self._guarded_s(step.type)) if step.if_match else age_s

    def _guarded_s(self, kind: str) -> float:
        """Return the age that the image of a change with a version may have."""
        if kind in self.heeded.changes:
            return max(GUARDED_S, self.longest_s)
        return self.longest_s if kind in self.heeded.differs else 0.0

    def is_strict(self, step: Step, operation: Operation) -> bool:
        """Return whether a step wants a young image, as long as no version guards it."""
        whole = bool(step.member_parts) or step.action in _WHOLE or _overwrites_list(step)
        return not self.plans and (self.undoes or whole or _is_strict(operation))


def _is_strict(operation: Operation) -> bool:
    return VERBS[operation.verb].method in {"DELETE", "PUT"} or bool(operation.expect)


def _overwrites_list(step: Step) -> bool:
    """Return whether a step sets or removes all values of an attribute, also those that others have added meanwhile.

    Its changes may name single values: those that it is known to add and to remove.
    """
    values = [value for change in step.changes for value in (change.before, change.after)]
    for operation in step.operations:
        if operation.op == "add" or "[" in (operation.path or ""):
            continue
        named = {operation.path: operation.value} if operation.path else operation.value
        for path, value in named.items() if isinstance(named, dict) else ():
            values += [value, paths.get(step.before or {}, path)]
    return any(isinstance(value, list) for value in values)


def before_image(step: Step) -> JsonObject | None:
    """Return the resource before the step; of a group that is patched, only the members that the step changes.

    A group is patched many times in a run, and each time with all of its members would be n² in all.
    """
    before = step.before
    if before is None or step.type != GROUP or step.action is not Action.MODIFY:
        return before
    key = paths.key_of(before, "members")
    if not isinstance(before.get(key), list):
        return before
    touched = set(members_named(step.changes))
    return {**before, key: [one for one in before[key] if touched.intersection(ids_in(one))]}


def members_named(changes: Iterable[Change]) -> Iterator[str]:
    """Yield the ids of the members that changes name."""
    for change in changes:
        if not change.path.lower().startswith("members"):
            continue
        yield from ids_in(change.before)
        yield from ids_in(change.after)
