"""Decide a row's next step: the pure heart that run, resume, retry and plan all loop over.

A row has a main part, named for its verb, and a part for each reference that the main step could not
carry. Parts are taken in that order. Whatever must be known first is asked for by `Wait`; a part that fails
does not keep the others from being tried, and the row then fails with what was applied named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace as evolved
from typing import Any, assert_never

from bulkscim.model.live import Found, Need
from bulkscim.model.operation import Verb
from bulkscim.model.row import Applied, Facts, Refusal, Row, RowState
from bulkscim.model.step import Action, Step
from bulkscim.planning import adoption
from bulkscim.planning.before_removal import captured
from bulkscim.planning.compare import UNRECORDED
from bulkscim.planning.context import Subject, View, failed
from bulkscim.planning.decision import Decision, Later, Policy, Settle, Wait
from bulkscim.planning.drift import drifted
from bulkscim.planning.held_to_plan import held, without_steps
from bulkscim.planning.joint_additions import joint
from bulkscim.planning.missing_links import RemainingDifference, missing_links
from bulkscim.planning.one_group import not_sent
from bulkscim.planning.protect import harmed
from bulkscim.planning.read_back import is_unconfirmed, read_back
from bulkscim.planning.undo.taking_back import NOT_RECORDED
from bulkscim.planning.verbs import create, membership, modify
from bulkscim.planning.verbs.membership import Outcome
from bulkscim.scim.protocol import is_usable

_MEMBER = "member:"
_FEW = 3  # members that are refused alike, and told one by one
_UNCONFIRMED = (
    "the tenant accepted it; its groups do not show all members, so whether the member was added is not known"
)
OVERWRITTEN = "the server may have overwritten it, which cannot be undone"


def next_step(row: Row, facts: Facts, live: Mapping[Need, Any], policy: Policy) -> Decision:
    """Return what the row does next, from what was applied, what was read, and nothing else."""
    ended = without_steps(row.plan) if row.plan is not None else None
    if ended is not None:
        return ended
    view = View(row, facts, live, policy)
    subject = _main(view)
    decision = _next(view, subject)
    if row.plan is not None:
        decision = held(row.plan, facts, decision, subject.id if isinstance(subject, Subject) else None)
    existed = facts.taken.existed if facts.taken else None
    if isinstance(decision, Settle) and existed and existed.touched:
        told = "; ".join(text for text in (decision.detail, OVERWRITTEN) if text)
        return evolved(decision, detail=told)
    return decision


def _next(view: View, subject: Decision | Subject) -> Decision:
    decision = _remaining(view, subject) if isinstance(subject, Subject) else _checked(view, subject)
    return (_barred(view, decision) if isinstance(decision, Step) else None) or decision


def _main(view: View) -> Decision | Subject:
    """Decide about the main part of a row."""
    if kept_out := not_sent(view):
        return kept_out if isinstance(kept_out, Wait) else failed(kept_out)
    verb = view.operation.verb
    match verb:
        case Verb.CREATE:
            return create.create(view)
        case Verb.UPSERT:
            return create.upsert(view)
        case Verb.REPLACE:
            return modify.replace(view)
        case Verb.PATCH:
            return modify.patch(view)
        case Verb.ACTIVATE | Verb.DEACTIVATE:
            return modify.activate(view)
        case Verb.DELETE:
            return modify.delete(view)
        case Verb.ADD_MEMBER | Verb.REMOVE_MEMBER:
            return membership.change_membership(view)
        case _:
            assert_never(verb)


def _barred(view: View, step: Step) -> Settle | None:
    """Return the end of a row whose next step must not, or cannot, be sent."""
    if step.id is not None and not is_usable(step.id):
        return Settle(RowState.FAILED, f"{step.type} has the id {step.id!r}, which no URL can hold", step.id)
    name = harmed(step, view.policy.protects)
    if name is None:
        return None
    state = RowState.SKIPPED if view.policy.takes_back else RowState.FAILED
    return Settle(state, f"{name} is protected: {view.operation.verb} was not sent", step.id)


def _checked(view: View, subject: Decision) -> Decision:
    """Return the main step where the record's expectations hold."""
    match subject:
        case Step() if subject.action is Action.MODIFY and view.operation.spec.deletes:
            return subject  # since the expectations of a delete do not hold, or it was refused
        case Step() if subject.before is not None:
            # Only now: what already stands as wanted is no drift, whatever the record expected to find.
            return drifted(view, Found(subject.before)) or captured(view, subject)
        case _:
            return subject


def _remaining(view: View, subject: Subject) -> Decision:
    """Take the parts that the main step left over, then settle."""
    ended: list[Refusal | RemainingDifference] = []
    later: Later | None = None
    for outcome in _joined(view, _parts(view, subject)):
        match outcome:
            case Step() | Settle():
                return outcome
            case Wait():
                return evolved(outcome, found=_found(view, subject))
            case Later():
                later = evolved(outcome, found=_found(view, subject))
            case Refusal(part=part) if part.startswith("member:") and outcome.says_member:
                continue  # as it was asked for, and nothing of the run's own
            case Refusal() | RemainingDifference():
                ended.append(outcome)
            case None:
                continue
    # Also before the row is left for later: by then other rows may have changed what this one wrote.
    unlike = read_back(view, subject.id)
    if isinstance(unlike, Wait):
        return unlike
    if unlike:
        refusals = [one for one in ended if isinstance(one, Refusal)]
        return evolved(_failed(view, subject, refusals + unlike), unlike=True)
    return later or _ended(view, subject, ended)


def _joined(
    view: View, outcomes: Iterator[Outcome | RemainingDifference]
) -> Iterator[Outcome | RemainingDifference]:
    """Yield what each part still needs, additions of several members as one step."""
    for outcome in outcomes:
        yield joint(view, outcome, outcomes) if isinstance(outcome, Step) else outcome


def _ended(view: View, subject: Subject, ended: list[Refusal | RemainingDifference]) -> Settle:
    """Return the end of a row whose parts have all been tried."""
    refusals = [one for one in ended if isinstance(one, Refusal)]
    if refusals:
        return _failed(view, subject, refusals)
    if subject.existing is not None:
        left = [one.text for one in ended if isinstance(one, RemainingDifference)]
        return adoption.settled(view, subject.existing, left, _notes(view.facts.applied.values()))
    return _settle(view, subject)


def _parts(view: View, subject: Subject) -> Iterator[Outcome | RemainingDifference]:
    """Yield what each part still needs."""
    if subject.existing is not None:
        return missing_links(view, subject.existing)
    return membership.leftovers(view, subject)


def _found(view: View, subject: Subject) -> str | None:
    """Return the id of a resource that a row which makes one found in the tenant."""
    return subject.id if view.operation.makes and create.CREATE not in view.facts.applied else None


def _settle(view: View, subject: Subject) -> Settle:
    applied = view.facts.applied
    if not applied:
        return Settle(RowState.NOOP, "", subject.id)
    last = list(applied.values())[-1]
    left = [text for part in applied.values() for text in part.left]
    left += [NOT_RECORDED] if view.policy.takes_back and UNRECORDED in view.operation.expect else []
    if left:
        found = _found(view, subject) is not None
        return Settle(RowState.SKIPPED, "; ".join(dict.fromkeys(left)), subject.id, last.status, found=found)
    unconfirmed = [_UNCONFIRMED] if is_unconfirmed(view) else []
    detail = "; ".join([*_notes(applied.values()), *unconfirmed])
    return Settle(RowState.DONE, detail, subject.id, last.status)


def _failed(view: View, subject: Subject, refusals: list[Refusal]) -> Settle:
    made = "created; " if "create" in view.facts.applied else ""
    word = "not done" if view.operation.spec.deletes else "not set"
    detail = made + "; ".join(_told(refusals, word))
    if subject.existing is not None:
        detail = adoption.failed(view, subject.existing, detail)
    first, applied = refusals[0], view.facts.applied
    unlike = any(refusal.part in applied for refusal in refusals)
    found = _found(view, subject) is not None
    return Settle(RowState.FAILED, detail, subject.id, first.status, first.scim_type, unlike, found=found)


def _told(refusals: list[Refusal], word: str) -> Iterator[str]:
    """Say why parts did not take effect: of many members that were refused alike once, with all their names."""
    alike: dict[str, list[str]] = {}
    for refusal in refusals:
        name = refusal.part.removeprefix(_MEMBER)
        if name != refusal.part and refusal.told.endswith(f" {name}"):
            alike.setdefault(refusal.told.removesuffix(name), []).append(name)
    many = {reason: names for reason, names in alike.items() if len(names) > _FEW}
    for refusal in refusals:
        name = refusal.part.removeprefix(_MEMBER)
        reason = refusal.told.removesuffix(name)
        if name == refusal.part or reason not in many:
            yield f"{refusal.part} {word}: {refusal.told}"
        elif name == many[reason][0]:
            yield f"members {word}: {reason}{', '.join(many[reason])}"


def _notes(applied: Iterable[Applied]) -> Iterator[str]:
    """Yield what the user should know of how the parts took effect."""
    seen = [part.part for part in applied if part.seen]
    if seen:
        yield f"the answer was lost, and a lookup showed that it took effect: {', '.join(seen)}"
    yield from dict.fromkeys(part.note for part in applied if part.note)
