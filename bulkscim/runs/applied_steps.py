"""The steps of a run that took effect, as its journal tells them."""

from collections.abc import Iterator
from dataclasses import replace

from bulkscim.journal.bodies import Applied, Refused, Settled, Started, Stopped, WasMember
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import MEMBERSHIP, USER
from bulkscim.model.step import Action
from bulkscim.planning.derived import as_written
from bulkscim.planning.undo.inverse import TakenStep

_PART = "member:"
_MEMBER = b'"member'
_LOST = b'"lost"'


def applied_steps(recorded: RecordedRun) -> Iterator[TakenStep]:
    """Yield the steps of a run that took effect, in the order in which they did."""
    open_steps: dict[int, Started] = {}
    lost = {stopped.step: stopped.lost for _, stopped in recorded.each(Stopped, holding=_LOST)}
    for entry in recorded.entries(Kind.STARTED, Kind.APPLIED, Kind.REFUSED):
        match entry.body:
            case Started() as begun:
                open_steps[entry.step] = begun
            case Applied() as applied if entry.step in open_steps:
                taken = taken_step(open_steps.pop(entry.step), applied, entry.step, entry.rows[0])
                yield replace(taken, lost=lost.get(entry.step, ()))
            case Refused():
                open_steps.pop(entry.step, None)
            case _:
                pass


def names_of(recorded: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield ids with the names that the rows of a run gave them; an id may come more than once."""
    for _, end in recorded.ends():
        if end.id and end.key:
            yield end.id, end.key
    for entry, begun in recorded.each(Started, holding=_MEMBER):
        row, part = entry.rows[0]
        if (member := begun.member) is None:
            continue
        last = recorded.last(row)
        ended = last.body if last is not None and isinstance(last.body, Settled) else None
        if member.name is not None:
            yield member.id, member.name
        if member.name is not None or (ended is not None and ended.type == USER):
            yield from [(begun.id or "", part.removeprefix(_PART))] if part.startswith(_PART) else ()
        elif ended is not None and ended.op not in MEMBERSHIP:
            yield member.id, part.removeprefix(_PART)


def taken_step(begun: Started, applied: Applied, step: int, served: tuple[int, str]) -> TakenStep:
    """Read a step back from what the journal holds of its start and its end; `served`: its row and part."""
    row, part = served
    written = {change.path: change.after for change in applied.written}
    unknown = begun.member is not None and begun.member.was is WasMember.UNKNOWN
    adds = begun.action is Action.ADD_MEMBER
    return TakenStep(
        number=step,
        row=row,
        part=part,
        action=begun.action,
        type=begun.type,
        id=applied.id or begun.id,
        identity=begun.identity,
        member=begun.member_id,
        changes=tuple(
            as_written(change, written[change.path]) if change.path in written else change
            for change in begun.changes
        ),
        before=begun.before,
        groups=begun.ties.groups if begun.ties else None,
        reports=begun.ties.reports if begun.ties else None,
        after=applied.after,
        stripped=applied.stripped,
        unsure=applied.unsure or (unknown and not adds),
        unproved=unknown and adds,
    )
