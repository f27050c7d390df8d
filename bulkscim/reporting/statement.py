"""A statement on a run, that an auditor can file: as values, and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bulkscim.journal import typed_json
from bulkscim.journal.tombstone import PurgedBy
from bulkscim.journal.typed_json import FLAT, OMITTED, REST
from bulkscim.model.operation import JsonObject
from bulkscim.model.run import RecordedParent, RunState, Totals


@dataclass(frozen=True, slots=True)
class StatedTenant:
    """The tenant of a run."""

    base_url: str = ""
    profile: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class StatedJob:
    """The job file of a run as it began, and where it was found now; `wrong`: how that one differs."""

    path: str = ""
    size: int | None = None
    sha256: str = ""
    found: str | None = None
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class StatedSession:
    """One process's work on a run; `how` is the kind of entry that ended it, None where none did."""

    command: str | None
    user: str | None
    host: str | None
    pid: int | None
    version: str | None
    begun: str | None
    ended: str | None
    how: str | None
    why: str | None
    chain: str | None


@dataclass(frozen=True, slots=True)
class StatedJournal:
    """How large a journal is. `torn_bytes` were never acknowledged; `closed` and `repaired` count such entries."""

    lines: int
    commits: int
    bytes: int
    torn_bytes: int
    closed: int
    repaired: int


@dataclass(frozen=True, slots=True)
class StatedHead:
    """The line of a chain head that was given."""

    line: int
    offset: int | None = field(metadata=OMITTED)
    time: str | None
    kind: str
    chain: str
    lines_after: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource that is not as recorded: where (an empty path: the whole of it), by which row, and what the tenant shows."""

    row: int
    type: str
    id: str
    path: str
    recorded: Any
    live: Any


@dataclass(frozen=True, slots=True)
class StatedLive:
    """What reading a tenant back has shown. `children` are rollbacks of the run, taken into account."""

    at: str | None
    as_recorded: int
    resources: int
    children: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class StatedPurge:
    """When a run was purged, and by which process."""

    at: str | None
    by: PurgedBy = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a journal proves, and what it does not; of a purged run what can be proved still.

    `others` is what else an earlier version has kept.
    """

    run: str
    verified_at: str | None
    verified_with: str
    folder: str
    command: str | None
    note: str | None
    parent: RecordedParent | None
    tenant: StatedTenant
    job: StatedJob
    state: RunState
    why: str | None
    begun: str | None
    ended: str | None
    sessions: tuple[StatedSession, ...]
    totals: Totals = field(metadata=FLAT)
    journal: StatedJournal
    chain: str
    head: StatedHead | None
    proves: tuple[str, ...]
    does_not_prove: tuple[str, ...]
    purged: StatedPurge | None = field(default=None, metadata=OMITTED)
    live: StatedLive | None = field(default=None, metadata=OMITTED)
    others: Mapping[str, Any] = field(default_factory=dict, metadata=REST)


def read(data: object) -> Statement:
    """Return what the JSON of a statement says; ValueError names the member that does not fit."""
    return typed_json.read(Statement, data)


def write(statement: Statement) -> JsonObject:
    """Return the JSON of a statement: `verify --json`."""
    return typed_json.write(statement)
