"""Create and upsert: the main part of a row that can bring a resource into being."""

from dataclasses import replace

from bulkscim.model.active import is_inactive
from bulkscim.model.live import Ambiguous, Found, Missing, NameHeld, Unreadable
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import USER, Key, identities
from bulkscim.model.plan import Will
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Step
from bulkscim.planning.adoption import INACTIVE, existing, stranger, without_changed_name
from bulkscim.planning.compare import differences
from bulkscim.planning.context import MANAGER_PART, Carried, Subject, View, carried, failed, with_references
from bulkscim.planning.decision import Decision, Settle, Wait
from bulkscim.planning.drift import setting
from bulkscim.planning.name_holder import given, holder

CREATE = "create"
UPDATE = "update"


def create(view: View) -> Decision | Subject:
    """Create the resource; where its identity exists, follow the run's `on_exists`."""
    return _make(
        view,
        looks_first=view.policy.looks_always
        or (view.operation.type not in view.policy.profile.enforces_unique and not view.policy.rules.as_asked)
        or (view.row.plan is not None and view.row.plan.decision is not Will.CREATE),
    )


def upsert(view: View) -> Decision | Subject:
    """Look the resource up, then change what differs, or create it."""
    return _make(view, looks_first=True)


def _make(view: View, *, looks_first: bool) -> Decision | Subject:
    made = view.facts.applied.get(CREATE) or view.facts.applied.get(UPDATE)
    if made:
        return Subject(made.id)
    if CREATE in view.facts.refused:
        return failed(view.facts.refused[CREATE])
    carry = carried(view, whole=False)
    if not isinstance(carry, Carried):
        return carry
    held = _is_held(view) if not looks_first and not view.facts.taken else False
    if isinstance(held, Wait):
        return held
    if looks_first or view.facts.taken or held:
        found = _holder(view)
        match found:
            case Wait() | Settle():
                return found
            case Found():
                return _exists(view, found, carry)
            case Missing() if view.facts.taken and view.policy.takes_back:
                return _by_old_id(view, carry)
            case Missing() if view.facts.taken:
                return _held(view, carry)
            case _:
                pass
    return _create_step(view, carry)


def _is_held(view: View) -> bool | Wait:
    """Return whether a resource of this name was seen, where nothing else says that the server refuses a second one."""
    kind, plans = view.operation.type, view.policy.plans
    attribute = name_attribute(kind)
    name = view.operation.data.get(attribute)
    looks = view.policy.profile.assumes_unique or view.policy.meets
    asks = kind == USER and looks and not (view.policy.takes_back or view.policy.rules.as_asked)
    if not (asks or plans) or not isinstance(name, str):
        return False
    need = NameHeld(Key(kind, attribute, name), exact=plans)
    answer = view.live.get(need)
    return Wait(need) if answer is None else bool(answer)


def _create_step(view: View, carry: Carried) -> Step:
    operation = view.operation
    body = with_references(operation.data, carry)
    return Step(
        CREATE,
        Action.CREATE,
        operation.type,
        covers=carry.covers,
        identity=identities(operation.type, operation.data),
        body=body,
    )


def _holder(view: View) -> Found | Missing | Wait | Settle:
    """Look for the resource by the record's own key; after a conflict by every identity it has.

    So too where the server answers a create with what exists, and perhaps changes it: there each must be proved absent.
    What a success named is looked up by its id at last.
    """
    operation, taken = view.operation, view.facts.taken
    keys = [operation.target]
    if taken or view.policy.looks_always:
        keys += [key for key in identities(operation.type, operation.data) if key != operation.target]
    if taken and taken.existed and taken.existed.touched:
        keys.append(Key(operation.type, "id", taken.existed.id))
    for key in keys:
        answer = view.live.get(key)
        match answer:
            case None:
                return Wait(key)
            case Found():
                return answer
            case Missing() if taken or not (view.policy.looks_always and answer.unproved):
                continue
            case Missing() | Ambiguous() | Unreadable():
                told = view.unfit(key, answer)
                return Settle(RowState.FAILED, told.why, status=told.status)
            case _:
                continue
    return Missing()


def _by_old_id(view: View, carry: Carried) -> Decision | Subject:
    """Bring back under its old id what was deleted, where the tenant keeps it and its name."""
    old = Key(view.operation.type, "id", view.operation.ref or "")
    live = view.live.get(old) if old.value else Missing()
    if live is None:
        return Wait(old)
    if isinstance(live, Found):
        return _update(view, live, carry)
    held = _held(view, carry)
    return (
        replace(held, detail=f"name still held by the server: {held.detail}")
        if isinstance(held, Settle)
        else held
    )


def _held(view: View, carry: Carried) -> Decision | Subject:
    """Decide about a name that is taken though no lookup finds it: say what holds it, as far as that is known."""
    operation, taken = view.operation, view.facts.taken
    told = f"{taken.scim_type or ''} {taken.detail}" if taken else ""
    detail = holder(view, told, given(operation.type, operation.data, operation.target))
    if isinstance(detail, Wait):
        return detail
    if isinstance(detail, Found):
        return _exists(view, detail, carry)
    said = f" (the tenant said: {taken.detail})" if taken and taken.detail else ""
    advice = f"; {taken.advice}" if taken and taken.advice else ""
    return Settle(
        RowState.FAILED,
        detail + said + advice,
        status=taken.status if taken else None,
        scim_type=taken.scim_type if taken else None,
    )


def _exists(view: View, holder: Found, carry: Carried) -> Decision | Subject:
    """Decide about a resource that is there already."""
    other = stranger(view, holder)
    if other is not None:
        return other
    kept = view.policy.takes_back and holder.id == view.operation.ref
    if kept or view.operation.spec.updates or view.policy.rules.on_exists == "update":
        return _update(view, holder, carry)
    if view.policy.rules.on_exists == "fail":
        detail = f"exists already as id {holder.id}{_state(holder)}"
        return Settle(RowState.FAILED, detail, holder.id, 409, "uniqueness")
    if view.policy.rules.on_exists == "skip" and view.row.plan is None:  # what a plan creates is compared
        detail = f"exists already{_state(holder)}; left untouched (--on-exists skip)"
        return Settle(RowState.NOOP, detail, holder.id)
    return existing(view, holder, carry)


def _state(holder: Found) -> str:
    return f"; {INACTIVE}" if is_inactive(holder.resource) else ""


def _update(view: View, holder: Found, carry: Carried) -> Decision | Subject:
    if UPDATE in view.facts.refused:
        return failed(view.facts.refused[UPDATE], resource_id=holder.id)
    wanted = without_changed_name(view, holder, with_references(view.operation.data, carry))
    if view.policy.takes_back and view.operation.type == USER:
        wanted = {"active": True} | wanted
    changes = differences(wanted, holder.resource)
    compared = tuple(part for part in carry.covers if part == MANAGER_PART)
    if not changes:
        return Subject(holder.id, holds=compared)
    return replace(setting(view, UPDATE, holder, changes), covers=compared)
