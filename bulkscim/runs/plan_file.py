"""A plan file: what a job would do, kept to be reviewed, and then applied exactly so.

JSONL. Line 1 is the head, each other line a row in row order. The head names the job file by its hash, and all else that
the plan depends on; it holds a hash over itself and the rows. Values come from the job file: what a row says of them is
what was there before, without secrets.
"""

import getpass
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson

from bulkscim.errors import Mismatch, PlanStale, UsageError
from bulkscim.journal import typed_json
from bulkscim.journal.header import Header
from bulkscim.model.limits import NO_GUARDS, StandingGuards
from bulkscim.model.plan import PlannedRow
from bulkscim.model.row import Row, RowRules
from bulkscim.model.run import RecordedPlan
from bulkscim.model.selection import RowSelection
from bulkscim.model.typed import NEXT, next_line, quoted
from bulkscim.outputs import binary_file
from bulkscim.private_files import create_file
from bulkscim.reporting.durations import moment
from bulkscim.reporting.next_commands import job_command
from bulkscim.reporting.planned import told
from bulkscim.runs.options import RecordDefaults

FORMAT = 1
NAME = "plan.jsonl"  # in a run folder
MOST_PLAN_AGE_S = 86_400.0
_START = b'{"bulkscim_plan":'


@dataclass(frozen=True, slots=True)
class PlanHead:
    """Line 1 of a plan file: who made it and when, of what, and a hash over it and the rows.

    The hash is the last field. `made` is the time in seconds since 1970. `job` is the job file or definition as it was named, from the root;
    `records`, `rules`, `selection` and `strict` are what was said of it beyond that. `header` is that of a run of it,
    without the token's fingerprint. `effects` is what it does, as the guards count it.
    """

    bulkscim_plan: int = FORMAT
    made: float = 0.0
    by: str = ""
    job: str = ""
    records: RecordDefaults = RecordDefaults()
    rules: RowRules = RowRules()
    selection: RowSelection = RowSelection()
    strict: bool = False
    guards: StandingGuards = NO_GUARDS
    header: Header = field(default_factory=Header)
    effects: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)  # users that go, by department and domain
    sha256: str = ""

    @property
    def bound(self) -> dict[str, object]:
        """What must be the same when the plan is carried out, by the words for it."""
        header = self.header
        return {
            "the job file": header.job.sha256,
            "the mapping": header.defaults,
            "the tenant": header.tenant.base_url,
            "the profile": (header.tenant.profile, header.own_profile),
            "the settings": header.settings.rules,
            "the guards": self.guards,
        }


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan file that was checked: `head`, and where it lies."""

    path: Path
    head: PlanHead

    def rows(self) -> Iterator[PlannedRow]:
        """Read the rows, in row order."""
        with self.path.open("rb") as file:
            for line in islice(file, 1, None):
                yield typed_json.read(PlannedRow, orjson.loads(line))

    def given_to(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give rows, in row order, what the plan says of them."""
        planned = self.rows()
        for row in rows:
            found = next((one for one in planned if one.row == row.number), None)
            if found is None:
                raise PlanStale(f"{self.path}: has no row {row.number}; make the plan again")
            yield replace(row, plan=found)

    def kept_in(self, folder: Path) -> "PlanFile":
        """Copy the file into a run folder, durably, and return the copy; Mismatch where it changed since it was checked."""
        with self.path.open("rb") as source, os.fdopen(create_file(folder / NAME), "wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        return plan_of_run(folder, self.recorded)

    def refuse_stale(self, header: Header, guards: StandingGuards, now: float, max_age_s: float) -> None:
        """Raise PlanStale, which names it, where something that the plan depends on is not as it was."""
        before, after = self.head.bound, replace(self.head, header=header, guards=guards).bound
        found = [what for what in before if before[what] != after[what]]
        found += ["its age"] if now - self.head.made > max_age_s else []
        if found:
            age = (
                f" (made {moment(self.head.made)}; --max-plan-age allows more)" if "its age" in found else ""
            )
            why = " and ".join(found)
            again = job_command(self.head.header, "plan", "--out", self.path, "--force")
            raise PlanStale(
                f"{self.path}: does not fit any more: {why}{age}. Nothing was sent; make the plan again\n{NEXT}{again}"
            )

    @property
    def recorded(self) -> RecordedPlan:
        """What a journal's header says of it."""
        return RecordedPlan(self.head.sha256, self.head.made, self.head.by)

    @property
    def fact(self) -> str:
        """Say which plan it is, for approval."""
        return f"plan      {self.path}, made {moment(self.head.made)} by {self.head.by}; nothing else is sent"

    @property
    def facts(self) -> Iterator[str]:
        """Say what it is a plan of."""
        header = self.head.header
        tenant = header.tenant
        named = f"{tenant.name} ({tenant.base_url})" if tenant.name else tenant.base_url
        rows = ", ".join(f"{count:,} {asked}" for asked, count in header.verbs.items())
        yield f"tenant    {named}, profile {tenant.profile}"
        yield f"plan      {self.path}, made {moment(self.head.made)} by {self.head.by}"
        yield f"job       {self.head.job}: {rows}"
        if flags := [*self.head.selection.flags()]:
            yield f"rows      {' '.join(map(quoted, map(str, flags)))}"


def plan_of_run(folder: Path, recorded: RecordedPlan) -> PlanFile:
    """Open the plan that a run applies, in its folder; Mismatch where it is not that one."""
    path = folder / NAME
    if not path.is_file():
        raise Mismatch(f"{path} is not there: the run applies this plan, and cannot go on without it")
    found = open_plan(path)
    if found.head.sha256 != recorded.sha256:
        raise Mismatch(f"{path} is not the plan that this run began with")
    return found


def made_by() -> str:
    """Return who makes a plan: user and machine."""
    with suppress(OSError, KeyError, ImportError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return socket.gethostname()


def is_plan(job: str) -> bool:
    """Return whether a file is a plan, by how it begins; a pipe, which can be read once, is none."""
    path = Path(job)
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_START)) == _START
    except (OSError, ValueError):
        return False


def write_plan(path: Path, head: PlanHead, rows: Callable[[], Iterable[PlannedRow]], *, force: bool) -> None:
    """Write a plan file, whole or not at all; UsageError where it exists and is not to be replaced.

    The rows are asked for twice: the head, which comes first, holds their hash.
    """

    def lines() -> Iterator[bytes]:
        return (orjson.dumps(told(row)) for row in rows())

    with binary_file(path, replace=force) as file:
        start = _without_hash(_line(head))
        file.write(_line(replace(head, sha256=_hash(start, lines()))))
        file.writelines(line + b"\n" for line in lines())


def open_plan(path: Path) -> PlanFile:
    """Open a plan file; PlanStale where it was edited, UsageError where it cannot be read or is of another form."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            if not first.startswith(_START):
                raise UsageError(
                    f"{path}: is no plan file\n{next_line('plan', path, '--out', path.with_suffix('.plan'))}"
                )
            head = typed_json.read(PlanHead, orjson.loads(first))
            if head.bulkscim_plan != FORMAT:
                raise UsageError(f"{path}: is a plan of another version of bulkscim; make it again")
            whole = _hash(_without_hash(first), _lines(file))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a plan file") from error
    except (ValueError, TypeError) as error:
        raise PlanStale(f"{path}: is damaged ({error}); make the plan again") from error
    if whole != head.sha256:
        raise PlanStale(
            f"{path}: was edited since it was made; a plan is applied as it is. Make the plan again"
        )
    return PlanFile(path, head)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line.rstrip(b"\n") for line in file)


def _line(head: PlanHead) -> bytes:
    return orjson.dumps(typed_json.write(head)) + b"\n"


def _without_hash(line: bytes) -> bytes:
    """Return the text of a head before its own hash, which comes last."""
    return line.rpartition(b',"sha256":')[0]


def _hash(start: bytes, lines: Iterable[bytes]) -> str:
    """Return the hash over a head without its own, and the rows."""
    found = sha256(start)
    for line in lines:
        found.update(b"\n" + line)
    return found.hexdigest()
