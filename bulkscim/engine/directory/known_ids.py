"""The ids of resources that a run has seen, and since when; kept off the heap.

A create that is answered with one of them has made nothing new.
"""

import sqlite3
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice

from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.reader import id_text
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Action

MARKS = 1 << 14  # sorted together


class KnownIds:
    """Ids by type: of what was found or listed, and of what the run has created or changed."""

    def __init__(self, clock: Clock, lag_s: float = 0.0) -> None:
        self._clock = clock
        self._lag_s = lag_s
        self._began = clock.monotonic()
        self._created: OrderedDict[tuple[str, str], float] = OrderedDict()  # within the visibility lag
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        self._database.execute(
            "create table known (type text, id text, at real, primary key (type, id)) without rowid"
        )
        self._recorded: RecordedRun | None = None
        self._marks: list[array[int]] = []

    def saw(self, kind: str, resources: Iterable[JsonObject]) -> None:
        """Take in resources that were read or created just now; those that are known stay known since then."""
        now = self._clock.monotonic()
        self._add((kind, str(one["id"]), now) for one in resources if one.get("id"))

    def created(self, kind: str, resource_id: str) -> None:
        """Take in what the run has just created: within the visibility lag the tenant may not show it yet."""
        self.saw(kind, ({"id": resource_id},))
        now = self._clock.monotonic()
        self._created[kind, resource_id] = now
        while self._created and next(iter(self._created.values())) + self._lag_s < now:
            self._created.popitem(last=False)

    def shown_by(self, kind: str, resource_id: str) -> float | None:
        """Return by when the tenant must show a resource that the run created; None where it must do so now.

        When an earlier session created it is not kept: it may have been just before this one began.
        """
        at = self._created.get((kind, resource_id))
        if at is None and self._may_be_recalled(resource_id) and self._is_recalled(kind, resource_id):
            at = self._began
        return None if at is None or self._clock.monotonic() >= at + self._lag_s else at + self._lag_s

    def recall(self, recorded: RecordedRun) -> None:
        """Take in what earlier sessions of the run have created or changed, by the journal.

        Of each id only 8 bytes are kept; the entries that name it are read when an answer shows it.
        """
        self._recorded = recorded
        marks = map(hash, recorded.applied_ids())
        while some := array("q", sorted(islice(marks, MARKS))):
            self._marks.append(some)

    def any_of(self, kind: str) -> bool:
        """Tell whether any resource of a type is known to this process."""
        query = "select 1 from known where type = ? limit 1"
        return self._database.execute(query, (kind,)).fetchone() is not None

    def forget(self, kind: str, resource_id: str) -> None:
        """Drop what the run has deleted: a service may give its id again."""
        self._created.pop((kind, resource_id), None)
        self._database.execute("delete from known where type = ? and id = ?", (kind, resource_id))

    def before(self, kind: str, resource_id: str, moment: float) -> bool:
        """Tell whether an id was known before a moment of the monotonic clock."""
        query = "select 1 from known where type = ? and id = ? and at < ?"
        return self._database.execute(query, (kind, resource_id, moment)).fetchone() is not None or (
            self._may_be_recalled(resource_id) and self._is_recalled(kind, resource_id)
        )

    def _may_be_recalled(self, resource_id: str) -> bool:
        mark = hash(id_text(resource_id))
        places = ((marks, bisect_left(marks, mark)) for marks in self._marks)
        return any(place < len(marks) and marks[place] == mark for marks, place in places)

    def _is_recalled(self, kind: str, resource_id: str) -> bool:
        """Tell whether the last step of the run that names an id has left it there."""
        found = False
        if self._recorded is not None:
            for entry in self._recorded.entries(Kind.APPLIED, holding=id_text(resource_id)):
                begun = self._recorded.beginning_of(entry)
                if entry.body.get("id") == resource_id and begun and begun.body["type"] == kind:
                    found = begun.body["action"] != Action.DELETE
        return found

    def _add(self, rows: Iterable[tuple[str, str, float]]) -> None:
        self._database.executemany("insert or ignore into known values (?, ?, ?)", rows)
