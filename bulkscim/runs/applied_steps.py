"""The steps of a run that took effect, as its journal tells them."""

from collections.abc import Iterator

from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import MEMBERSHIP, USER, JsonObject, Key
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change
from bulkscim.planning.derived import as_written
from bulkscim.planning.undo.inverse import TakenStep

_PART = "member:"
_MEMBER = b'"member":"'


def applied_steps(recorded: RecordedRun) -> Iterator[TakenStep]:
    """Yield the steps of a run that took effect, in the order in which they did."""
    open_steps: dict[int, Entry] = {}
    for entry in recorded.entries(Kind.STARTED, Kind.APPLIED, Kind.REFUSED):
        if entry.kind is Kind.STARTED:
            open_steps[entry.step] = entry
        else:
            begun = open_steps.pop(entry.step, None)
            if entry.kind is Kind.APPLIED and begun is not None:
                yield taken_step(begun.body | _ended(entry.body), entry.step, entry.rows[0][0])


def names_of(recorded: RecordedRun) -> Iterator[tuple[str, str]]:
    """Yield ids with the names that the rows of a run gave them; an id may come more than once."""
    for entry in recorded.entries(*RowState):
        if entry.body.get("id") and entry.body.get("key"):
            yield entry.body["id"], entry.body["key"]
    for entry in recorded.entries(Kind.STARTED, holding=_MEMBER):
        body, (row, part) = entry.body, entry.rows[0]
        last = recorded.last(row)
        own = last.body.get("type") if last is not None else None
        if body.get("member_name"):
            yield body["member"], body["member_name"]
        if not body.get("member"):
            continue
        if own == USER or body.get("member_name"):
            yield body["id"], part.removeprefix(_PART)
        elif last is not None and last.body.get("op") not in MEMBERSHIP:
            yield body["member"], part.removeprefix(_PART)


def _ended(body: JsonObject) -> JsonObject:
    kept = {name: body[name] for name in ("after", "stripped", "unsure", "written") if name in body}
    return kept | ({"id": body["id"]} if body.get("id") else {})


def taken_step(body: JsonObject, step: int, row: int) -> TakenStep:
    """Read a step back from what the journal holds of its start and its end."""
    groups, reports = body.get("groups"), body.get("reports")
    written = {path: after for path, _, after in body.get("written", ())}
    return TakenStep(
        number=step,
        row=row,
        part=body["part"],
        action=Action(body["action"]),
        type=body["type"],
        id=body.get("id"),
        identity=tuple(Key(*parts) for parts in body.get("identity", ())),
        member=body.get("member"),
        changes=tuple(
            as_written(Change(*one), written[one[0]]) if one[0] in written else Change(*one)
            for one in body.get("changes", ())
        ),
        before=body.get("before"),
        groups=None if groups is None else tuple(groups),
        reports=None if reports is None else tuple(reports),
        after=body.get("after"),
        stripped=tuple(body.get("stripped", ())),
        unsure=bool(body.get("unsure") or body.get("unknown")),
    )
