"""Whom earlier runs made or deactivated on a tenant: their ids, which the tenant may show no more."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkscim.engine import recording
from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import reader, runfolder
from bulkscim.journal.durable import Disk, Reader
from bulkscim.journal.entries import Kind
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.operation import USER, JsonObject, Verb
from bulkscim.model.row import RowState
from bulkscim.planning.effects import deactivates

MAKES = frozenset({Verb.CREATE, Verb.UPSERT})


def users(base_url: str, disk: Disk, *places: Path) -> Iterator[JsonObject]:
    """Yield the users that runs of these folders made or began to deactivate on a tenant: ids, and names then.

    Oldest run first. A journal that cannot be read tells nothing: each user is read from the tenant anyway.
    """
    for path in (path for place in places for path in runfolder.runs(place, disk)):
        try:
            with closing(disk.open_read(path / JOURNAL)) as file:
                header = reader.first_line(file, path / JOURNAL).entry.body
                if _same(header, base_url):
                    yield from _users(file)
        except (OSError, NoSuchRun, JournalDamaged):
            continue


def _same(header: JsonObject, base_url: str) -> bool:
    recorded = str(header.get("tenant", {}).get("base_url", ""))
    return recorded.rstrip("/").lower() == base_url.rstrip("/").lower()


def _users(file: Reader) -> Iterator[JsonObject]:
    for entry in reader.entries_of(file, Kind.STARTED, RowState.DONE, RowState.ADOPTED):
        user = _begun(entry.body) if entry.kind is Kind.STARTED else _made(entry.body)
        if user is not None:
            yield user


def _begun(body: JsonObject) -> JsonObject | None:
    step = recording.step_of(body)
    return step.before if deactivates(step.type, step.changes) else None


def _made(body: JsonObject) -> JsonObject | None:
    made = body.get("type") == USER and body.get("op") in MAKES and body.get("id")
    return {"id": body["id"], "userName": body["key"]} if made else None
