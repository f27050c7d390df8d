"""Runs from Python: the same engine, asked by a program instead of a command line."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

from bulkscim.errors import Mismatch, UsageError
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.spool import spooled
from bulkscim.model.events import Watcher
from bulkscim.model.limits import Limit
from bulkscim.model.operation import Verb
from bulkscim.reporting.files import all_results
from bulkscim.reporting.plan_text import overview_of, summary_line
from bulkscim.reporting.planned import planned_rows
from bulkscim.reporting.recorded import open_recorded, read_header
from bulkscim.reporting.results import Result
from bulkscim.reporting.source import find_source
from bulkscim.runs import new_run
from bulkscim.runs.dry_run import Look, nothing
from bulkscim.runs.headless import Unattended, Unwatched
from bulkscim.runs.inverse_job import Chosen
from bulkscim.runs.options import (
    ResumeOptions,
    RollbackOptions,
    RunOptions,
    Value,
    built,
    names_of,
)
from bulkscim.runs.report import Plan, RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.resume import resume as resume_recorded
from bulkscim.runs.rollback import rollback as take_back
from bulkscim.runs.tenant_by_name import tenant_of_header
from bulkscim.tenants.tenant import Tenant

if TYPE_CHECKING:
    from bulkscim.model.plan import PlannedRow

RUNS = Path("runs")
_CALLED = {"yes": True, "heed_signals": False}  # calling is the approval; signals are the program's


async def run(
    job: str | Path | Iterable[Mapping[str, object]], tenant: Tenant, **options: Unpack[RunOptions]
) -> RunReport:
    """Bring a job to a tenant: a job file, a job definition, or operations (see `JobRecord`).

    Returns when every row has settled, or with `exit_reason` why not; raises one of the errors where it cannot
    begin, Locked while another run works on the tenant among them. Signals are left to the program. A call that
    is cancelled leaves a run that can be resumed.
    """
    return await _run(job, tenant, options, nothing)


async def plan(
    job: str | Path | Iterable[Mapping[str, object]], tenant: Tenant, **options: Unpack[RunOptions]
) -> Plan:
    """Say what a job would do to a tenant, row by row; arguments are those of `run`. Nothing is changed."""
    found: list[PlannedRow] = []
    report = await _run(
        job, tenant, options | {"dry_run": True}, lambda seen: found.extend(planned_rows(seen))
    )
    overview = overview_of(found)
    return Plan(tuple(found), summary_line(overview), overview.sends, report)


async def _run(
    job: str | Path | Iterable[Mapping[str, object]], tenant: Tenant, options: RunOptions, look: Look
) -> RunReport:
    watcher, said = _said(RunRequest, RunOptions, dict(options))
    source = str(job) if isinstance(job, str | Path) else spooled(job)
    try:
        request = built(RunRequest, said | {"job": source, "tenant": tenant, **_CALLED})
        return await new_run.run(request, Unattended(), watcher, look)
    finally:
        if isinstance(source, JobSource):
            source.discard()


async def resume(
    run: str | Path = "last", tenant: Tenant | None = None, **options: Unpack[ResumeOptions]
) -> RunReport:
    """Go on with a run: what is in doubt is looked up, then what is left is done.

    `run` is a run folder, a run id, or `last`. Without a tenant it is the one that the run was begun with, by its
    name or with the environment's token.
    """
    return await _go_on(run, tenant, options, retry=False)


async def retry(
    run: str | Path = "last", tenant: Tenant | None = None, **options: Unpack[ResumeOptions]
) -> RunReport:
    """Go on with a run, its failed and skipped rows included; parts that were applied are kept."""
    return await _go_on(run, tenant, options, retry=True)


async def rollback(
    run: RunReport | str | Path = "last", tenant: Tenant | None = None, **options: Unpack[RollbackOptions]
) -> RunReport:
    """Take a run back, except what others have changed since; calling it is the approval.

    The report is that of the child run, without a folder where nothing was left to undo. What was left as it is
    counts as skipped there.
    """
    watcher, said = _said(RollbackRequest, RollbackOptions, dict(options))
    chosen = Chosen(
        frozenset(options.get("rows", ())),
        frozenset(options.get("keys", ())),
        frozenset(_verb("ops", name).value for name in options.get("ops", ())),
        options.get("soft", False),
    )
    name = str(_place(run))
    tenant = tenant or tenant_of_header(read_header(name, cast("Path", said["runs_dir"])))
    request = built(RollbackRequest, said | {"run": name, "tenant": tenant, "chosen": chosen, **_CALLED})
    return await take_back(request, Unattended(), watcher)


def results(run: RunReport | str | Path = "last", runs_dir: str | Path = RUNS) -> Iterator[Result]:
    """Return what became of each row, in row order, as results.csv has it."""
    with open_recorded(str(_place(run)), Path(runs_dir)) as recorded:
        source = None
        with suppress(Mismatch):  # the job file is gone: the journal alone tells what has settled
            source = find_source(recorded.header, recorded.folder)
        yield from all_results(recorded, source)


def _place(run: RunReport | str | Path) -> str | Path:
    """Return a run's name or folder."""
    if not isinstance(run, RunReport):
        return run
    if run.folder is None:
        raise UsageError("a dry run leaves no rows to read; its totals are in the report")
    return run.folder


async def _go_on(run: str | Path, tenant: Tenant | None, options: ResumeOptions, *, retry: bool) -> RunReport:
    watcher, said = _said(ResumeRequest, ResumeOptions, dict(options))
    tenant = tenant or tenant_of_header(read_header(str(run), cast("Path", said["runs_dir"])))
    request = built(ResumeRequest, said | {"run": str(run), "tenant": tenant, "retry": retry, **_CALLED})
    return await resume_recorded(request, Unattended(), watcher)


def _said(kind: type[Value], keywords: type, options: dict[str, object]) -> tuple[Watcher, dict[str, object]]:
    """Return who watches, and the options as a request has them; TypeError for one that there is not."""
    for name in options.keys() - keywords.__annotations__.keys():
        raise TypeError(f"{name!r} is no option here; {keywords.__name__} lists them")
    watcher = cast("Watcher | None", options.pop("watcher", None)) or Unwatched()
    said: dict[str, object] = {"runs_dir": RUNS}
    for name, wanted in names_of(kind):
        if options.get(name) is not None:
            said[name] = _read(name, options[name], wanted)
    return watcher, said


def _read(name: str, value: object, wanted: object) -> object:
    """Return an option's value in the type that a request wants."""
    readers = ((Path, _path), (Limit, _limit), (Verb, _verb))
    for kind, read in readers:
        if wanted in {kind, kind | None}:
            return read(name, value)
    return tuple(cast("Iterable[object]", value)) if name in {"protect", "not_in"} else value


def _path(_name: str, value: object) -> Path:
    return Path(cast("str | Path", value))


def _limit(name: str, value: object) -> Limit:
    try:
        return Limit.parse(str(value))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def _verb(_name: str, value: object) -> Verb:
    try:
        return Verb(str(value).replace("-", "_"))
    except ValueError:
        raise UsageError(f"{value!r} is not an operation; they are {', '.join(Verb)}") from None
