"""What a row has done so far, read back from its journal entries."""

from collections.abc import Iterable

from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.row import Applied, Existed, Facts, Refusal
from bulkscim.model.step import Action


def facts_of(history: Iterable[Entry], *, unproved: bool = False) -> Facts:
    """Fold a row's entries, oldest first, to the parts that took effect, and to what its create met.

    `unproved`: they are to be read back; so are those of a row that failed by that.
    """
    applied: dict[str, Applied] = {}
    unlike, taken = False, None
    begun, lost_members = set[int](), set[str]()
    for entry in history:
        if entry.kind is Kind.STARTED and _changes_who_was_known(entry):
            begun.add(entry.step)
        if entry.step in begun and entry.kind in {Kind.LOST, Kind.REFUSED} and _is_unknown(entry):
            lost_members.add(entry.body["part"])
        if entry.kind is Kind.REOPENED:  # what a part left out is to be tried again
            applied = {part: one for part, one in applied.items() if not one.left}
            taken = None
        if entry.kind is Kind.SETTLED:
            unlike = bool(entry.body.get("unlike"))
        if entry.kind is Kind.REFUSED and entry.body.get("existed"):
            taken = _taken(entry)
        if entry.kind is Kind.APPLIED:
            body = entry.body
            for part in (body["part"], *body.get("covers", ())):
                applied[part] = Applied(
                    part,
                    body.get("id"),
                    body.get("status"),
                    bool(body.get("seen")),
                    body.get("note", ""),
                    tuple(body.get("left", ())),
                    earlier=True,
                )
    return Facts(applied, taken=taken, unproved=unproved or unlike, lost_members=frozenset(lost_members))


def _changes_who_was_known(begun: Entry) -> bool:
    """Return whether a step adds a member, or removes one who was seen in the group."""
    seen = any(before is not None for _, before, _ in begun.body.get("changes", ()))
    action = begun.body.get("action")
    return action == Action.ADD_MEMBER or (action == Action.REMOVE_MEMBER and seen)


def _is_unknown(end: Entry) -> bool:
    """Return whether no answer says that a step took no effect: it was lost, or the process died before its answer."""
    return end.kind is Kind.LOST or end.body.get("status") is None


def _taken(entry: Entry) -> Refusal:
    """Return why a create was refused that met an existing resource."""
    body = entry.body
    existed = Existed(str(body["existed"]), touched=bool(body.get("touched")))
    part, detail = entry.rows[0][1], str(body.get("detail", ""))
    return Refusal(part, body.get("status"), body.get("scim_type"), detail, existed=existed)


def losses_of(history: Iterable[Entry]) -> int:
    """Count the answers that were lost since anything of the row took effect: its budget lasts over sessions."""
    losses = 0
    for entry in history:
        if entry.kind is Kind.LOST and not entry.body.get("accepted"):
            losses += 1
        elif entry.kind in {Kind.APPLIED, Kind.REOPENED}:
            losses = 0
    return losses


def attempts_of(history: Iterable[Entry]) -> int:
    """Count the requests that earlier sessions sent for a row's steps; a step whose end is not recorded counts as one."""
    attempts = dict[int, int]()
    for entry in history:
        if entry.kind is Kind.STARTED:
            attempts[entry.step] = 1
        elif entry.step in attempts:
            attempts[entry.step] = max(attempts[entry.step], entry.body.get("attempts") or 0)
    return sum(attempts.values())


def made_by(facts: Facts) -> str | None:
    """Return the id of the resource that the row itself made."""
    made = facts.applied.get("create")
    return made.id if made else None
