"""Run or resume a job over a transport that answers at once; print what it took as JSON, in seconds of the processor.

Run in a process of its own, since peak memory is that of a process:
`python -m tests.support.running.memory_probe run|resume|fill JOB FOLDER NUMBER`. Run and resume are interrupted, as by
Ctrl-C, after NUMBER writes (0: never). Fill brings the journal to NUMBER settled rows at once, by repeating what
is there for row 1, and leaves it as a kill does: without a checkpoint.
"""

import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

import anyio
import orjson

from bulkscim.engine.clock import RealClock
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check, index_of
from bulkscim.journal import journal, run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Entry
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.operation import Defaults, Verb
from bulkscim.model.request import Request, Response
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals
from bulkscim.model.secret import Secret
from bulkscim.planning.guards import Bounds
from bulkscim.runs.assembly import Around, Job, Session, Terms, opened
from bulkscim.runs.attempts import carry_out
from bulkscim.runs.options import RecordDefaults
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import RunRequest
from bulkscim.runs.session import Visit, patient
from bulkscim.runs.start import Start, begin
from bulkscim.runs.tenant import FirstLook
from bulkscim.tenants.profiles import profile_named
from bulkscim.tenants.tenant import Tenant

DEFAULTS = Defaults(op=Verb.CREATE)
PROFILE = profile_named("generic")
SETTINGS = Settings(connection=Connection("10000000/s", 20))


class AtOnce:
    """A tenant that creates whatever it is asked to, without waiting."""

    def __init__(self, stop_after: int) -> None:
        self.writes = 0
        self.first_write_cpu_s = -1.0
        self._stop_after = stop_after

    async def send(self, request: Request) -> Response:
        """Answer 201 with the resource; every other request finds nothing."""
        if request.method != "POST":
            return Response(200, body=b'{"totalResults":0,"Resources":[]}')
        if self.writes == 0:
            self.first_write_cpu_s = time.process_time()
        self.writes += 1
        if self.writes == self._stop_after:
            os.kill(os.getpid(), signal.SIGINT)
        made = orjson.loads(request.body or b"{}")
        made["id"] = f"{os.getpid()}-{self.writes}"
        return Response(201, headers={"content-type": "application/scim+json"}, body=orjson.dumps(made))


class Silent:
    """A watcher that says nothing."""

    def opened(self, totals: Totals) -> None:
        """Say nothing."""

    def settled(self, row: int, state: RowState) -> None:
        """Say nothing."""

    def sent(self, counters: Counters) -> None:
        """Say nothing."""

    def waiting(self, why: str | None) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""


async def fresh(path: Path, folder: Path, tenant: AtOnce) -> RunReport:
    """Check the file and run it, as the command does behind its approval."""
    request = RunRequest(
        job=str(path),
        tenant=Tenant("http://127.0.0.1:9/v2", Secret("none")),
        runs_dir=folder.parent,
        run_dir=folder,
        records=RecordDefaults(Verb.CREATE),
    )
    source = open_source(str(path), sys.stdin.buffer)
    checked = check(source, DEFAULTS, folder.parent / "draft.sqlite")
    with checked.sound_index():
        clock = RealClock()
        visit = Visit(
            SETTINGS, tenant, patient(tenant, SETTINGS, PROFILE, clock), FirstLook(PROFILE, 0, ()), clock
        )
        return await begin(Start(request, source, checked, visit), LocalDisk(), Around(Silent(), clock))


async def again(path: Path, folder: Path, tenant: AtOnce) -> RunReport:
    """Go on where the journal ends."""
    disk, clock = LocalDisk(), RealClock()
    source = open_source(str(path), sys.stdin.buffer)
    with run_lock.hold(folder, disk, clock):
        record = journal.open_for_append(folder, disk, clock)
        try:
            with index_of(source, DEFAULTS, folder / "index.sqlite") as index:
                await record.append(Entry(opened("resume")))
                job = Job(source, DEFAULTS, index, record.ledger.rows)
                terms = Terms(PROFILE, SETTINGS, Bounds(None, None, None))
                return await carry_out(Session(job, record, tenant, terms, Around(Silent(), clock)))
        finally:
            await record.aclose()


async def fill(folder: Path, number: int) -> None:
    """Repeat the entries of row 1 for every row up to a number that has not ended."""
    disk, clock = LocalDisk(), RealClock()
    with run_lock.hold(folder, disk, clock):
        record = journal.open_for_append(folder, disk, clock)
        pattern = record.history(1)
        rows = [row for row in range(1, number + 1) if record.ledger.state(row) is RowState.PENDING]
        for first in range(0, len(rows), 1000):
            await record.append(
                *(
                    entry._replace(rows=((row, entry.rows[0][1]),), step=step if entry.step else 0)
                    for row in rows[first : first + 1000]
                    for step in [record.next_step()]
                    for entry in pattern
                )
            )
        await record.aclose()
    (folder / "checkpoint.json").unlink()


def peak_kib() -> int:
    """Return this program's peak memory; where it can be had, without that of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux lets ru_maxrss begin at what the parent had when it forked; this begins at zero with the program.
        return next(
            int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Do what the arguments say."""
    command, path, folder, number = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    if command == "fill":
        anyio.run(fill, folder, number)
        sys.stdout.write("{}\n")
        return
    tenant = AtOnce(number)
    work = {"run": fresh, "resume": again}[command]
    report = anyio.run(work, path, folder, tenant, backend_options={"use_uvloop": True})
    peak = peak_kib()
    found = {
        "state": report.state.value,
        "rows": report.totals.rows,
        "done": report.totals.done,
        "pending": report.totals.pending,
        "writes": tenant.writes,
        "first_write_cpu_s": tenant.first_write_cpu_s,
        "cpu_s": time.process_time(),
        "peak_mb": peak / (1024 if sys.platform != "darwin" else 1024 * 1024),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
