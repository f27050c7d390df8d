"""Rows that wrote something in an earlier session and were left before it was read back.

What they wrote can still be held against the tenant where no other row has touched it since: nothing else of this run
can have changed it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.row import RowState


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
    for row in range(1, ledger.rows + 1):
        if ledger.state(row) is RowState.PENDING and ledger.last_offset(row):
            for one in _wrote(row, recorded.history(row)):
                rows.add(row)
                for resource_id in {one.id, one.member or one.id}:
                    written.setdefault(resource_id, []).append(one)
    for entry in recorded.entries(Kind.STARTED) if rows else ():
        about = written.get(entry.body.get("id") or "", ())
        rows -= {one.row for one in about if _touches(entry, one)}
    return rows


def _wrote(row: int, history: Iterable[Entry]) -> Iterator[Wrote]:
    begun: dict[int, Entry] = {}
    for entry in history:
        if entry.kind is Kind.STARTED:
            begun[entry.step] = entry
        elif entry.kind is Kind.APPLIED and entry.body.get("id"):
            member = begun[entry.step].body.get("member")
            yield Wrote(row, entry.step, entry.body["id"], member)


def _touches(entry: Entry, one: Wrote) -> bool:
    """Return whether a step may have changed what another row wrote before."""
    if entry.step <= one.step or any(row == one.row for row, _ in entry.rows):
        return False
    other = entry.body.get("member")
    return one.member is None or other is None or other == one.member or entry.body["id"] == one.member
