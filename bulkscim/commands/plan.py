"""`bulkscim plan JOB`: show what a job would do, row by row; nothing is changed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from bulkscim.commands import final_report, options, runtime, typed_flags
from bulkscim.commands.job_flags import JobFlags
from bulkscim.errors import UsageError
from bulkscim.model.harmless import escaped
from bulkscim.outputs import refuse_unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bulkscim.journal.journal import RecordedRun
    from bulkscim.model.plan import PlannedRow
    from bulkscim.runs.report import RunReport

_CHANGES = 3
_OF_SHOWN = frozenset({"every", "exit_code", "as_json", "verbose", "quiet"})


@dataclass(frozen=True, slots=True)
class PlanFlags:
    """What the command line says of a plan."""

    asked: JobFlags
    file: Path | None
    out: Path | None
    force: bool
    every: bool
    as_json: bool
    exit_code: bool


@click.command("plan")
@click.argument("job")
@click.argument("file", required=False, type=options.path(), metavar="")
@options.tenant
@options.tokens
@options.records
@options.strict
@options.rules
@options.runs_dir
@options.pace
@options.network
@options.limits
@options.option(
    "-o", "--out", type=options.path(), metavar="FILE", help="Write a plan file, to review and then `run`."
)
@options.force
@click.option("--all", "every", is_flag=True, help="List every row, not only the first of each kind.")
@click.option("--exit-code", is_flag=True, help="End with exit code 3 if anything would be changed.")
@options.option("--json", "as_json", is_flag=True, help="Print one JSON object per row, in row order.")
@options.voice
@options.given_as(PlanFlags)
def command(flags: PlanFlags) -> "RunReport | int":
    """Show what JOB would do to a tenant. Reads only.

    JOB is a job file (.csv or .jsonl, either .gz; - for standard input) or a job definition (.toml). `run JOB -n` shows
    the same. A plan file is shown again without the tenant: `plan show FILE`.

    \b
    Examples:
      bulkscim plan samples/teams.jsonl --tenant sandbox
      bulkscim plan jobs/onboarding.toml --tenant sandbox -o onboarding.plan
      bulkscim plan show onboarding.plan --all

    `bulkscim run onboarding.plan` then applies exactly this plan.

    Exit codes: 0 the plan is complete; 3 with --exit-code: it changes something; 4 refused by a guard; 5 the tenant could
    not be read to the end; 8 the plan file was edited. More: `bulkscim --help`.
    """
    from bulkscim.runs.plan_file import is_plan

    shown = Path(flags.asked.job) if is_plan(flags.asked.job) else None
    if flags.asked.job == "show" and flags.file is not None:
        shown = flags.file
    elif flags.file is not None:
        raise UsageError(f"{flags.file}: one job is planned at a time; leave it out")
    return _made(flags) if shown is None else _shown_again(flags, shown)


def _shown_again(flags: PlanFlags, path: Path) -> int:
    """Print a plan file; nothing is read but the file."""
    from bulkscim.reporting.plan_text import overview_of
    from bulkscim.runs.plan_file import open_plan

    if ignored := typed_flags.others(_OF_SHOWN):
        raise UsageError(f"{path} is shown as it was made: leave out {', '.join(ignored)}")
    plan = open_plan(path)
    people = runtime.people_of(flags.asked.voice)
    for fact in plan.facts:
        people.note(escaped(fact))
    _print(flags, plan.rows)
    return _CHANGES if flags.exit_code and overview_of(plan.rows()).sends else 0


def _made(flags: PlanFlags) -> "RunReport | int":
    """Plan a job, print the plan, and write it where a file is named."""
    if flags.out is not None and flags.asked.job == "-":
        raise UsageError(
            "a plan names its job file, and standard input has none; name a file, or leave -o out"
        )
    if flags.out is not None:
        refuse_unwritable(flags.out, replace=flags.force)
    people = runtime.people_of(flags.asked.voice)
    request = flags.asked.request(people, dry_run=True)
    from bulkscim.engine.clock import RealClock
    from bulkscim.reporting.plan_text import overview_of
    from bulkscim.reporting.planned import planned_rows
    from bulkscim.runs.new_run import run
    from bulkscim.runs.plan_file import write_plan

    changes: list[bool] = []

    def look(recorded: "RecordedRun") -> None:
        def rows() -> "Iterator[PlannedRow]":
            return planned_rows(recorded)

        if flags.out is not None:
            head = flags.asked.head(request, recorded, RealClock().now())
            write_plan(flags.out, head, rows, force=flags.force)
        watcher.leave()
        _print(flags, rows)
        changes.append(flags.exit_code and overview_of(rows()).sends)

    with runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: run(request, people, watcher, look))
    final_report.tell(report, people, typed_flags.typed(), as_json=False)
    if not changes:
        return report
    return _CHANGES if changes[0] else 0


def _print(flags: PlanFlags, rows: "Callable[[], Iterator[PlannedRow]]") -> None:
    """Print a plan to stdout, as objects, as all rows, or as an overview."""
    from bulkscim.reporting.plan_text import overview_lines, overview_of, row_lines
    from bulkscim.reporting.planned import told

    if flags.as_json:
        runtime.print_lines(orjson.dumps(told(row)).decode() for row in rows())
        return
    if flags.every:
        runtime.print_text(line for row in rows() for line in row_lines(row, titled=True))
    runtime.print_text(overview_lines(overview_of(rows()), examples=not flags.every))
