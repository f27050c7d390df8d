"""Runs from Python: the same engine, asked by a program instead of a command line."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from bulkscim.errors import Mismatch, UsageError
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.spool import spooled
from bulkscim.model.events import Watcher
from bulkscim.model.limits import Limit
from bulkscim.model.operation import Verb
from bulkscim.reporting.files import all_results
from bulkscim.reporting.recorded import open_recorded, read_header
from bulkscim.reporting.results import Result
from bulkscim.reporting.source import find_source
from bulkscim.runs import start
from bulkscim.runs.inverting import Chosen
from bulkscim.runs.named import tenant_of_header
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.resume import resume as resume_recorded
from bulkscim.runs.rollback import rollback as take_back
from bulkscim.runs.unattended import Unattended, Unwatched
from bulkscim.tenants.tenant import Tenant

RUNS = Path("runs")
_LIMITS = ("max_create", "max_delete", "max_removals", "max_errors", "max_adopt")
_PATHS = ("runs_dir", "run_dir", "ca_bundle", "job", "map")


class _PaceOptions(TypedDict, total=False):
    """How fast, by which way, and where runs are kept; `runs` in the current folder unless something is said."""

    runs_dir: str | Path
    rate: str
    concurrency: int
    timeout_s: float
    proxy: str
    ca_bundle: str | Path
    watcher: Watcher


class RunOptions(_PaceOptions, total=False):
    """What can be said of a run; each is the flag of that name.

    Limits are a number or a percentage as text. Approval is given by calling; a tenant that is marked
    production wants its name in `yes_production` all the same.
    """

    op: str
    type: Literal["User", "Group"]
    match: str
    map: str | Path
    encoding: str
    header_line: int
    on_exists: Literal["adopt", "update", "skip", "fail"]
    create_groups: bool
    read_back: Literal["sample", "all"]
    max_create: int | str
    max_delete: int | str
    max_removals: int | str
    max_errors: int | str
    max_adopt: int | str
    protect: Iterable[str]
    protect_unknown: Literal["refuse", "report"]
    limit: int
    with_needed: bool
    strict: bool
    note: str
    dry_run: bool
    run_dir: str | Path
    yes_production: str


class ResumeOptions(_PaceOptions, total=False):
    """What can be changed of a run that goes on, from then on; `job` is where its job file is now.

    Calling is the approval; a tenant that is marked production wants its name in `yes_production` where `on_exists` or
    `create_groups` is changed.
    """

    job: str | Path
    on_exists: Literal["adopt", "update", "skip", "fail"]
    create_groups: bool
    max_errors: int | str
    max_adopt: int | str
    protect_unknown: Literal["refuse", "report"]
    same_tenant: str
    yes_production: str


class RollbackOptions(_PaceOptions, total=False):
    """What can be said of a rollback; each is the flag of that name, `rows`, `keys` and `ops` those that are given often."""

    on_drift: Literal["skip", "force"]
    rows: Iterable[int]
    keys: Iterable[str]
    ops: Iterable[str]
    soft: bool
    max_delete: int | str
    protect_unknown: Literal["refuse", "report"]
    same_tenant: str
    note: str
    dry_run: bool
    yes_production: str


async def run(
    job: str | Path | Iterable[Mapping[str, object]], tenant: Tenant, **options: Unpack[RunOptions]
) -> RunReport:
    """Bring a job to a tenant: a job file, a job definition, or operations (see `JobRecord`).

    Returns when every row has settled, or with `exit_reason` why not; raises one of the errors where it cannot
    begin, Locked while another run works on the tenant among them. Signals are left to the program. A call that
    is cancelled leaves a run that can be resumed.
    """
    watcher, settings = _settings(dict(options))
    source = str(job) if isinstance(job, str | Path) else spooled(job)
    try:
        request = RunRequest.to(tenant, job=source, yes=True, heed_signals=False, **settings)
        return await start.run(request, Unattended(), watcher)
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
    return await _go_on(run, tenant, dict(options), retry=False)


async def retry(
    run: str | Path = "last", tenant: Tenant | None = None, **options: Unpack[ResumeOptions]
) -> RunReport:
    """Go on with a run, its failed and skipped rows included; parts that were applied are kept."""
    return await _go_on(run, tenant, dict(options), retry=True)


async def rollback(
    run: RunReport | str | Path = "last", tenant: Tenant | None = None, **options: Unpack[RollbackOptions]
) -> RunReport:
    """Take a run back, except what others have changed since; calling it is the approval.

    The report is that of the child run, without a folder where nothing was left to undo. What was left as it is
    counts as skipped there.
    """
    watcher, settings = _settings(dict(options))
    chosen = Chosen(
        frozenset(settings.pop("rows", ())),
        frozenset(settings.pop("keys", ())),
        frozenset(_verb(name).value for name in settings.pop("ops", ())),
        settings.pop("soft", False),
    )
    name = str(_place(run))
    if tenant is None:
        tenant = tenant_of_header(read_header(name, settings["runs_dir"]))
    request = RollbackRequest(
        run=name, tenant=tenant, chosen=chosen, yes=True, heed_signals=False, **settings
    )
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


async def _go_on(
    run: str | Path, tenant: Tenant | None, options: dict[str, Any], *, retry: bool
) -> RunReport:
    watcher, settings = _settings(options)
    if tenant is None:
        tenant = tenant_of_header(read_header(str(run), settings["runs_dir"]))
    request = ResumeRequest.to(tenant, run=str(run), retry=retry, yes=True, heed_signals=False, **settings)
    return await resume_recorded(request, Unattended(), watcher)


def _settings(options: dict[str, Any]) -> tuple[Watcher, dict[str, Any]]:
    """Return who watches, and the options as a request has them."""
    settings = {"runs_dir": RUNS} | options
    watcher: Watcher = settings.pop("watcher", None) or Unwatched()
    for name in _PATHS:
        if settings.get(name) is not None:
            settings[name] = Path(settings[name])
    for name in _LIMITS:
        if settings.get(name) is not None:
            settings[name] = _limit(name, settings[name])
    if settings.get("op") is not None:
        settings["op"] = _verb(settings["op"])
    if "protect" in settings:
        settings["protect"] = tuple(settings["protect"])
    return watcher, settings


def _limit(name: str, value: int | str) -> Limit:
    try:
        return Limit.parse(str(value))
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None


def _verb(value: str) -> Verb:
    try:
        return Verb(value.replace("-", "_"))
    except ValueError:
        raise UsageError(f"{value!r} is no operation; they are {', '.join(Verb)}") from None
