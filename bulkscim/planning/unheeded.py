"""Read back what a tenant may take without an error and without effect."""

from collections.abc import Iterator

from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import JsonObject, Key, Operation
from bulkscim.model.row import Refusal
from bulkscim.planning.compare import differences
from bulkscim.planning.decision import Wait
from bulkscim.planning.view import View
from bulkscim.scim.patch import in_effect

WRITES = ("create", "update", "replace", "patch")
SHOWN = 3


def unheeded(view: View, resource_id: str | None) -> Wait | Refusal | None:
    """Return the refusal that a success hides: a part of the record that the tenant may ignore, and did.

    Only what was sent is read back, and only where the record holds such a part.
    """
    doubtful = view.policy.may_ignore
    if not doubtful or resource_id is None or not _asks(view.operation, doubtful):
        return None
    if not any(part in view.facts.applied for part in WRITES):
        return None
    key = Key(view.operation.type, "id", resource_id)
    live = view.live.get(key)
    if live is None:
        return Wait(key)
    if not isinstance(live, Found):
        status = live.status if isinstance(live, Unreadable) else 404
        return Refusal("what may be ignored", status, None, "it could not be read back")
    left = list(_ignored(view.operation, doubtful, live.resource))
    if not left:
        return None
    named = ", ".join(left[:SHOWN]) + (f" and {len(left) - SHOWN} more" if len(left) > SHOWN else "")
    return Refusal(named, None, None, "the tenant took it and changed nothing", view.policy.ignored_advice)


def _asks(operation: Operation, doubtful: tuple[str, ...]) -> bool:
    named = [*operation.data, *(change.path or "" for change in operation.changes)]
    named += [name for change in operation.changes if change.path is None for name in change.value or ()]
    return any(_is_doubtful(name, doubtful) for name in named)


def _ignored(operation: Operation, doubtful: tuple[str, ...], resource: JsonObject) -> Iterator[str]:
    """Yield the paths of which nothing is to be seen."""
    wanted = {name: value for name, value in operation.data.items() if _is_doubtful(name, doubtful)}
    yield from (change.path for change in differences(wanted, resource, operation.type))
    for change in operation.changes:
        if change.path is None and isinstance(change.value, dict):
            given = {name: value for name, value in change.value.items() if _is_doubtful(name, doubtful)}
            yield from (one.path for one in differences(given, resource, operation.type))
        elif (
            change.path
            and _is_doubtful(change.path, doubtful)
            and not in_effect(change, resource, operation.type)
        ):
            yield change.path


def _is_doubtful(path: str, doubtful: tuple[str, ...]) -> bool:
    folded = path.lower()
    return any(
        folded == one.lower() or folded.startswith((f"{one}:".lower(), f"{one}.".lower())) for one in doubtful
    )
