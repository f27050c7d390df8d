"""The one comparison, used for noop, adoption, recovery, drift and read-back.

Rules
- wanted is a subset of live: what wanted does not name is not looked at.
- Multi-valued attributes match element by element: by `value`, else by `type`.
- Case counts, except for userName, e-mail values and `type` labels (see `scim/schemas.py`): these find a resource or an
  element whatever their capitals. A patch and a replace write other capitals, so whether they change anything is
  compared exactly; so is whether such a correction has taken effect, and whether others have changed it since.
- `active` and other booleans may come as text. Missing is not false. Null, "" and [] mean: there is no value.
- The same value in another form is equal: a bare id and an object with this `value`, one object and a list of it, an
  address and an object that holds it (a bare value shows nothing of its type), a number and its text.
- readOnly attributes, meta, groups, schemas and secrets are never compared: no client can set or see them.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from typing import Any

from bulkscim.model.active import is_active_path, truth
from bulkscim.model.operation import ENTERPRISE, JsonObject, Key, PatchOperation
from bulkscim.model.secret import MASK
from bulkscim.model.step import Change
from bulkscim.planning.derived import kind_of, may_be_derived, rewrites
from bulkscim.scim import diff, paths, schemas
from bulkscim.scim.diff import NOTHING, ComparedPath
from bulkscim.scim.forms import ids_in

_MANAGER = f"{ENTERPRISE}:manager.value"
WHOLE = "*"  # in an expectation: the whole resource
DERIVED = "*.derived"  # with it: the kinds of paths that the service derives, where a difference is none
THROUGH = "members.through"  # in that of a group: by id of a member, the groups through which it may have been in it
OWN_MEMBERS = "members.own"  # in that of a whole group: ids of members that are no drift, since the run put them into it
UNPROVED = "members.unproved"  # in that of a group: ids of members that the run added, and that may have been in it before
UNRECORDED = "groups.unrecorded"  # in that of a user that is recreated: its groups were not recorded
OTHER_GROUPS = "member.groups"  # in that of an added member: the only other groups that they may be in
BULK_ID = "bulkId:"
_NO_PATHS = frozenset({DERIVED, THROUGH, OWN_MEMBERS, UNPROVED, UNRECORDED})


def differences(wanted: JsonObject, live: JsonObject, *, exact: bool = False) -> tuple[Change, ...]:
    """Return what would have to change, each at a path that a PATCH can use.

    A missing element of a list is one change at `emails[value eq "x"]` with nothing before. `exact`: other capitals
    are a change.
    """
    return tuple(diff.differences(wanted, live, ComparedPath.top(exact=exact)))


def equal(wanted: Any, live: Any, path: str, *, exact: bool = False) -> bool:
    """Return whether a path has the wanted value (None: no value)."""
    return next(diff.value_differences(wanted, live, ComparedPath.at(path, exact=exact)), None) is None


def respells(old: Any, new: Any, path: str) -> bool:
    """Return whether two values at a path differ in capitals alone."""
    return equal(new, old, path) and not equal(new, old, path, exact=True)


def stands(change: Change, resource: JsonObject) -> bool:
    """Return whether a change is in effect; of one that corrects capitals, exactly as it was sent."""
    exact = respells(change.before, change.after, change.path)
    return equal(change.after, paths.get(resource, change.path), change.path, exact=exact)


def holds(path: str, wanted: Any, resource: JsonObject) -> bool:
    """Return whether a resource has the wanted value at a path."""
    return equal(wanted, paths.get(resource, path), path)


def same_text(key: Key, value: str) -> bool:
    """Return whether a resource's value is the one that a key names: by the key's own rule of case."""
    return key.value == value or key.folded.value == Key(key.type, key.attribute, value).folded.value


def drifted(
    expect: Mapping[str, Any],
    live: JsonObject,
    names: Mapping[str, str] | None = None,
    *,
    exact: bool = False,
) -> tuple[Change, ...]:
    """Return where a resource is not what a record expects: `before` is live, `after` the expectation.

    The path `*` expects the whole resource. What `*.derived` names differs as far as a service may write it by itself (see
    `planning/derived.py`). `exact`: an expected list is the whole list, and a user of which nothing
    is said is active. An expected `bulkId:OLD` is a reference to what is recreated: its
    new id in `names`, the old id, and nothing at all (some tenants drop such references) are as good.
    """
    own = frozenset(expect.get(DERIVED) or ())
    whole = without_members(live, expect.get(OWN_MEMBERS) or ())
    found = (
        change
        for path, wanted in expect.items()
        if path not in _NO_PATHS
        for change in (
            _foreign(wanted, whole, own) if path == WHOLE else _at(path, wanted, live, exact=exact)
        )
        if path == WHOLE or not is_rewritten(path, wanted, live, own)
    )
    return tuple(change for change in found if not _refers(change, names or {}))


def without_members(group: JsonObject, some: Collection[str]) -> JsonObject:
    """Return a group without some of its members."""
    name = paths.key_of(group, "members")
    if not some or not isinstance(group.get(name), list):
        return group
    left = [one for one in group[name] if not set(ids_in(one)).intersection(some)]
    return {key: value for key, value in group.items() if key != name} | ({name: left} if left else {})


def is_rewritten(path: str, wanted: Any, live: JsonObject, derived: Container[str]) -> bool:
    """Return whether a resource shows what the service is known to make of a value at a path."""
    return kind_of(path) in derived and rewrites(Change(path, None, wanted), live)


def _foreign(wanted: JsonObject, live: JsonObject, derived: frozenset[str]) -> Iterator[Change]:
    """Yield where two whole resources differ, except in what the service derives."""
    for change in _whole(wanted, live):
        if not (may_be_derived(change) and kind_of(change.path) in derived):
            yield change


def _at(path: str, wanted: Any, live: JsonObject, *, exact: bool) -> Iterator[Change]:
    value = paths.get(live, path)
    longer = isinstance(wanted, list) and isinstance(value, list) and len(value) > len(wanted)
    change = Change(path, value, wanted)
    if (not equal(wanted, value, path) and not (exact and _is_unsaid(change))) or (exact and longer):
        yield change


def _whole(wanted: JsonObject, live: JsonObject) -> Iterator[Change]:
    """Yield where two whole resources differ, looked at from both sides."""
    ours = list(diff.differences(wanted, live, ComparedPath.top()))
    seen = {change.path for change in ours}
    theirs = (
        Change(change.path, change.after, change.before)
        for change in diff.differences(live, wanted, ComparedPath.top())
        # Where both say something the first look has seen it, except for further values of a plain list.
        if change.path not in seen and (change.before in NOTHING or isinstance(change.before, list))
    )
    yield from (change for change in (*ours, *theirs) if not _is_unsaid(change))


def _is_unsaid(change: Change) -> bool:
    """Return whether one side says that the user is active, and the other says nothing of it."""
    if not is_active_path(change.path):
        return False
    said = [value for value in (change.before, change.after) if value not in NOTHING]
    return len(said) == 1 and truth(said[0]) is True


def _refers(change: Change, names: Mapping[str, str]) -> bool:
    wanted = change.after
    if not isinstance(wanted, str) or not wanted.startswith(BULK_ID):
        return False
    return change.before in NOTHING or change.before in (wanted.removeprefix(BULK_ID), names.get(wanted))


def operations_for(changes: Iterable[Change]) -> tuple[PatchOperation, ...]:
    """Return the PATCH that makes the changes, in the simplest forms that servers take."""
    return tuple(operation_for(change) for change in changes)


def operation_for(change: Change) -> PatchOperation:
    """Return one change as a PATCH operation.

    A new element of a list is an add to the list. Everything else is a replace: some servers refuse an add
    to `active`, none a replace where nothing stands (RFC 7644 §3.5.2.3). A manager goes as a whole object.
    """
    if change.after in NOTHING:
        return PatchOperation(
            "remove", _MANAGER.removesuffix(".value") if change.path == _MANAGER else change.path
        )
    if change.path == _MANAGER:
        return PatchOperation("replace", f"{ENTERPRISE}:manager", {"value": change.after})
    parsed = paths.parse(change.path)
    if parsed.conditions and parsed.sub is None and change.before is None:
        whole = change.path.partition("[")[0]
        return PatchOperation("add", whole, [change.after])
    return PatchOperation("replace", change.path, change.after)


def redact(resource: JsonObject, secrets: frozenset[str] = schemas.SECRETS) -> JsonObject:
    """Return a resource with its secrets shown as `[secret]`; `secrets` are folded attribute names."""
    return {name: _redacted(name, value, secrets) for name, value in resource.items()}


def _redacted(name: str, value: Any, secrets: frozenset[str]) -> Any:
    """Mask a secret, and look for more inside what is none."""
    if name.lower() in secrets:
        return MASK
    if isinstance(value, dict):
        return redact(value, secrets)
    if isinstance(value, list):
        return [redact(part, secrets) if isinstance(part, dict) else part for part in value]
    return value
