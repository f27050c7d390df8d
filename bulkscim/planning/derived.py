"""Distinguish the service's own values from changes by others, in what was created.

The answer to a create may show less than a read does: values that the service derives (a displayName, default roles, the
type of an address) come later, in another spelling, or not at all where it drops what it does not know.

Rules
1. A path that differs without a request of ours is a change by others, unless the same path differs in a second resource
   that was created in the same way: then the service derives it.
2. Only three differences count: a value where none was; the same text except for capitals, spaces and punctuation; nothing
   where a value was sent. Another value is a change by others, in however many resources.
3. A resource that says that it was modified long after it was created proves nothing. Nor do members and groups.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from bulkscim.model.operation import USER, JsonObject
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.newness import time_of
from bulkscim.scim import paths, schemas
from bulkscim.scim.differing import NOTHING

SETTLING_S = 60.0  # in which a service may still work on what it has created
PROOF = 2  # resources that show the same
_NEVER = frozenset({"members", "groups", "active"})


def kind_of(path: str) -> str:
    """Return a path without its filters: what it has in common with the same attribute of other resources."""
    try:
        parsed = paths.parse(path)
    except paths.PathError:
        return path.lower()
    return f"{parsed.schema or ''}:{parsed.plain}".lower()


def may_be_derived(change: Change) -> bool:
    """Return whether a difference (`before` is live, `after` what was left) is one that a service makes by itself."""
    live, left = change.before, change.after
    return live in NOTHING or left in NOTHING or (isinstance(live, str) and _bare(live) == _bare(left))


def written_otherwise(step: Step, shown: JsonObject | None) -> tuple[Change, ...]:
    """Return the changes of a step as the service wrote them, by the answer, where that is not as they were sent.

    The same text in another spelling, or a value of its own where one was removed. Anything else may be a change by
    others. An answer that shows the value before proves nothing: it may be older than the change.
    """
    if shown is None or step.action not in {Action.MODIFY, Action.REPLACE} or step.type != USER:
        return ()
    return tuple(_written(step.changes, shown))


def _written(changes: Iterable[Change], shown: JsonObject) -> Iterator[Change]:
    for change in changes:
        value = paths.get(shown, change.path) if MASK not in (change.before, change.after) else None
        if value in NOTHING or value in (change.before, change.after):
            continue
        respelled = isinstance(value, str) and _bare(value) == _bare(change.after)
        if respelled or (change.after in NOTHING and not isinstance(value, dict | list)):
            yield Change(change.path, change.before, value)


def unasked(changes: Iterable[Change]) -> set[str]:
    """Return the kinds of paths of the differences that a service may have made by itself."""
    found = {kind_of(change.path) for change in changes if may_be_derived(change)}
    return {kind for kind in found if kind.partition(":")[2].partition(".")[0] not in _NEVER}


def is_settled(resource: JsonObject) -> bool:
    """Return whether a resource says that it was modified long after it was created."""
    meta = paths.find(resource, "meta")
    created, modified = (time_of(paths.find(meta, name)) for name in ("created", "lastModified"))
    return created is None or modified is None or modified.at - created.at <= SETTLING_S


def derived(found: Iterable[set[str]]) -> tuple[str, ...]:
    """Return the kinds of paths that enough resources show."""
    counted = Counter(kind for kinds in found for kind in kinds)
    return tuple(sorted(kind for kind, resources in counted.items() if resources >= PROOF))


def comparable(after: JsonObject) -> JsonObject:
    """Return what is known of a created resource, without what no client can set or see."""
    left_out = schemas.READ_ONLY | schemas.SECRETS | {"members"}
    return {
        name: value
        for name, value in after.items()
        if name.lower() not in left_out and value is not None and value != MASK
    }


def _bare(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value.casefold() if letter.isalnum()) or None
