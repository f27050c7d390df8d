"""What a step really does to its resource, as the journal holds it: computed before it is sent."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from bulkscim.model.active import is_active_path, truth
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject, PatchOperation
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.compare import BULK_ID, without_members
from bulkscim.planning.sent_form import MEMBERS
from bulkscim.scim import patch, paths
from bulkscim.scim.effects import effects
from bulkscim.scim.forms import ids_in
from bulkscim.scim.schemas import is_secret

MANAGER = f"{ENTERPRISE}:manager.value"
MOST_KEPT_BYTES = 256 * 1024  # of what an answer shows of a new resource
_NAMES = frozenset({"schemas", "username", "displayname", "externalid", "active", "members"})


def of_patch(
    before: JsonObject, operations: tuple[PatchOperation, ...], otherwise: tuple[Change, ...]
) -> tuple[Change, ...]:
    """Return what a PATCH changes; `otherwise` where it cannot be told beforehand."""
    try:
        after = patch.apply(operations, before)
    except paths.PathError:
        return otherwise
    return (*effects(before, after), *_secrets(_named(operations)))


def of_put(before: JsonObject, body: JsonObject) -> tuple[Change, ...]:
    """Return what a PUT changes: what it leaves out is gone by the RFC, though a server may keep it."""
    return (*effects(before, body), *_secrets(body))


def _named(operations: Iterable[PatchOperation]) -> Iterator[str]:
    """Yield what a PATCH names, by path or in a whole object."""
    for operation in operations:
        if operation.path is not None:
            yield operation.path
        elif isinstance(operation.value, dict):
            yield from operation.value


def _secrets(names: Iterable[str]) -> tuple[Change, ...]:
    """Return the changes that no read can show."""
    return tuple(Change(name, MASK, MASK) for name in names if is_secret(name.rpartition(":")[2]))


def visible(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of what a server shows."""
    return [change for change in changes if MASK not in (change.before, change.after)]


def deactivates(kind: str, changes: Iterable[Change]) -> bool:
    """Return whether changes deactivate a user."""
    return kind == USER and any(
        is_active_path(change.path) and truth(change.after) is False for change in changes
    )


def removes(step: Step) -> bool:
    """Return whether a step deletes a resource, deactivates a user, or takes members out of a group."""
    if step.action is Action.DELETE or step.removes_member or deactivates(step.type, step.changes):
        return True
    members = (change for change in step.changes if change.path.lower().startswith("members"))
    return step.type == GROUP and any(change.before for change in members)


def as_made(body: JsonObject, shown: JsonObject | None) -> JsonObject:
    """Return a new resource: as the tenant shows it, or as it was sent where that is next to nothing or too much."""
    if shown is not None and is_huge(shown):
        return _with_manager(body, paths.get(shown, MANAGER))
    return {**body, **(shown or {})} if is_thin(body, shown) else shown or {}


def as_found(step: Step, shown: JsonObject | None) -> JsonObject | None:
    """Return what a create made as a later look shows it, without members that it did not name: others added them since.

    All members are kept where an earlier session alone knew whose ids it sent.
    """
    sent = set(ids_in(paths.find(step.body, MEMBERS)))
    if shown is None or step.covers or any(one.startswith(BULK_ID) for one in sent):
        return shown
    return without_members(shown, set(ids_in(paths.find(shown, MEMBERS))) - sent)


def _with_manager(body: JsonObject, manager: Any) -> JsonObject:
    """Return what was sent with the manager that is shown, where what was sent is not known to name one."""
    extension = body.get(ENTERPRISE, {})
    if not isinstance(manager, str) or len(manager) > MOST_KEPT_BYTES or "manager" in extension:
        return body
    return {**body, ENTERPRISE: {**extension, "manager": {"value": manager}}}


def is_huge(shown: JsonObject | None) -> bool:
    """Return whether what a tenant shows of a new resource is more than the journal keeps of it."""
    return shown is not None and len(orjson.dumps(shown)) > MOST_KEPT_BYTES


def is_thin(body: JsonObject, shown: JsonObject | None) -> bool:
    """Return whether an answer to a create shows too little to know the resource by: next to nothing but its names."""
    if shown is None:
        return True
    further = [name for name in body if name.lower() not in _NAMES and not is_secret(name)]
    return all(paths.find(shown, name) is None for name in (further or ["meta"]))
