"""What the engine writes into the journal, and reads back from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from bulkscim.engine.facts import attempts_of, facts_of, losses_of
from bulkscim.engine.work import Moment, Work
from bulkscim.journal.bodies import (
    Applied,
    Lost,
    Member,
    OfStep,
    Refused,
    Settled,
    Started,
    WasMember,
)
from bulkscim.journal.entries import Entry
from bulkscim.model.operation import MEMBERSHIP, JsonObject
from bulkscim.model.row import Applied as AppliedPart
from bulkscim.model.row import Existed, Row
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.before_image import before_image
from bulkscim.planning.compare import redact
from bulkscim.planning.decision import Settle
from bulkscim.planning.derived import written_otherwise
from bulkscim.planning.effects import as_found, as_made, deactivates, is_huge, removes
from bulkscim.planning.order import Claim
from bulkscim.scim.schemas import is_secret

MOST_DETAIL = 2000  # characters of a row's detail
_HUGE = "the tenant's answer is too large to be kept; the journal has what was sent"
_UNSEEN = "whether the member was in the group is not known; a rollback does not add it"


@dataclass(frozen=True, slots=True)
class Sent:
    """A step under its number, from its start to its end.

    `together`: how many steps its request serves, of which one `leads`: what is counted by request is counted for it.
    """

    work: Work
    step: Step
    number: int
    together: int = 1
    leads: bool = True

    @property
    def is_shared(self) -> bool:
        """Whether other rows have a part in its request."""
        return self.together > 1

    def found(self) -> "Sent":
        """Leave to a create that was found what every create of its row has set: an earlier one may have made it."""
        step = self.step
        if step.action is not Action.CREATE:
            return self
        covers = tuple(part for part in step.covers if part in self.work.covers.get(step.part, ()))
        return replace(self, step=replace(step, covers=covers))

    @property
    def may_have_removed(self) -> bool:
        """Whether an earlier deactivation by the row, whose answer was lost, may have deleted or hidden the user."""
        return self.step.part in self.work.facts.lost and deactivates(self.step.type, self.step.changes)

    def entry(self, body: OfStep) -> Entry:
        """Return an entry of this step, with the counters since the row's last one."""
        rows = ((self.work.number, self.step.part),)
        return Entry(body, rows, self.number, self.work.take_counters())


def started(
    sent: Sent, intent: Moment, left_out: Sequence[tuple[str, str]] = (), image_age: float | None = None
) -> Entry:
    """Return the intent, with all that undo and recovery will need; `left_out`: what lookups were found not to show.

    `image_age`: how many seconds ago the resource was read.
    """
    step, before = sent.step, before_image(sent.step)
    body = Started(
        step.action,
        step.type,
        id=step.id,
        identity=step.identity,
        covers=step.covers,
        members=_members(sent),
        changes=tuple(map(_shown, step.changes)),
        before=None if before is None else redact(before),
        image_age=None if image_age is None else round(image_age, 1),
        ties=step.ties,
        if_match=step.if_match,
        server_time=round(intent.at, 3),
        local=not intent.stated,
        absent=any(key.folded in sent.work.absent for key in step.identity),
        left=step.left,
        adopts=step.adopts,
        left_out=tuple(left_out),
    )
    return sent.entry(body)


def kept_before(work: Work, step: Step, image_age: float | None) -> bytes | None:
    """Return the line of a step in `before.jsonl`; None where the step removes nothing."""
    operation, before = work.row.operation, before_image(step)
    if not removes(step):
        return None
    line: JsonObject = {"row": work.number, "op": operation.verb.value, "type": step.type, "id": step.id}
    line |= {"name": operation.target.value, "part": step.part}
    line |= {"member": step.member} if step.member else {}
    line |= {"resource": redact(before)} if before is not None else {}
    line |= {"age_s": round(image_age, 1)} if image_age is not None else {}
    ties = {} if step.ties is None else {"groups": step.ties.groups, "reports": step.ties.reports}
    return orjson.dumps(line | {name: ids for name, ids in ties.items() if ids is not None})


def _members(sent: Sent) -> tuple[Member, ...]:
    """Return the member that a step adds or removes, with its name where neither the part nor the row's key has it."""
    step, operation = sent.step, sent.work.row.operation
    if step.member is None:
        return ()
    name = operation.references[0].key.value if operation.verb in MEMBERSHIP else None
    was = WasMember.YES if step.removes_member else WasMember.NO
    return (Member(step.member, name, WasMember.UNKNOWN if step.is_blind or step.unsure else was),)


def _shown(change: Change) -> Change:
    if any(is_secret(name) for name in change.path.replace(":", ".").split(".")):
        return Change(change.path, MASK, MASK)
    return Change(change.path, _masked(change.before), _masked(change.after))


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return redact(value)
    return [_masked(one) for one in value] if isinstance(value, list) else value


def note_of(step: Step, shown: JsonObject | None, *, takes_back: bool) -> str:
    """Return what people should know of a step that took effect; `takes_back`: it is one of a rollback."""
    if step.action is Action.CREATE and is_huge(shown):
        return _HUGE
    return _UNSEEN if step.is_blind and not takes_back else ""


def applied(sent: Sent, how: AppliedPart, shown: JsonObject | None, stripped: tuple[str, ...] = ()) -> Entry:
    """Return the end of a step that took effect; `shown` is the resource as the tenant shows it after that.

    `stripped` are groups that a user is in no more because it was deactivated.
    """
    step = sent.step
    made = as_found(step, shown) if how.seen else shown
    body = Applied(
        how.id,
        how.status,
        seen=how.seen,
        attempts=sent.work.step_attempts,
        covers=step.covers,
        after=redact(as_made(step.body, made)) if step.action is Action.CREATE else None,
        written=tuple(map(_shown, written_otherwise(step, shown))),
        stripped=stripped,
        note=how.note,
        unsure=how.unsure,
        partial=how.partial,
        left=how.left,
    )
    return sent.entry(body)


def refused(sent: Sent, judgement: Judgement, existed: Existed | None = None) -> Entry:
    """Return the end of a step that took no effect; `existed`: what a create met, which keeps it from being sent again."""
    body = Refused(
        judgement.status,
        judgement.scim_type,
        judgement.detail,
        sent.work.step_attempts,
        existed=None if existed is None else existed.id,
        touched=existed is not None and existed.touched,
    )
    return sent.entry(body)


def lost(sent: Sent, judgement: Judgement, named: str | None = None) -> Entry:
    """Return the end of a step of which it is not known whether it took effect; `named`: the id in its answer.

    One that was accepted is never found not applied.
    """
    accepted = judgement.verdict is Verdict.ACCEPTED
    attempts = sent.work.step_attempts
    body = Lost(judgement.status, judgement.detail, attempts, named or None, accepted, sent.is_shared)
    return sent.entry(body)


def settled(work: Work, decision: Settle) -> Entry:
    """Return the end of a row: all that its line in the results says."""
    operation = work.row.operation
    body = Settled(
        decision.state,
        operation.verb.value,
        operation.type,
        operation.target.value,
        id=decision.id,
        status=decision.status,
        scim_type=decision.scim_type,
        detail=_short(decision.detail),
        attempts=work.attempts,
        unlike=decision.unlike,
        differs=decision.differs,
        found=decision.found,
    )
    return Entry(body, ((work.number, ""),), counters=work.take_counters())


def _short(detail: str) -> str:
    """Return a detail without what is beyond its bound: it may quote values of any size."""
    return detail if len(detail) <= MOST_DETAIL else f"{detail[: MOST_DETAIL - 1]}…"


def work_of(
    row: Row, history: Sequence[Entry], claims: tuple[Claim, ...] = (), *, unproved: bool = False
) -> Work:
    """Return a row to be worked on, with what earlier sessions have done of it; `unproved` as in `facts_of`."""
    work = Work(
        row,
        facts_of(history, unproved=unproved),
        claims=claims,
        attempts=attempts_of(history),
        losses=losses_of(history),
        is_new=not history,
    )
    for entry in history:
        if isinstance(entry.body, Started) and entry.body.action is Action.CREATE:
            work.begins(entry.part, entry.body.covers)
    return work


def step_of(begun: Started, part: str, data: JsonObject | None = None) -> Step:
    """Rebuild a step of a part from its `started`, as far as telling what became of it needs.

    `data`: the row's record. What a create sent is taken from it; of a group that was made by its name, that is the name.
    """
    return Step(
        part=part,
        action=begun.action,
        type=begun.type,
        covers=begun.covers,
        id=begun.id,
        identity=begun.identity,
        body=_sent(begun, part, data or {}),
        member=begun.member_id,
        changes=tuple(change for change in begun.changes if MASK not in (change.before, change.after)),
        before=begun.before,
        ties=begun.ties,
        if_match=begun.if_match,
        left=begun.left,
    )


def _sent(begun: Started, part: str, data: JsonObject) -> JsonObject:
    if begun.action is not Action.CREATE:
        return {}
    return data if part == Action.CREATE else {key.attribute: key.value for key in begun.identity}
