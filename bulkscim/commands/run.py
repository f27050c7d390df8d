"""`bulkscim run JOB`: apply a job file to a tenant."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import final_report, options, runtime, typed_flags
from bulkscim.commands.after_canary import carried_on
from bulkscim.commands.job_flags import JobFlags
from bulkscim.commands.value_types import Written
from bulkscim.model.harmless import escaped
from bulkscim.pacing.hours import parse_duration
from bulkscim.reporting.console import Console

if TYPE_CHECKING:
    from bulkscim.journal.journal import RecordedRun
    from bulkscim.runs.report import RunReport


@dataclass(frozen=True, slots=True)
class RunFlags:
    """What the command line says of a run."""

    asked: JobFlags
    run_dir: Path | None
    max_plan_age_s: float | None
    canary: int | None
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
@options.limits
@options.approval
@options.image_age
@options.option(
    "--max-plan-age",
    "max_plan_age_s",
    type=Written("TIME", parse_duration),
    callback=lambda _context, _option, text: None if text is None else parse_duration(text),
    help="How old a plan may be that is applied, such as 2h (default: 24h).",
)
@click.option(
    "--canary",
    type=click.IntRange(min=1),
    metavar="N",
    help="Do N rows first that cover each kind of operation, group and attribute, read them back, and go on only if all "
    "are right; else ask at the terminal.",
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

    JOB is a job file (.csv or .jsonl, either .gz; - for standard input), a job definition (.toml), or a plan file that
    `plan JOB -o FILE` wrote: then exactly this plan is applied.

    \b
    Examples:
      bulkscim run samples/teams.jsonl --tenant sandbox
      bulkscim run jobs/onboarding.toml --tenant sandbox -n

    Exit codes: 0 every row ended as wanted; 3 some failed or were skipped; 4 refused by a guard, or not approved; 5
    stopped early; 6 some are in doubt; 8 the plan is stale. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.asked.voice, yes=flags.asked.approval.yes)
    from bulkscim.runs.plan_file import MOST_PLAN_AGE_S, is_plan, open_plan

    plan = open_plan(Path(flags.asked.job)) if is_plan(flags.asked.job) else None
    asked = flags.asked if plan is None else flags.asked.by_plan(plan)
    request = asked.request(people, run_dir=flags.run_dir, dry_run=flags.dry_run)
    age = MOST_PLAN_AGE_S if flags.max_plan_age_s is None else flags.max_plan_age_s
    request = replace(request, plan=plan, max_plan_age_s=age, canary=flags.canary)
    from bulkscim.runs.new_run import run
    from bulkscim.runs.request import ResumeRequest

    with runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: run(request, people, watcher, lambda found: _show(found, people)))
    final_report.tell(report, people, typed_flags.typed(), as_json=flags.as_json)
    rest = ResumeRequest(run=str(report.folder), runs_dir=request.runs_dir, tenant=request.tenant)
    return carried_on(report, rest, people, as_json=flags.as_json)


def _show(recorded: "RecordedRun", people: Console) -> None:
    """Say what a dry run would do."""
    from bulkscim.reporting.plan_text import overview_lines, overview_of
    from bulkscim.reporting.planned import planned_rows

    for line in overview_lines(overview_of(planned_rows(recorded))):
        people.note(escaped(line))
