"""The job file of what is to be done later: the users that this run deactivated are deleted when their grace has ended.

One line for each who is deactivated now, by id, with what must still be so then: who came back is left alone.
"""

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import orjson

from bulkscim.journal.journal import RecordedRun
from bulkscim.model.grace import Grace
from bulkscim.model.operation import USER, JsonObject, Verb
from bulkscim.model.row import RowState
from bulkscim.outputs import run_file


def grace_of(header: JsonObject) -> Grace | None:
    """Return the grace that a run's definition gave, None where it gave none."""
    said = header.get("then")
    return Grace(int(said["after_days"])) if isinstance(said, dict) else None


def write_later(recorded: RecordedRun) -> Path | None:
    """Write the job file into the run's folder; None where the run gave no grace or deactivated no user."""
    grace = grace_of(recorded.header)
    if grace is None:
        return None
    day = grace.ends(recorded.timeline.started_at)
    path = recorded.folder / f"delete-after-{day.isoformat()}.jsonl"
    written = 0
    with run_file(path) as file:
        for record in _records(recorded, day):
            file.write(orjson.dumps(record).decode() + "\n")
            written += 1
    if not written:
        path.unlink()
    return path if written else None


def _records(recorded: RecordedRun, day: date) -> Iterator[JsonObject]:
    seen = sqlite3.connect("", isolation_level=None)  # a private temporary file
    seen.execute("create table id (id text primary key) without rowid")
    for entry in recorded.entries(RowState.DONE, RowState.NOOP):
        body = entry.body
        if body.get("op") != Verb.DEACTIVATE or not body.get("id"):
            continue
        if seen.execute("insert or ignore into id values (?)", (body["id"],)).rowcount:
            yield {
                "op": Verb.DELETE.value,
                "type": USER,
                "id": body["id"],
                "expect": {"active": False},
                "not_before": day.isoformat(),
                "_who": body.get("key"),
            }
