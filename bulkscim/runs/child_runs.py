"""What the rollbacks of a run, child runs in its own folder, have brought about so far, and those of other runs."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bulkscim.errors import BulkScimError
from bulkscim.jobfile.reading import raw_records
from bulkscim.journal import journal, reader
from bulkscim.journal.bodies import Applied, Settled
from bulkscim.journal.durable import Disk
from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.runfolder import children, parent, runs
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.base_url import same_base_url
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.planning.verbs.create import CREATE, UPDATE
from bulkscim.reporting.source import find_source
from bulkscim.runs.applied_steps import applied_steps

_UNDONE = frozenset({RowState.DONE, RowState.NOOP})
_MADE = frozenset({CREATE, UPDATE})


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

    A step is undone when every row of one rollback that takes a part of it back has ended well, and every other row
    about the same users and groups: a later step that still stands may hide what is to go back.
    """
    found = Numbers()
    for child in children(folder, disk):
        again = _perhaps_undone(child, disk)
        with journal.read(child, disk) as recorded, closing(TextSet()) as left:
            good, bad, well = Numbers(), Numbers(), _ended_well(recorded, again)
            for number, body in records(recorded):
                if number not in well:
                    left.add(_about(body))
            for number, body in records(recorded):
                for step in body.get("_steps") or ():
                    (bad if number not in well or _about(body) in left else good).add(step)
        for step in good:
            if step not in bad:
                found.add(step)
    return found


def _perhaps_undone(folder: Path, disk: Disk) -> Numbers:
    """Return the steps of a run of which a rollback has undone at least a part, unless that was surely undone since.

    What a rollback of a rollback left of a resource does not hide what it did to the rest of it.
    """
    found = Numbers()
    for child in children(folder, disk):
        again = undone(child, disk)
        with journal.read(child, disk) as recorded:
            stands = _may_stand(recorded, again)
            for number, body in records(recorded):
                for step in (body.get("_steps") or ()) if number in stands else ():
                    found.add(step)
    return found


def _may_stand(recorded: RecordedRun, again: Numbers) -> Numbers:
    """Return the rows of a rollback that changed something, or found it as wanted; not where all of it was taken back."""
    found, back = Numbers(), Numbers()
    for entry in recorded.entries(Kind.APPLIED):
        for row, _ in entry.rows:
            (back if entry.step in again else found).add(row)
    for row in recorded.ledger.numbers():
        if recorded.ledger.state(row) in _UNDONE and row not in back:
            found.add(row)
    return found


def _about(body: JsonObject) -> str:
    """Return how a record names what it changes: one resource has one name in a rollback."""
    return str(body.get("id") or body.get("ref") or "")


def _ended_well(recorded: RecordedRun, again: Numbers) -> Numbers:
    """Return the rows of a rollback that ended well; `again` are its steps that were taken back since."""
    found, (back, sent) = Numbers(), _rows_of(recorded, again)
    for row in recorded.ledger.numbers():
        # After a step back, what was as wanted may be so no more.
        if recorded.ledger.state(row) in _UNDONE and row not in back and (not back or row in sent):
            found.add(row)
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


class TextSet:
    """A set of texts, kept off the heap."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table name (text text primary key) without rowid;"
        )

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def add(self, text: str) -> None:
        """Take a text in."""
        self._database.execute("insert or ignore into name values (?)", (text,))

    def __contains__(self, text: str) -> bool:
        found = self._database.execute("select 1 from name where text = ?", (text,))
        return found.fetchone() is not None


class Recreated:
    """Ids that rollbacks gave to what they recreated, through all generations; kept off the heap."""

    def __init__(self, folders: Iterable[Path], disk: Disk) -> None:
        self._gone, self._half_made = TextSet(), TextSet()
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; begin;"
            "create table made (old text primary key, new text) without rowid;"
        )
        for folder in folders:
            with journal.read(folder, disk) as recorded:
                self._take(recorded)

    def close(self) -> None:
        """Let the files go."""
        self._gone.close()
        self._half_made.close()
        self._database.close()

    def _take(self, recorded: RecordedRun) -> None:
        for step in applied_steps(recorded):
            if step.action is Action.DELETE and step.id:
                self._gone.add(step.id)
        for number, body in records(recorded):
            if body.get("op") == "create" and body.get("ref"):
                found = _made(recorded, number)
                if found:
                    self._database.execute("insert or replace into made values (?, ?)", (body["ref"], found))
                if found and recorded.ledger.state(number) is RowState.FAILED:
                    self._half_made.add(body["ref"])

    def _next(self, resource_id: str) -> str | None:
        found = self._database.execute("select new from made where old = ?", (resource_id,)).fetchone()
        return None if found is None else str(found[0])

    def now(self, resource_id: str) -> str:
        """Return the id that a resource has now; its own where it was not recreated, or not to stay."""
        found, seen = resource_id, {resource_id}
        while (after := self._next(found)) is not None and after not in seen:
            found = after
            seen.add(after)
        return resource_id if found in self._gone else found

    def is_half_made(self, resource_id: str) -> bool:
        """Return whether it was recreated by a row that failed at what comes after."""
        return resource_id in self._half_made

    def is_there(self, resource_id: str) -> bool:
        """Return whether something that was deleted is there again."""
        if self._next(resource_id) == resource_id:  # brought back under its old id
            return resource_id not in self._gone
        return self.now(resource_id) != resource_id


def _made(recorded: RecordedRun, row: int) -> str | None:
    """Return the id that a row made, or brought back."""
    for entry in reversed(recorded.history(row)):
        body = entry.body
        is_end = isinstance(body, Settled) and body.state in {*_UNDONE, RowState.SKIPPED}
        if (is_end or entry.part in _MADE) and isinstance(body, Settled | Applied) and body.id:
            return body.id
    return None  # a row that failed may name what stood in its way


def descendants(folder: Path, disk: Disk) -> Iterator[Path]:
    """Yield the rollbacks of a run, and theirs, and so on."""
    for child in children(folder, disk):
        yield child
        yield from descendants(child, disk)


def rollbacks_of_others(recorded: RecordedRun, disk: Disk) -> Iterator[Path]:
    """Yield the later rollbacks of the other runs on a run's tenant, in the folder that the run is in; the oldest run first.

    What such a rollback made again has an id that no run before it knows. What an earlier one made again the run has found, and
    perhaps deleted, also where it has its old id. One that cannot be read is left out.
    """
    top, url, begun = recorded.folder, recorded.header.tenant.base_url, _begun_at(recorded)
    while (above := parent(top, disk)) is not None:
        top = above
    for folder in _neighbours(top, disk):
        for child in descendants(folder, disk) if folder.name != top.name else ():
            try:
                with journal.read(child, disk) as other:
                    is_known = same_base_url(other.header.tenant.base_url, url) and _begun_at(other) >= begun
                    find_source(other.header, child)
            except BulkScimError:
                continue
            if is_known:
                yield child


def _begun_at(recorded: RecordedRun) -> float:
    return next((entry.time for entry in recorded.entries(Kind.OPENED)), 0.0)


class LaterRun(NamedTuple):
    """A run that began after another one; `same` counts the resources that both changed, None where it cannot be read."""

    folder: Path
    same: int | None


def later_runs(recorded: RecordedRun, disk: Disk) -> Iterator[LaterRun]:
    """Yield the runs that began after this one in the same folder, changed the same tenant and have no rollback."""
    own = frozenset(map(hash, recorded.applied_ids()))
    neighbours = _neighbours(recorded.folder, disk)
    at = next(
        (place for place, folder in enumerate(neighbours) if folder.name == recorded.folder.name),
        len(neighbours),
    )
    for folder in neighbours[at + 1 :]:
        try:
            with closing(journal.open_to_read(folder, disk)) as file:
                header = reader.header_of(file, folder / JOURNAL)
                is_same = same_base_url(header.tenant.base_url, recorded.header.tenant.base_url)
                if is_same and not children(folder, disk) and any(reader.entries_of(file, Kind.APPLIED)):
                    changed = frozenset(map(hash, reader.applied_ids(file, file.size())))
                    yield LaterRun(folder, len(own & changed))
        except (OSError, BulkScimError):
            yield LaterRun(folder, None)


def _neighbours(folder: Path, disk: Disk) -> list[Path]:
    """Return the runs of the folder that a run is in, the oldest first; none where it cannot be listed."""
    try:
        return runs(folder.parent, disk)
    except OSError:
        return []
