"""`bulkscim resume RUN` and `bulkscim retry RUN`: continue a recorded run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import final_report, options, runtime, tenant_options, typed_flags
from bulkscim.commands.after_canary import carried_on
from bulkscim.journal.settings import Connection
from bulkscim.model.limits import GuardLimits
from bulkscim.model.row import RowRules
from bulkscim.runs.options import Approval

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport


@dataclass(frozen=True, slots=True)
class GoOnFlags:
    """What the command line says of a run that goes on."""

    run: str
    job: Path | None
    tenant_flags: options.OwnTenantFlags
    rules: RowRules
    connection: Connection
    limits: GuardLimits
    approval: Approval
    voice: options.Voice
    runs_dir: Path
    same_tenant: str
    as_json: bool


going_on = options.together(
    options.run_argument,
    options.job_file,
    options.own_tenant,
    options.tokens,
    options.runs_dir,
    options.on_exists,
    options.create_groups,
    options.guards,
    options.max_removals,
    options.max_emptied,
    options.seats,
    options.max_share,
    options.max_errors,
    options.max_adopt,
    options.protect_unknown,
    options.same_tenant,
    options.approval,
    options.pace,
    options.times,
    options.network,
    options.as_json,
    options.voice,
    options.given_as(GoOnFlags),
)


@click.command("resume")
@going_on
def command(flags: GoOnFlags) -> "RunReport":
    """Continue RUN with the rows that are left.

    RUN is a run id, a run folder, or `last`, the newest run. Rows in doubt are looked up first.

    The run's own approval holds; --on-exists and --create-groups change what rows do and are approved again. What is
    changed is recorded, and holds when the run is continued later. Where the canary was not right, resume asks before it
    sends the other rows.

    \b
    Example:
      bulkscim resume last

    Exit codes: 0 every row ended as wanted; 3 some failed or were skipped; 4 refused by a guard, or not approved; 5
    stopped early; 6 some are in doubt. More: `bulkscim --help`.
    """
    return go_on(flags, retry=False)


def go_on(flags: GoOnFlags, *, retry: bool) -> "RunReport":
    """Go on with a run; `retry` opens failed and skipped rows again first."""
    people = runtime.people_of(flags.voice, yes=flags.approval.yes)
    from bulkscim.reporting.recorded import read_header
    from bulkscim.runs.request import ResumeRequest
    from bulkscim.runs.resume import resume

    header = read_header(flags.run, flags.runs_dir)
    tenant, connection = tenant_options.tenant_of_run(people, header, flags.tenant_flags, flags.connection)
    request = ResumeRequest(
        run=flags.run,
        runs_dir=flags.runs_dir,
        tenant=tenant,
        job=flags.job,
        retry=retry,
        rules=flags.rules,
        connection=connection,
        limits=flags.limits,
        approval=flags.approval,
        same_tenant=flags.same_tenant,
    )
    with tenant_options.naming_the_tenant(header), runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: resume(request, people, watcher))
    final_report.tell(report, people, typed_flags.typed(), as_json=flags.as_json)
    rest = replace(request, rules=RowRules(), limits=GuardLimits(), retry=False)
    return carried_on(report, rest, people, as_json=flags.as_json)
