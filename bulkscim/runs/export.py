"""Write a tenant's users or groups as a job file, page by page; memory does not grow with the tenant."""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TextIO

import orjson

from bulkscim.jobfile.csv_writer import CsvWriter
from bulkscim.jobfile.exporting import NameOf, cells_of, identity_of, in_order, record_of
from bulkscim.journal.settings import Settings
from bulkscim.model.harmless import escaped_json
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.runs.tenant_reader import Browser, browsing
from bulkscim.scim.paths import find
from bulkscim.tenants.tenant import Tenant

HIDES = "the tenant does not list deactivated users; they are not among these"


@dataclass(slots=True)
class Exported:
    """What was written. `nameless` resources could not be named in a job file; `left_out` counts paths by name."""

    rows: int = 0
    nameless: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def export(
    tenant: Tenant,
    kind: str,
    layout: str,
    target: TextIO,
    settings: Settings,
    say: Callable[[str], None] | None = None,
) -> Exported:
    """Write all resources of a type as `jsonl` or `csv`; Stopped where the tenant does not show them all.

    `say` as in `browsing`.
    """
    told = Exported()
    async with browsing(tenant, settings, say) as browser:
        told.notes += browser.notes
        if kind == USER and not browser.profile.lists_inactive:
            told.notes.append(HIDES)
        if layout == "jsonl":
            async for resource in browser.resources(kind, partial(_data, kind)):
                record = _record(kind, resource, told)
                if record is not None:
                    target.write(escaped_json(orjson.dumps(record).decode()) + "\n")
        else:
            await _as_csv(browser, kind, target, told)
        told.warnings += browser.warnings
    return told


def _data(kind: str, resource: JsonObject) -> JsonObject:
    data: JsonObject = record_of(kind, resource)["data"]
    return data


def _record(kind: str, resource: JsonObject, told: Exported) -> JsonObject | None:
    record = record_of(kind, resource)
    if identity_of(record) is None:
        told.nameless += 1
        return None
    told.rows += 1
    return record


async def _as_csv(browser: Browser, kind: str, target: TextIO, told: Exported) -> None:
    """Read all of it into a private file first: only then are the columns known, and who is whose manager."""
    with tempfile.TemporaryFile() as spool, closing(_UserNames()) as names:
        async for resource in browser.resources(kind, partial(_data, kind)):
            record = _record(kind, resource, told)
            if record is not None:
                spool.write(orjson.dumps(record) + b"\n")
                names.keep(record)
        if kind == GROUP:
            async for resource in browser.resources(USER, lambda user: {"userName": find(user, "userName")}):
                names.keep(record_of(USER, resource))
        write_csv(target, lambda: _spooled(spool), names.of, told)


def write_csv(
    target: TextIO, records: Callable[[], Iterable[JsonObject]], name_of: NameOf, told: Exported
) -> None:
    """Write records as CSV, and count what no cell can hold; `records` is called twice.

    A record whose name no cell can hold is left out. `_row` numbers the lines for users.
    """
    columns: dict[str, str] = {}
    for record in records():
        cells, left_out = cells_of(record, name_of)
        if not _is_named(cells, record):
            told.nameless += 1
            told.rows -= 1
            continue
        left_out += [path for path in cells if columns.setdefault(path.lower(), path) != path]
        told.left_out.update(left_out)
    header = in_order(columns.values())
    writer = CsvWriter(target)
    write = writer.told if target.isatty() else writer.row
    write(header)
    number = 0
    for record in records():
        cells, _ = cells_of(record, name_of)
        if _is_named(cells, record):
            number += 1
            write((cells | {"_row": str(number)}).get(name) for name in header)


def _is_named(cells: dict[str, str], record: JsonObject) -> bool:
    """Return whether the cells name the record's resource."""
    return cells.get(name_attribute(record["type"])) == identity_of(record)


def _spooled(spool: IO[bytes]) -> Iterator[JsonObject]:
    spool.seek(0)
    yield from map(orjson.loads, spool)


class _UserNames:
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
