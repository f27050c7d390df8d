"""`bulkscim run JOB`: apply a job file to a tenant."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import final_report, options, runtime, tenant_options, typed_flags
from bulkscim.journal.settings import Connection
from bulkscim.model.limits import GuardLimits
from bulkscim.model.row import RowRules
from bulkscim.reporting.console import Console
from bulkscim.runs.options import Approval, RecordDefaults, RowSelection

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport
    from bulkscim.runs.request import RunRequest


@dataclass(frozen=True, slots=True)
class RunFlags:
    """What the command line says of a run."""

    job: str
    tenant_flags: options.TenantFlags
    records: RecordDefaults
    rules: RowRules
    selection: RowSelection
    connection: Connection
    limits: GuardLimits
    approval: Approval
    voice: options.Voice
    strict: bool
    run_dir: Path | None
    runs_dir: Path
    note: str
    image_age: float | None
    dry_run: bool
    as_json: bool


@click.command("run")
@click.argument("job")
@options.tenant
@options.tokens
@options.records
@options.strict
@options.rules
@options.option("--run-dir", type=options.path(), help="The run folder, instead of a new one.")
@options.runs_dir
@options.pace
@options.times
@options.network
@options.guards
@options.option(
    "--image-age",
    type=click.FloatRange(0, 1800),
    metavar="S",
    help="The most seconds between the reading of a user and the change that relies on it (default: 60). More saves "
    "requests; a rollback knows less of what others changed. Before deletes and whole replacements it is 5, and where the "
    "tenant is proved to heed versions (If-Match) any age will do.",
)
@options.option("--note", default="", metavar="TEXT", help="A note that the journal keeps.")
@options.option(
    "-n", "--dry-run", is_flag=True, help="Read the tenant and count what would change; change nothing."
)
@options.as_json
@options.voice
@options.given_as(RunFlags)
def command(flags: RunFlags) -> "RunReport":
    """Apply JOB to a tenant.

    JOB is a job file (.csv or .jsonl, either .gz; - for standard input) or a job definition (.toml).

    \b
    Examples:
      bulkscim run samples/teams.jsonl --tenant sandbox
      bulkscim run jobs/onboarding.toml --tenant sandbox -n

    Exit codes: 0 every row ended as wanted; 3 some failed or were skipped; 4 refused by a guard, or not approved; 5
    stopped early; 6 some are in doubt. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice, yes=flags.approval.yes)
    request = _request(flags, people)
    from bulkscim.runs.start import run

    with runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: run(request, people, watcher))
    final_report.tell(report, people, typed_flags.typed(), as_json=flags.as_json)
    return report


def _request(flags: RunFlags, people: Console) -> "RunRequest":
    """Return what is asked, and of which tenant."""
    from bulkscim.runs.definition import said_of
    from bulkscim.runs.request import RunRequest

    said = said_of(flags.job, flags.records)  # a mistake in it is named before a token is asked for
    tenant, connection = tenant_options.tenant_of(people, flags.tenant_flags, flags.connection)
    return RunRequest(
        job=flags.job,
        tenant=tenant,
        runs_dir=flags.runs_dir,
        run_dir=flags.run_dir,
        records=flags.records,
        rules=flags.rules,
        selection=flags.selection,
        connection=connection,
        limits=flags.limits,
        approval=flags.approval,
        strict=flags.strict,
        note=flags.note,
        image_age=flags.image_age,
        dry_run=flags.dry_run,
    ).defined(said)
