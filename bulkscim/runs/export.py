"""Write a tenant's users or groups as a job file, page by page; memory does not grow with the tenant."""

import csv
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, TextIO

import orjson

from bulkscim.jobfile.exporting import cells_of, identity_of, in_order, record_of
from bulkscim.jobfile.writer import guarded
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.runs.browsing import Browser, browsing
from bulkscim.runs.settings import Settings
from bulkscim.tenants.tenant import Tenant

HIDES = "the tenant does not list deactivated users; they are not among these"


@dataclass(slots=True)
class Exported:
    """What was written. `nameless` resources could not be named in a job file; `left_out` counts paths by name."""

    rows: int = 0
    nameless: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


async def export(tenant: Tenant, kind: str, layout: str, target: TextIO, settings: Settings) -> Exported:
    """Write all resources of a type as `jsonl` or `csv`; Stopped where the tenant does not show them all."""
    told = Exported()
    async with browsing(tenant, settings) as browser:
        told.notes += browser.notes
        if kind == USER and not browser.profile.lists_inactive:
            told.notes.append(HIDES)
        if layout == "jsonl":
            async for resource in browser.resources(kind):
                record = _record(kind, resource, told)
                if record is not None:
                    target.write(orjson.dumps(record).decode() + "\n")
        else:
            await _as_csv(browser, kind, target, told)
    return told


def _record(kind: str, resource: JsonObject, told: Exported) -> JsonObject | None:
    record = record_of(kind, resource)
    if identity_of(record) is None:
        told.nameless += 1
        return None
    told.rows += 1
    return record


async def _as_csv(browser: Browser, kind: str, target: TextIO, told: Exported) -> None:
    """Read all of it into a private file first: only then are the columns known, and who is whose manager."""
    with tempfile.TemporaryFile() as spool, closing(_Names()) as names:
        async for resource in browser.resources(kind):
            record = _record(kind, resource, told)
            if record is not None:
                spool.write(orjson.dumps(record) + b"\n")
                names.keep(record)
        if kind == GROUP:
            async for resource in browser.resources(USER):
                names.keep(record_of(USER, resource))
        columns: dict[str, None] = {}
        for record in _spooled(spool):
            cells, left_out = cells_of(record, names.of)
            columns |= dict.fromkeys(cells)
            told.left_out.update(left_out)
        _write_rows(target, in_order(columns), _spooled(spool), names)


def _write_rows(target: TextIO, columns: list[str], records: Iterator[JsonObject], names: "_Names") -> None:
    """Write the header and a line for each record; `_row` says that guarded cells are to be read as they were."""
    writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for number, record in enumerate(records, 1):
        cells, _ = cells_of(record, names.of)
        writer.writerow({name: guarded(text) for name, text in cells.items()} | {"_row": str(number)})


def _spooled(spool: IO[bytes]) -> Iterator[JsonObject]:
    spool.seek(0)
    yield from map(orjson.loads, spool)


class _Names:
    """The userName behind each user's id, kept off the heap."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.executescript(
            "pragma journal_mode = off; pragma synchronous = off; create table name (id text primary key, name text);"
        )

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def keep(self, record: JsonObject) -> None:
        """Note a user's name."""
        if record["type"] == USER:
            row = (record["_id"], identity_of(record))
            self._database.execute("insert or replace into name values (?, ?)", row)

    def of(self, resource_id: str) -> str | None:
        """Return a user's name, None for an id that is no user's."""
        row = self._database.execute("select name from name where id = ?", (resource_id,)).fetchone()
        return row[0] if row else None
