"""What rows have done and made so far, read back from their journal entries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bulkscim.engine.work import Work
from bulkscim.journal import bodies
from bulkscim.journal.bodies import Lost, Refused, Reopened, Settled, Started, StepEnd
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import Journal, RecordedRun
from bulkscim.model.live import ParentAnswer, ParentFailed, ParentLater, ParentReady
from bulkscim.model.row import Applied, Existed, Facts, Refusal, RowState
from bulkscim.model.step import JOINT, Action, left_groups

WINDOW = 1000


def facts_of(history: Iterable[Entry], *, unproved: bool = False) -> Facts:
    """Fold a row's entries, oldest first, to the parts that took effect, and to what its create met.

    `unproved`: they are to be read back; so are those of a row that failed by that.
    """
    applied: dict[str, Applied] = {}
    unlike, taken, lost_members = False, None, set[str]()
    begun, leaves = dict[int, tuple[str, ...]](), dict[int, tuple[str, ...]]()
    for entry in history:
        body = entry.body
        if isinstance(body, Started):
            begun[entry.step] = _member_parts(entry.part, body)
        if isinstance(body, Started) and body.action is Action.ADD_MEMBER:
            leaves[entry.step] = left_groups(body.changes)
        if isinstance(body, Lost | Refused) and _is_unknown(body, entry.part):
            lost_members.update(begun.get(entry.step, ()))
        match body:
            case Reopened():  # what a part left out is to be tried again
                applied = {part: one for part, one in applied.items() if not one.left}
                taken = None
            case Settled():
                unlike = body.unlike
            case Refused() if body.existed:
                existed = Existed(body.existed, touched=body.touched)
                taken = Refusal(entry.part, body.status, body.scim_type, body.detail, existed=existed)
            case bodies.Applied() if not body.partial:
                how = Applied(entry.part, body.id, body.status, body.seen, body.note, body.left, earlier=True)
                how = replace(how, leaves=leaves.get(entry.step, ()))
                applied |= {part: replace(how, part=part) for part in (entry.part, *body.covers)}
            case _:
                pass
    return Facts(applied, taken=taken, unproved=unproved or unlike, lost_members=frozenset(lost_members))


def _member_parts(part: str, begun: Started) -> tuple[str, ...]:
    """Return the parts by which a step adds members, or removes one who was seen in the group."""
    if part.startswith(JOINT):
        return begun.covers
    seen = any(change.before is not None for change in begun.changes)
    known = begun.action is Action.ADD_MEMBER or (begun.action is Action.REMOVE_MEMBER and seen)
    return (part,) if known else ()


def _is_unknown(end: Lost | Refused, part: str) -> bool:
    """Return whether no answer says that a step took no effect: it was lost, or the process died before its answer.

    One that added several members may have added some of them before it was refused.
    """
    return isinstance(end, Lost) or end.status is None or part.startswith(JOINT)


def losses_of(history: Iterable[Entry]) -> int:
    """Count the answers that were lost since anything of the row took effect: its budget lasts over sessions."""
    losses = 0
    for entry in history:
        if isinstance(entry.body, Lost) and not (entry.body.accepted or entry.body.shared):
            losses += 1
        elif isinstance(entry.body, bodies.Applied | Reopened):
            losses = 0
    return losses


def attempts_of(history: Iterable[Entry]) -> int:
    """Count the requests that earlier sessions sent for a row's steps; a step whose end is not recorded counts as one."""
    attempts = dict[int, int]()
    for entry in history:
        if isinstance(entry.body, Started):
            attempts[entry.step] = 1
        elif entry.step in attempts and isinstance(entry.body, StepEnd):
            attempts[entry.step] = max(attempts[entry.step], entry.body.attempts)
    return sum(attempts.values())


def made_by(facts: Facts) -> str | None:
    """Return the id of the resource that the row itself made."""
    made = facts.applied.get("create")
    return made.id if made else None


class Parents:
    """What rows of this run have made, for the rows that refer to them."""

    def __init__(
        self,
        journal: Journal,
        alive: Callable[[int], Work | None],
        fed: Callable[[], int],
        found: Mapping[int, str],
        updates: Mapping[int, tuple[str, int]],
    ) -> None:
        self._journal = journal
        self._alive = alive
        self._fed = fed  # the highest row that the feed has gone past in this pass
        self._found = found  # of rows that were left for later: the ids that they did not create themselves
        self._updates = updates  # of upserts that earlier rows hold back, also in earlier passes

    def answer(self, child: int, parent: int) -> ParentAnswer | None:
        """Return what the parent row made; None where it is worth waiting for."""
        work = self._alive(parent)
        if work is not None:
            made = made_by(work.facts) or work.found
            return ParentReady(made) if made else None
        ledger = self._journal.ledger
        made = made_by(facts_of(self._journal.history(parent))) if ledger.last_offset(parent) else None
        if made:
            return ParentReady(made)
        updated, first = self._updates.get(parent, ("", 0))
        if (
            child < first and ledger.state(parent) is RowState.PENDING
        ):  # nothing is left to change it before this child
            return ParentReady(updated)
        if parent > self._fed() and ledger.state(parent) is RowState.PENDING:
            return None if parent - child < WINDOW else ParentLater(parent)
        return self._ended(parent)

    def _ended(self, parent: int) -> ParentAnswer:
        """Return what a row found that is not under way and made nothing: it settled, or was left for later."""
        state = self._journal.ledger.state(parent)
        if state is RowState.PENDING and parent in self._found:
            return ParentReady(self._found[parent])
        if state in {RowState.PENDING, RowState.IN_DOUBT}:
            return ParentLater(parent)
        end = self._journal.end_of(parent)
        if state in {RowState.FAILED, RowState.SKIPPED} and not (end and end.found):
            return ParentFailed(parent, (end.detail if end else "") or state.value)
        return ParentReady(end.id) if end and end.id else ParentFailed(parent, "its id is not known")


@dataclass(frozen=True, slots=True)
class Wrote:
    """A step that took effect: on a resource, or on one membership of a group."""

    row: int
    step: int
    id: str
    member: str | None


def unproved(recorded: RecordedRun) -> set[int]:
    """Return the pending rows that have written something which no later step of another row is about."""
    ledger = recorded.ledger
    written: dict[str, list[Wrote]] = {}
    rows: set[int] = set()
    for row in ledger.numbers():
        if ledger.is_pending(row) and ledger.last_offset(row):
            for one in _wrote(row, recorded.history(row)):
                rows.add(row)
                for resource_id in {one.id, one.member or one.id}:
                    written.setdefault(resource_id, []).append(one)
    for entry, begun in recorded.each(Started) if rows else ():
        about = written.get(begun.id or "", ())
        rows -= {one.row for one in about if _touches(entry, begun, one)}
    return rows


def _wrote(row: int, history: Iterable[Entry]) -> Iterator[Wrote]:
    begun: dict[int, Started] = {}
    for entry in history:
        if isinstance(entry.body, Started):
            begun[entry.step] = entry.body
        elif isinstance(entry.body, bodies.Applied) and entry.body.id:
            yield Wrote(row, entry.step, entry.body.id, begun[entry.step].member_id)


def _touches(entry: Entry, begun: Started, one: Wrote) -> bool:
    """Return whether a step may have changed what another row wrote before."""
    if entry.step <= one.step or any(row == one.row for row, _ in entry.rows):
        return False
    other = begun.member_id
    return one.member is None or other is None or one.member in {other, begun.id}
