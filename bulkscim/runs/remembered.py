"""Whom earlier runs deactivated on a tenant, as their journals recorded it before they did."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkscim.engine import recording
from bulkscim.engine.hidden import deactivates
from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import reader, runfolder
from bulkscim.journal.durable import LocalDisk, Reader
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.operation import JsonObject


def deactivated(base_url: str, *places: Path) -> Iterator[JsonObject]:
    """Yield the users that runs of these folders began to deactivate on a tenant, each as it stood before.

    Oldest run first. A journal that cannot be read tells nothing: each user is read from the tenant anyway.
    """
    disk = LocalDisk()
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
    for entry in reader.started(file):
        step = recording.step_of(entry.body)
        if step.before is not None and deactivates(step.type, step.changes):
            yield step.before
