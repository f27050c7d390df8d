"""What the rollbacks of a run, child runs in its own folder, have brought about so far."""

import sqlite3
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


class Numbers:
    """A set of rows or steps: a byte for each up to the highest."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def add(self, number: int) -> None:
        """Take a number in."""
        missing = number + 1 - len(self._marks)
        if missing > 0:
            self._marks.extend(bytes(missing))
        self._marks[number] = 1

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number < len(self._marks) and self._marks[number] == 1

    def __iter__(self) -> Iterator[int]:
        return (number for number, mark in enumerate(self._marks) if mark)

    def __bool__(self) -> bool:
        return bool(self._marks)


def undone(folder: Path, disk: Disk) -> Numbers:
    """Return the steps of a run that its rollbacks have undone, and that were not done again since.

    A step is undone when every row of one rollback that takes a part of it back has ended well.
    """
    found = Numbers()
    for child in children(folder, disk):
        again = undone(child, disk)
        with journal.read(child, disk) as recorded:
            back, sent = _rows_of(recorded, again)
            good, bad = Numbers(), Numbers()
            for number, body in records(recorded):
                well = recorded.ledger.state(number) in _UNDONE and number not in back
                well = well and (not back or number in sent)  # after it, what was as wanted may be so no more
                for step in body.get("_steps") or ():
                    (good if well else bad).add(step)
        for step in good:
            if step not in bad:
                found.add(step)
    return found


def _rows_of(recorded: RecordedRun, steps: Numbers) -> tuple[Numbers, Numbers]:
    """Return the rows that steps of a run belong to, and all rows that changed anything; none without steps."""
    back, sent = Numbers(), Numbers()
    for entry in recorded.entries(Kind.APPLIED) if steps else ():
        for row, _ in entry.rows:
            sent.add(row)
            if entry.step in steps:
                back.add(row)
    return back, sent


def records(recorded: RecordedRun) -> Iterator[tuple[int, JsonObject]]:
    """Yield the records of a rollback's job file as written, each with its row."""
    source = find_source(recorded.header, recorded.folder)
    for record in raw_records(source):
        if record.number > recorded.ledger.rows:
            return
        yield record.number, record.body


class MadeAnew:
    """Ids that rollbacks gave to what they made anew, through all generations; kept off the heap."""

    def __init__(self, folders: Iterable[Path], disk: Disk) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table made (old text primary key, new text) without rowid;"
            "create table gone (id text primary key) without rowid;"
        )
        for folder in folders:
            with journal.read(folder, disk) as recorded:
                self._take(recorded)

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def _take(self, recorded: RecordedRun) -> None:
        for step in applied_steps(recorded):
            if step.action is Action.DELETE and step.id:
                self._database.execute("insert or ignore into gone values (?)", (step.id,))
        for number, body in records(recorded):
            if body.get("op") == "create" and body.get("ref"):
                found = _made(recorded, number)
                if found:
                    self._database.execute("insert or replace into made values (?, ?)", (body["ref"], found))

    def _next(self, resource_id: str) -> str | None:
        found = self._database.execute("select new from made where old = ?", (resource_id,)).fetchone()
        return None if found is None else str(found[0])

    def _is_gone(self, resource_id: str) -> bool:
        found = self._database.execute("select 1 from gone where id = ?", (resource_id,))
        return found.fetchone() is not None

    def now(self, resource_id: str) -> str:
        """Return the id that a resource has now; its own where it was not made anew, or not to stay."""
        found, seen = resource_id, {resource_id}
        while (after := self._next(found)) is not None and after not in seen:
            found = after
            seen.add(after)
        return resource_id if self._is_gone(found) else found

    def is_there(self, resource_id: str) -> bool:
        """Tell whether something that was deleted is there again."""
        if self._next(resource_id) == resource_id:  # brought back under its old id
            return not self._is_gone(resource_id)
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
