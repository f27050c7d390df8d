"""What the engine writes into the journal, and reads back from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bulkscim.engine.facts import attempts_of, facts_of, losses_of
from bulkscim.engine.work import Moment, Work
from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.operation import MEMBERSHIP, USER, JsonObject, Key
from bulkscim.model.row import Applied, Existed, Row
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step, Ties
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.compare import redact
from bulkscim.planning.decision import Settle
from bulkscim.planning.derived import written_otherwise
from bulkscim.planning.effects import as_made, before_image, deactivates, is_huge
from bulkscim.planning.order import Claim
from bulkscim.scim.schemas import is_secret

MOST_DETAIL = 2000  # characters of a row's detail
_HUGE = "the tenant's answer is too large to be kept; the journal has what was sent"
_UNSEEN = "whether the member was in the group is not known; a rollback does not add it"


@dataclass(frozen=True, slots=True)
class Sent:
    """A step under its number, from its start to its end."""

    work: Work
    step: Step
    number: int

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

    def entry(self, kind: Kind, body: JsonObject) -> Entry:
        """Return an entry of this step, with the counters since the row's last one."""
        return Entry(
            kind,
            ((self.work.number, self.step.part),),
            self.number,
            counters=self.work.take_counters(),
            body={"part": self.step.part, **body},
        )


def started(sent: Sent, intent: Moment, left_out: Sequence[tuple[str, str]] = ()) -> Entry:
    """Return the intent, with all that undo and recovery will need; `left_out`: what lookups were found not to show."""
    step = sent.step
    body: JsonObject = {
        "covers": list(step.covers),
        "action": step.action.value,
        "method": step.method,
        "type": step.type,
        "id": step.id,
        "identity": [[key.type, key.attribute, key.value] for key in step.identity],
        "member": step.member,
        "changes": [_shown(change) for change in step.changes],
        "if_match": step.if_match,
        "server_time": round(intent.at, 3),
        "absent": any(key.folded in sent.work.absent for key in step.identity),
    }
    operation = sent.work.row.operation
    if (
        step.member is not None and operation.verb in MEMBERSHIP
    ):  # elsewhere the part or the row's key has the name
        body["member_name"] = operation.references[0].key.value
    before = before_image(step)
    if before is not None:
        body["before"] = redact(before)
    if step.ties is not None:
        body["groups"] = step.ties.groups
        if step.action is Action.DELETE and step.type == USER:
            body["reports"] = step.ties.reports
    if step.left:
        body["left"] = list(step.left)
    if step.adopts:
        body["adopts"] = True
    if step.is_blind:
        body["unknown"] = True
    if not intent.stated:
        body["local"] = True
    if left_out:
        body["left_out"] = left_out
    return sent.entry(Kind.STARTED, body)


def _shown(change: Change) -> list[Any]:
    if any(is_secret(name) for name in change.path.replace(":", ".").split(".")):
        return [change.path, MASK, MASK]
    return [change.path, _masked(change.before), _masked(change.after)]


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return redact(value)
    return [_masked(one) for one in value] if isinstance(value, list) else value


def note_of(step: Step, shown: JsonObject | None, *, takes_back: bool) -> str:
    """Return what people should know of a step that took effect; `takes_back`: it is one of a rollback."""
    if step.action is Action.CREATE and is_huge(shown):
        return _HUGE
    return _UNSEEN if step.is_blind and not takes_back else ""


def applied(sent: Sent, how: Applied, shown: JsonObject | None, stripped: tuple[str, ...] = ()) -> Entry:
    """Return the end of a step that took effect; `shown` is the resource as the tenant shows it after that.

    `stripped` are groups that a user is in no more because it was deactivated.
    """
    body: JsonObject = {
        "covers": list(sent.step.covers),
        "id": how.id,
        "status": how.status,
        "seen": how.seen,
        "attempts": sent.work.step_attempts,
    }
    if sent.step.action is Action.CREATE:
        body["after"] = redact(as_made(sent.step.body, shown))
    written = [_shown(change) for change in written_otherwise(sent.step, shown)]
    if written:
        body["written"] = written
    if stripped:
        body["stripped"] = stripped
    if how.note:
        body["note"] = how.note
    if how.unsure:
        body["unsure"] = True
    if how.partial:
        body["partial"] = True
    if how.left:
        body["left"] = list(how.left)
    return sent.entry(Kind.APPLIED, body)


def refused(sent: Sent, judgement: Judgement, existed: Existed | None = None) -> Entry:
    """Return the end of a step that took no effect; `existed`: what a create met, which keeps it from being sent again."""
    body: JsonObject = {
        "status": judgement.status,
        "scim_type": judgement.scim_type,
        "detail": judgement.detail,
        "attempts": sent.work.step_attempts,
    }
    if existed is not None:
        body["existed"] = existed.id
        body |= {"touched": True} if existed.touched else {}
    return sent.entry(Kind.REFUSED, body)


def lost(sent: Sent, judgement: Judgement, named: str | None = None) -> Entry:
    """Return the end of a step of which it is not known whether it took effect; `named`: the id in its answer.

    One that was accepted is never found not applied.
    """
    body: JsonObject = {
        "status": judgement.status,
        "detail": judgement.detail,
        "attempts": sent.work.step_attempts,
    }
    if named:
        body["id"] = named
    if judgement.verdict is Verdict.ACCEPTED:
        body["accepted"] = True
    return sent.entry(Kind.LOST, body)


def settled(work: Work, decision: Settle) -> Entry:
    """Return the end of a row: all that its line in the results says."""
    operation = work.row.operation
    return Entry(
        Kind.SETTLED,
        ((work.number, ""),),
        state=decision.state,
        counters=work.take_counters(),
        body={
            "op": operation.verb.value,
            "type": operation.type,
            "key": operation.target.value,
            "id": decision.id,
            "status": decision.status,
            "scim_type": decision.scim_type,
            "detail": _short(decision.detail),
            "attempts": work.attempts,
            **({"unlike": True} if decision.unlike else {}),
            **({"differs": True} if decision.differs else {}),
            **({"found": True} if decision.found else {}),
        },
    )


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
        if entry.kind is Kind.STARTED and entry.body["action"] == Action.CREATE:
            work.begins(entry.body["part"], entry.body.get("covers", ()))
    return work


def step_of(body: Mapping[str, Any]) -> Step:
    """Rebuild a step from its `started` entry, as far as telling what became of it needs."""
    return Step(
        part=body["part"],
        action=Action(body["action"]),
        type=body["type"],
        covers=tuple(body.get("covers", ())),
        id=body.get("id"),
        identity=tuple(Key(*parts) for parts in body.get("identity", ())),
        member=body.get("member"),
        changes=tuple(Change(*parts) for parts in body.get("changes", ()) if MASK not in parts[1:]),
        before=body.get("before"),
        ties=Ties(_ids(body["groups"]), _ids(body.get("reports"))) if "groups" in body else None,
        if_match=body.get("if_match"),
        left=tuple(body.get("left", ())),
    )


def _ids(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)
