"""Distinguish the service's own values from changes by others, in what was created.

The answer to a create may show less than a read does: values that the service derives (a displayName, default roles, the
type of an address) come later, in another spelling, or not at all where it drops what it does not know.

Rules
1. A path that differs without a request of ours is a change by others, unless the same path differs in a second resource
   that was created in the same way, and in all of these that are read: then the service derives it.
2. Only three differences count: a value where none was; the same text except for capitals, spaces and punctuation; nothing
   where a value was sent. Another value is a change by others, in however many resources.
   What the run itself has changed since counts as it was just before.
3. A resource that says that it was modified long after it was created proves nothing. Nor do members and groups.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from bulkscim.model.active import is_inactive, stated
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.newness import time_of
from bulkscim.planning.sent_form import MEMBERS, member_at
from bulkscim.scim import paths, schemas
from bulkscim.scim.diff import NOTHING
from bulkscim.scim.forms import ids_in

SETTLING_S = 60.0  # in which a service may still work on what it has created
PROOF = 2  # resources that show the same
BY_VALUE = "[value eq "
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

    The same text in another spelling, also as the value of a new element of a list, or a value of its own where one was
    removed. Anything else may be a change by others. An answer that shows the value before proves nothing: it may be older
    than the change.
    """
    if shown is None or step.action not in {Action.MODIFY, Action.REPLACE} or step.type != USER:
        return ()
    return tuple(_written(step.changes, step.before or {}, shown))


def doubted(step: Step, shown: JsonObject | None, *, is_read: bool = False) -> tuple[str, ...]:
    """Return the paths that an answer shows as they were before the step, or a user as active that was created inactive.

    So too of members: one that was added and is not shown, or was removed and is. The answer may be older than the change; or
    the service took it, and did nothing, or a part. Other lists are left out: they may be cut. `is_read`: the resource was
    read after the step, so that one to be deleted is there.
    """
    if shown is None:
        return ()
    if step.action is Action.DELETE:
        return ("active",) if is_read else ()
    if step.type == GROUP and step.action in {Action.MODIFY, Action.ADD_MEMBER, Action.REMOVE_MEMBER}:
        return tuple(change.path for change in step.changes if _denies(change, shown))
    if step.action is Action.CREATE:
        return ("active",) if is_inactive(step.body) and stated(shown) else ()
    if step.action not in {Action.MODIFY, Action.REPLACE}:
        return ()
    return tuple(change.path for change in step.changes if _stands(change, shown))


def _denies(change: Change, group: JsonObject) -> bool:
    """Return whether a group that shows members does not show those that a change added, or one that it removed."""
    member, members = member_at(change.path), paths.find(group, MEMBERS)
    if member is None and change.path.lower() != MEMBERS:
        return _stands(change, group)
    if not isinstance(members, list):
        return False
    shown = set(ids_in(members))
    if member is None:
        return not shown.issuperset(ids_in(change.after))
    return (member in shown) is (change.after is None)


def _stands(change: Change, shown: JsonObject) -> bool:
    before = change.before
    if before in NOTHING or isinstance(before, dict | list) or MASK in (before, change.after):
        return False
    return bool(paths.get(shown, change.path) == before) and not is_spelling(change)


def _written(changes: Iterable[Change], before: JsonObject, shown: JsonObject) -> Iterator[Change]:
    for change in changes:
        element = respelled_element(change.path, shown) if change.before in NOTHING else None
        if element is not None and respelled_element(change.path, before) is None:
            yield Change(change.path, change.before, element)
            continue
        value = paths.get(shown, change.path) if MASK not in (change.before, change.after) else None
        if value not in (change.before, change.after) and rewrites(change, shown):
            yield Change(change.path, change.before, value)


def rewrites(change: Change, resource: JsonObject) -> bool:
    """Return whether a service may have written a change so: in another spelling, or a value of its own where one was removed."""
    value = paths.get(resource, change.path)
    is_own = change.after in NOTHING and value not in NOTHING and not isinstance(value, dict | list)
    return is_own or is_respelled(change, resource)


def respelled_element(path: str, resource: JsonObject) -> JsonObject | None:
    """Return the element of a list that has the value which a path names in another spelling; None where none or several do.

    None as well where the path names no element by its value, or the resource has the very element.
    """
    attribute, bracket, chosen = path.partition(BY_VALUE)
    if not bracket or not chosen.endswith('"]') or paths.get(resource, path) not in NOTHING:
        return None
    named, elements = _bare(orjson.loads(chosen[:-1])), paths.get(resource, attribute)
    alike = [
        one
        for one in (elements if isinstance(elements, list) else ())
        if isinstance(one, dict) and named is not None and _bare(paths.find(one, "value")) == named
    ]
    return alike[0] if len(alike) == 1 else None


def is_respelled(change: Change, resource: JsonObject) -> bool:
    """Return whether a resource shows what a change set in another spelling, and not what was there before."""
    if change.before in NOTHING and respelled_element(change.path, resource) is not None:
        return True
    value, after = paths.get(resource, change.path), _bare(change.after)
    return after is not None and after == _bare(value) != _bare(change.before)


def is_spelling(change: Change) -> bool:
    """Return whether a change sets the same text in another spelling, which a service may write as it stood before."""
    after = _bare(change.after)
    return after is not None and after == _bare(change.before)


def as_written(change: Change, written: object) -> Change:
    """Return a change with what the service wrote; a new element is named by the value that it has."""
    attribute, bracket, _ = change.path.partition(BY_VALUE)
    value = paths.find(written, "value") if bracket and isinstance(written, dict) else None
    if isinstance(value, str):
        return Change(f"{attribute}{BY_VALUE}{orjson.dumps(value).decode()}]", change.before, written)
    return Change(change.path, change.before, written)


def unasked(changes: Iterable[Change]) -> set[str]:
    """Return the kinds of paths of the differences that a service may have made by itself."""
    found = {kind_of(change.path) for change in changes if may_be_derived(change)}
    return {kind for kind in found if kind.partition(":")[2].partition(".")[0] not in _NEVER}


def is_settled(resource: JsonObject) -> bool:
    """Return whether a resource says that it was modified long after it was created."""
    meta = paths.find(resource, "meta")
    created, modified = (time_of(paths.find(meta, name)) for name in ("created", "lastModified"))
    return created is None or modified is None or modified.at - created.at <= SETTLING_S


@dataclass(frozen=True, slots=True)
class Sample:
    """A created resource: as it was left, as it is, and the kinds of paths that differ (see `unasked`).

    `others` are the kinds of paths that differ as no service makes them differ.
    """

    after: JsonObject
    live: JsonObject
    kinds: frozenset[str]
    others: frozenset[str] = frozenset()

    def adds(self, kind: str) -> bool:
        """Return whether there was no value at a path before."""
        return _at(self.after, kind) in NOTHING

    def lacks(self, kind: str) -> bool:
        """Return whether there is no value of a path's whole attribute, before or now."""
        schema, _, name = kind.rpartition(":")
        attribute = f"{schema}:{name.partition('.')[0]}"
        return self.adds(attribute) and _at(self.live, attribute) in NOTHING


def _agreed(shape: Sequence[Sample]) -> Iterator[str]:
    """Yield the kinds of paths that enough resources show and at which none is as it was left."""
    for kind, resources in Counter(kind for one in shape for kind in one.kinds).items():
        if resources >= PROOF and all(kind in one.kinds | one.others for one in shape):
            yield kind


def _at(resource: JsonObject, kind: str) -> object:
    try:
        return paths.get(resource, kind.removeprefix(":"))
    except paths.PathError:
        return kind  # an attribute whose name no path can have: nothing is told of it


def derived(shapes: Iterable[Sequence[Sample]]) -> tuple[str, ...]:
    """Return the kinds of paths that a service derives; each shape holds resources that were created with the same attributes.

    What it derives in one resource of a shape it derives in each. Where no shape has two resources, two of different
    shapes are enough, unless a third has no such value.
    """
    all_of_them = [list(shape) for shape in shapes if shape]
    proved = {kind for shape in all_of_them for kind in _agreed(shape)}
    alone = [shape[0] for shape in all_of_them if len(shape) == 1]
    counted = Counter(kind for one in alone for kind in one.kinds)
    for kind, resources in counted.items():
        added = all(one.adds(kind) for one in alone if kind in one.kinds)
        refuted = added and any(one.lacks(kind) for shape in all_of_them for one in shape)
        if resources >= PROOF and not refuted:
            proved.add(kind)
    return tuple(sorted(proved))


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
