"""The inverse of steps that took effect, as records of a job file.

Rules
1. Each step has its own inverse, taken newest first, groups that were only made and filled before all others; memberships are
   netted (see `memberships`).
2. What a step set goes back only where it still stands: each record expects what its step left behind.
3. What was made goes away, and is expected whole and as it was left. What was deleted is recreated under a new
   id; its old id is its `ref`, and what named the old id names `bulkId:<old id>` from then on.
4. What was made and deleted by the same run leaves nothing to do.
5. A secret cannot go back: it was never shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bulkscim.model.active import is_active_path, last_set, truth
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import ENTERPRISE, USER, JsonObject, Key, PatchOperation, Verb
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change
from bulkscim.planning.before_removal import groups_shown
from bulkscim.planning.compare import BULK_ID, UNRECORDED, WHOLE, operation_for
from bulkscim.planning.sent_form import member_at
from bulkscim.scim import paths, schemas
from bulkscim.scim.forms import to_send

MANAGER = f"{ENTERPRISE}:manager"
_GIVEN = frozenset({"active", "primary"})


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step that took effect, as the journal holds it; None where it does not say."""

    number: int
    row: int
    part: str
    action: Action
    type: str
    id: str | None
    identity: tuple[Key, ...] = ()
    member: str | None = None
    changes: tuple[Change, ...] = ()
    before: JsonObject | None = None
    groups: tuple[str, ...] | None = None
    reports: tuple[str, ...] | None = None
    after: JsonObject | None = None
    stripped: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # members that a change of others has taken out of their group
    unsure: bool = False  # a created resource may have existed before, a removed member may not have been one
    unproved: bool = False  # an added member may have been one before


class Known(Protocol):
    """What all the steps together tell of an id."""

    def is_deleted(self, resource_id: str) -> bool:
        """Whether the run deleted it, and it is to be recreated here: its old id is its `ref`."""

    def went_before(self, resource_id: str, step: int) -> bool:
        """Whether the run deleted it before a step."""

    def reported_to(self, person: str, manager: str, step: int) -> bool:
        """Whether a user had a manager at a step, as far as the run's own changes tell."""

    def returns_to(self, person: str, manager: str) -> bool:
        """Whether the run deleted a user that showed a manager then: both are to be recreated here."""

    def is_made(self, resource_id: str) -> bool:
        """Whether the run made it, and left it there."""

    def is_passing(self, resource_id: str) -> bool:
        """Whether the run made it and deleted it again."""

    def is_half_made(self, resource_id: str) -> bool:
        """Whether an earlier rollback recreated it, and failed to give it its manager."""

    def now(self, resource_id: str) -> str:
        """Return the id that it has now: another one where an earlier rollback recreated it."""

    def name_of(self, resource_id: str) -> str:
        """Return the name that the run knows it by, its id where it knows none."""


def verb_of(step: TakenStep) -> Verb:
    """Return the operation that a step amounts to."""
    if step.action is not Action.MODIFY:
        return Verb(step.action.value)
    active = last_set((change.path, change.after) for change in step.changes)
    return {True: Verb.ACTIVATE, False: Verb.DEACTIVATE, None: Verb.PATCH}[active]


def forgets_groups(step: TakenStep) -> bool:
    """Return whether a step deleted a user whose groups could not be recorded."""
    is_user = step.action is Action.DELETE and step.type == USER
    return is_user and step.groups is None and not groups_shown(step.before or {})


def is_secret_set(step: TakenStep) -> bool:
    """Return whether a step set what no client can see."""
    return any(unseen(change.before) for change in step.changes)


def inverse(step: TakenStep, known: Known, *, soft: bool = False) -> Iterator[JsonObject]:
    """Yield the records that take a step back, without its memberships.

    `soft`: users that the run made are deactivated instead of deleted.
    """
    if step.id is None or known.is_passing(step.id):
        return
    match step.action:
        case Action.CREATE:
            yield _removal(step, known, soft=soft)
        case Action.DELETE if not known.went_before(step.id, step.number):
            if known.is_deleted(step.id):
                yield _restoration(step, known)
            elif known.is_half_made(step.id):
                yield from _managed(step, known)
            yield from _reports(step, known)
        case Action.MODIFY | Action.REPLACE:
            yield from _setting_back(step, known)
        case _:
            return


def named(resource_id: str, known: Known) -> JsonObject:
    """Return how a record names a resource."""
    deleted = known.is_deleted(resource_id)
    return {"ref": resource_id} if deleted else {"id": known.now(resource_id)}


def id_text(resource_id: str, known: Known) -> str:
    """Return an id as a value, a `bulkId:` text where it is yet to be made."""
    return f"{BULK_ID}{resource_id}" if known.is_deleted(resource_id) else known.now(resource_id)


def unseen(value: Any) -> bool:
    """Return whether a value holds a secret, so that it cannot go back."""
    match value:
        case str():
            return value == MASK
        case dict():
            return any(unseen(each) for each in value.values())
        case list():
            return any(unseen(each) for each in value)
        case _:
            return False


def is_membership(change: Change) -> bool:
    """Return whether a change is one of memberships, which are netted."""
    return member_at(change.path) is not None or change.path.lower() == "groups"


def known_by(step: TakenStep) -> str:
    """Return the name by which users know the step's resource, else its id."""
    shown = {**(step.after or {}), **(step.before or {})}
    name = name_attribute(step.type)
    given = next((key.value for key in step.identity if key.attribute == name), None)
    return str(shown.get(name) or given or step.id)


def _notes(step: TakenStep, known: Known) -> JsonObject:
    """Return the notes of the record for users: which row and step it takes back, and of which resource."""
    name = known_by(step)
    return {
        "_row": step.row,
        "_steps": [step.number],
        "_key": known.name_of(name) if name == step.id else name,
    }


def _removal(step: TakenStep, known: Known, *, soft: bool) -> JsonObject:
    verb = "deactivate" if soft and step.type == USER else "delete"
    expect: JsonObject = {key.attribute: key.value for key in step.identity}
    if step.after is not None:
        expect = {WHOLE: _shown(step.after, known)}
    target = named(step.id or "", known)
    return {"op": verb, "type": step.type, **target, "expect": expect, **_notes(step, known)}


def _restoration(step: TakenStep, known: Known) -> JsonObject:
    data = _shown(step.before or {}, known, restoring=True)
    record = {"op": "create", "type": step.type, "ref": step.id, "data": data, **_notes(step, known)}
    return record | ({"expect": {UNRECORDED: True}} if forgets_groups(step) else {})


def _managed(step: TakenStep, known: Known) -> Iterator[JsonObject]:
    """Yield the record that gives back the manager of a user that an earlier rollback recreated."""
    manager = reference(paths.get(step.before or {}, MANAGER))
    if isinstance(manager, str) and manager:
        patch = [{"op": "replace", "path": MANAGER, "value": {"value": id_text(manager, known)}}]
        target = named(step.id or "", known)
        expect = {f"{MANAGER}.value": None}
        yield {
            "op": "patch",
            "type": step.type,
            **target,
            "patch": patch,
            "expect": expect,
            **_notes(step, known),
        }


def _reports(step: TakenStep, known: Known) -> Iterator[JsonObject]:
    """Yield the records that set the new id of a manager for their reports."""
    for report in step.reports or ():
        if known.is_made(report) or known.went_before(report, step.number):
            continue  # it goes away, or is made again with its manager
        if known.returns_to(report, step.id or ""):
            continue
        if not known.reported_to(report, step.id or "", step.number):
            continue  # changed by another row while the reports were being read
        text = id_text(step.id or "", known)
        patch = [{"op": "replace", "path": MANAGER, "value": {"value": text}}]
        # Where an earlier rollback recreated the manager, its old id may be there still, and its new one is no drift.
        expect = {f"{MANAGER}.value": text if known.is_deleted(step.id or "") else step.id}
        target = named(report, known)
        yield {"op": "patch", "type": USER, **target, "patch": patch, "expect": expect, **_notes(step, known)}


def _setting_back(step: TakenStep, known: Known) -> Iterator[JsonObject]:
    expect: JsonObject = {}
    patch: list[JsonObject] = []
    for change in reversed(step.changes):
        if is_membership(change) or unseen(change.before):
            continue
        back = _reversed(change, known)
        patch.append(_as_json(_operation(back), _leaf(change.path)))
        if not unseen(change.after):
            expect[back.path] = back.before
    if patch:
        target = named(step.id or "", known)
        yield {
            "op": "patch",
            "type": step.type,
            **target,
            "patch": patch,
            "expect": expect,
            **_notes(step, known),
        }


def _reversed(change: Change, known: Known) -> Change:
    """Return the change that takes one back, references by the names that they have here."""
    path, after, before = change.path, change.after, change.before
    if path.lower() == MANAGER.lower():
        path, after, before = f"{MANAGER}.value", reference(after), reference(before)
    if path.lower() == f"{MANAGER}.value".lower():
        after, before = (
            id_text(one, known) if isinstance(one, str) and one else one for one in (after, before)
        )
    if is_active_path(path) and before is None:
        before = True  # who does not say so is active
    return Change(path, after, before)


def reference(value: Any) -> Any:
    """Return the id that a reference holds, as an object or as it is."""
    return value.get("value") if isinstance(value, dict) else value


def _operation(back: Change) -> PatchOperation:
    operation = operation_for(back)
    if operation.op == "remove" and back.path == f"{MANAGER}.value":
        return PatchOperation("remove", MANAGER)
    return operation


def _as_json(operation: PatchOperation, name: str) -> JsonObject:
    shown: JsonObject = {"op": operation.op, "path": operation.path}
    return (
        shown if operation.op == "remove" else shown | {"value": to_send(name, _plain(name, operation.value))}
    )


def _leaf(path: str) -> str:
    """Return the last name in a path."""
    return path.rpartition("]")[2].rpartition(":")[2].rpartition(".")[2]


def _shown(resource: JsonObject, known: Known, *, restoring: bool = False) -> JsonObject:
    """Return a resource without what no client can set or see, and without memberships.

    `restoring`: as the data of a create; else as an expectation.
    """
    kept: JsonObject = {}
    for name, value in resource.items():
        if _is_left_out(name, value):
            continue
        if name.lower() == ENTERPRISE.lower() and isinstance(value, dict):
            extension = _extension(value, known, restoring=restoring)
            kept |= {ENTERPRISE: extension} if extension else {}
        else:
            kept[name] = to_send(name, _plain(name, value))
    return kept


def _is_left_out(name: str, value: Any) -> bool:
    lowered = name.lower()
    secret = schemas.is_secret(name) or unseen(value)
    return secret or lowered in schemas.READ_ONLY or lowered == "members" or value is None


def _extension(extension: JsonObject, known: Known, *, restoring: bool) -> JsonObject:
    """Return the enterprise extension, its manager by the name that it has here."""
    kept = {name: value for name, value in extension.items() if not unseen(value) and value is not None}
    manager = reference(kept.pop("manager", None))
    if not isinstance(manager, str) or not manager:
        return kept
    if restoring and known.is_deleted(manager):
        return kept | {"manager": {"ref": manager}}
    return kept | {"manager": {"value": id_text(manager, known)}}


def _plain(name: str, value: Any) -> Any:
    """Return a value as job files want it: some servers write booleans as texts."""
    if name.lower() in _GIVEN and isinstance(value, str):
        known = truth(value)
        return value if known is None else known
    if isinstance(value, list):
        return [_plain("", each) for each in value]
    if isinstance(value, dict):
        return {part: _plain(part, each) for part, each in value.items() if each is not None}
    return value
