"""The ids of resources that a run has seen, and since when; kept off the heap.

A create that is answered with one of them has made nothing new.
"""

import sqlite3
from collections.abc import Iterable
from math import inf

from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Action


class KnownIds:
    """Ids by type: of what was found or listed, and of what the run has created or changed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript("pragma journal_mode = off; pragma synchronous = off;")
        self._database.execute(
            "create table known (type text, id text, at real, primary key (type, id)) without rowid"
        )

    def saw(self, kind: str, resources: Iterable[JsonObject]) -> None:
        """Take in resources that were read or created just now; those that are known stay known since then."""
        now = self._clock.monotonic()
        self._add((kind, str(one["id"]), now) for one in resources if one.get("id"))

    def recall(self, recorded: RecordedRun) -> None:
        """Take in what earlier sessions of the run have created or changed, by the journal."""
        begun: dict[int, Entry] = {}
        for entry in recorded.entries(Kind.STARTED, Kind.APPLIED, Kind.REFUSED):
            if entry.kind is Kind.STARTED:
                begun[entry.step] = entry
                continue
            start = begun.pop(entry.step, None)
            if start is None or entry.kind is Kind.REFUSED or not entry.body.get("id"):
                continue
            kind, resource_id = start.body["type"], str(entry.body["id"])
            if start.body["action"] == Action.DELETE:
                self.forget(kind, resource_id)
            else:
                self._add([(kind, resource_id, -inf)])

    def forget(self, kind: str, resource_id: str) -> None:
        """Drop what the run has deleted: a service may give its id again."""
        self._database.execute("delete from known where type = ? and id = ?", (kind, resource_id))

    def before(self, kind: str, resource_id: str, moment: float) -> bool:
        """Tell whether an id was known before a moment of the monotonic clock."""
        query = "select 1 from known where type = ? and id = ? and at < ?"
        return self._database.execute(query, (kind, resource_id, moment)).fetchone() is not None

    def _add(self, rows: Iterable[tuple[str, str, float]]) -> None:
        self._database.executemany("insert or ignore into known values (?, ?, ?)", rows)
