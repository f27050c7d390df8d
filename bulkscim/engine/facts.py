"""What a row has done so far, read back from its journal entries."""

from collections.abc import Iterable

from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.row import Applied, Existed, Facts, Refusal


def facts_of(history: Iterable[Entry], *, unproved: bool = False) -> Facts:
    """Fold a row's entries, oldest first, to the parts that took effect, and to what its create met.

    `unproved`: they are to be read back; so are those of a row that failed by that.
    """
    applied: dict[str, Applied] = {}
    unlike, taken = False, None
    for entry in history:
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
    return Facts(applied, taken=taken, unproved=unproved or unlike)


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


def made_by(facts: Facts) -> str | None:
    """Return the id of the resource that the row itself made."""
    made = facts.applied.get("create")
    return made.id if made else None
