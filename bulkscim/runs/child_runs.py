"""What the rollbacks of a run, child runs in its own folder, have brought about so far."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from bulkscim.jobfile.reading import raw_records
from bulkscim.journal import journal
from bulkscim.journal.durable import Disk
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.runfolder import children
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.reporting.source import find_source
from bulkscim.runs.applied_steps import applied_steps

_UNDONE = frozenset({RowState.DONE, RowState.NOOP})


def undone(folder: Path, disk: Disk) -> set[int]:
    """Return the steps of a run that its rollbacks have undone, and that were not done again since.

    A step is undone when every row of one rollback that takes a part of it back has ended well.
    """
    found: set[int] = set()
    for child in children(folder, disk):
        again = undone(child, disk)
        with journal.read(child, disk) as recorded:
            back, sent = _rows_of(recorded, again)
            good, bad = set[int](), set[int]()
            for number, body in records(recorded):
                well = recorded.ledger.state(number) in _UNDONE and number not in back
                well = well and (not back or number in sent)  # after it, what was as wanted may be so no more
                (good if well else bad).update(body.get("_steps") or ())
            found |= good - bad
    return found


def _rows_of(recorded: RecordedRun, steps: set[int]) -> tuple[set[int], set[int]]:
    """Return the rows that steps of a run belong to, and all rows that changed anything; none without steps."""
    if not steps:
        return set(), set()
    applied = [(entry.step, row) for entry in recorded.entries(Kind.APPLIED) for row, _ in entry.rows]
    return {row for step, row in applied if step in steps}, {row for _, row in applied}


def records(recorded: RecordedRun) -> Iterator[tuple[int, JsonObject]]:
    """Yield the records of a rollback's job file as written, each with its row."""
    source = find_source(recorded.header, recorded.folder)
    for record in raw_records(source):
        if record.number > recorded.ledger.rows:
            return
        yield record.number, record.body


class MadeAnew:
    """Ids that rollbacks gave to what they made anew, through all generations."""

    def __init__(self, folders: Iterable[Path], disk: Disk) -> None:
        self._next: dict[str, str] = {}
        self._gone: set[str] = set()
        for folder in folders:
            with journal.read(folder, disk) as recorded:
                self._take(recorded)

    def _take(self, recorded: RecordedRun) -> None:
        steps = applied_steps(recorded)
        self._gone.update(step.id for step in steps if step.action is Action.DELETE and step.id)
        for number, body in records(recorded):
            if body.get("op") == "create" and body.get("ref"):
                found = _made(recorded, number)
                if found:
                    self._next[body["ref"]] = found

    def now(self, resource_id: str) -> str:
        """Return the id that a resource has now; its own where it was not made anew, or not to stay."""
        found, seen = resource_id, {resource_id}
        while (after := self._next.get(found)) is not None and after not in seen:
            found = after
            seen.add(after)
        return resource_id if found in self._gone else found

    def is_there(self, resource_id: str) -> bool:
        """Tell whether something that was deleted is there again."""
        if self._next.get(resource_id) == resource_id:  # brought back under its old id
            return resource_id not in self._gone
        return self.now(resource_id) != resource_id


def _made(recorded: RecordedRun, row: int) -> str | None:
    """Return the id that a row made, or brought back."""
    for entry in reversed(recorded.history(row)):
        if entry.kind in {Kind.APPLIED, Kind.SETTLED} and entry.body.get("id"):
            ended_well = entry.kind is Kind.APPLIED or entry.state in {*_UNDONE, RowState.SKIPPED}
            return str(entry.body["id"]) if ended_well else None
    return None


def descendants(folder: Path, disk: Disk) -> Iterator[Path]:
    """Yield the rollbacks of a run, and theirs, and so on."""
    for child in children(folder, disk):
        yield child
        yield from descendants(child, disk)
