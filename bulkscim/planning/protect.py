"""Find what would harm a protected account: by the record before the run, by the resource before each step (pure)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bulkscim.model.active import is_active_path, is_inactive, truth
from bulkscim.model.operation import (
    ENDS_ACCESS,
    GROUP,
    USER,
    VERBS,
    JsonObject,
    Operation,
    PatchOperation,
    Role,
    folded_name,
)
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.lookups import emails_of
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import find
from bulkscim.scim.schemas import is_secret

Protects = Mapping[str, str]  # by each folded name of a protected account: the name that the user gave

_REMOVE_MEMBERS = frozenset(verb for verb, spec in VERBS.items() if spec.removes_member)
_NAMES = ("id", "userName", "externalId")
_ROLES = frozenset({"roles", "entitlements", "groups"})


def folded(names: Iterable[str]) -> dict[str, str]:
    """Return names by their compared form: without case and outer spaces, in one Unicode form."""
    return {folded_name(name): name for name in names}


def _first(names: Iterable[Any], protects: Protects) -> str | None:
    """Return the protected name that one of these stands for."""
    return next(
        (
            protects[folded_name(one)]
            for one in names
            if isinstance(one, str) and folded_name(one) in protects
        ),
        None,
    )


def takes_away(operation: Operation) -> bool:
    """Return whether an operation ends the access of its user."""
    if operation.spec.ends_access:
        return True
    if operation.type != USER:
        return False
    return is_inactive(operation.data) or any(map(_switches_off, operation.changes))


def _switches_off(change: PatchOperation) -> bool:
    """Return whether a change sets `active` to false, by its path or in a whole object."""
    if change.path is None:
        return isinstance(change.value, dict) and is_inactive(change.value)
    return is_active_path(change.path) and (change.op == "remove" or truth(change.value) is False)


def _attribute(path: str) -> str:
    """Return the attribute that a path begins with, in lower case and without URN."""
    return path.partition("[")[0].rpartition(":")[2].partition(".")[0].strip().lower()


def names_of(resource: JsonObject) -> list[str]:
    """Return every name that a record may know a resource by; users may share a displayName, so it names groups alone."""
    found = [value for name in _NAMES if isinstance(value := find(resource, name), str)]
    group = find(resource, "displayName") if find(resource, "userName") is None else None
    return [*found, *emails_of(resource), *([group] if isinstance(group, str) else [])]


def protected(operation: Operation, names: Protects) -> str | None:
    """Return the protected name that an operation would harm, as far as the record says so; None where it does not.

    What only the resource shows is found before the step: see `harmed`.
    """
    if operation.spec.removes_member:
        return _first((one.key.value for one in operation.references if one.role is Role.MEMBER), names)
    own = operation.target.value
    if takes_away(operation) or (operation.spec.finds and _sets_password(operation)):
        return _first((own, *names_of(operation.data)), names)
    return _first((own,), names) if _renames(operation, names) else None


def _renames(operation: Operation, names: Protects) -> bool:
    """Return whether a change gives its user a userName that is none of the account's own."""
    if operation.type != USER or not operation.spec.finds:
        return False
    wholes = [one.value for one in operation.changes if one.path is None and isinstance(one.value, dict)]
    given = [find(whole, "userName") for whole in (operation.data, *wholes)]
    given += [one.value for one in operation.changes if _attribute(one.path or "") == "username"]
    return any(isinstance(one, str) and folded_name(one) not in names for one in given)


def _sets_password(operation: Operation) -> bool:
    """Return whether a change sets a password or another secret."""
    paths = [one.path or "" for one in operation.changes]
    whole = [one.value for one in operation.changes if one.path is None and isinstance(one.value, dict)]
    return any(
        is_secret(_attribute(name))
        for name in (*paths, *operation.data, *(key for one in whole for key in one))
    )


def harmed(step: Step, names: Protects) -> str | None:
    """Return the protected name that a step would harm; None where it harms none.

    A step harms a user that it deletes, deactivates or renames, whose password it sets, that it takes a role or a
    membership from, or that it takes the protected name from. `names` hold the ids of protected users too. The names
    of the resource before the step count, so a user is protected also where the record names it otherwise.
    """
    if not names:
        return None
    before = step.before or {}
    if step.action is Action.REMOVE_MEMBER:
        return _first((step.member,), names)
    if step.action is Action.DELETE:
        members = ids_in(before.get("members")) if step.type == GROUP else ()
        return _first((*names_of(before), step.id, *members), names)
    if step.type == GROUP:
        return _first(
            (step.member, *_members_removed(step)) if _moves(step) else _members_removed(step), names
        )
    given = {folded_name(name) for name in names.values()}
    harms = any(
        _harms(change) or given.intersection(map(folded_name, _removed(change))) for change in step.changes
    )
    return _first((*names_of(before), step.id), names) if harms else None


def _moves(step: Step) -> bool:
    """Return whether an addition takes its member out of another group."""
    return step.member is not None and any(_attribute(one.path) == "groups" for one in step.changes)


def _members_removed(step: Step) -> Iterator[str]:
    for change in step.changes:
        if _attribute(change.path) == "members":
            yield from _removed(change)


def _removed(change: Change) -> list[str]:
    """Return the values that a change takes out of a multi-valued attribute."""
    kept = set(_values(change.after))
    return [value for value in _values(change.before) if value not in kept]


def _values(listed: Any) -> list[str]:
    entries = listed if isinstance(listed, list) else [listed]
    values = [one.get("value") if isinstance(one, dict) else one for one in entries]
    return [str(value) for value in values if value is not None]


def _harms(change: Change) -> bool:
    """Return whether a change of a user deactivates or renames it, sets a password, or takes a role away."""
    attribute = _attribute(change.path)
    match attribute:
        case "active":
            return change.after is None or truth(change.after) is False
        case "username":
            return folded_name(str(change.before)) != folded_name(str(change.after))
        case _ if attribute in _ROLES:
            return bool(_removed(change))
        case _:
            return is_secret(attribute)


def harmful_record(record: JsonObject, names: Protects) -> str | None:
    """Return the protected name that a record of an inverse would harm; None where it harms none."""
    if record.get("op") in _REMOVE_MEMBERS:
        member = record.get("member")
        return _first((member.get("id") if isinstance(member, dict) else member,), names)
    changes = [
        PatchOperation(one["op"], one.get("path"), one.get("value")) for one in record.get("patch") or ()
    ]
    renames = any(_attribute(one.path or "") == "username" for one in changes)
    if record.get("op") in ENDS_ACCESS or (
        record.get("type") == USER and (renames or any(map(_switches_off, changes)))
    ):
        return _first((record.get("id"), record.get("_key")), names)
    return None
