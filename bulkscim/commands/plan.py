"""`bulkscim plan JOB`: show what a job would do, row by row; nothing is changed."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click
import orjson

from bulkscim.commands import final_report, options, runtime, typed_flags
from bulkscim.commands.job_flags import JobFlags
from bulkscim.model.run import RunState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bulkscim.journal.journal import RecordedRun
    from bulkscim.model.plan import PlannedRow
    from bulkscim.reporting.plan_text import Overview
    from bulkscim.runs.report import RunReport

_CHANGES = 3


@dataclass(frozen=True, slots=True)
class PlanFlags:
    """What the command line says of a plan."""

    asked: JobFlags
    every: bool
    as_json: bool
    exit_code: bool


@click.command("plan")
@click.argument("job")
@options.tenant
@options.tokens
@options.records
@options.strict
@options.rules
@options.runs_dir
@options.pace
@options.network
@options.limits
@click.option("--all", "every", is_flag=True, help="List every row, not only the first of each kind.")
@click.option("--exit-code", is_flag=True, help="End with exit code 3 if anything would be changed.")
@options.option("--json", "as_json", is_flag=True, help="Print one JSON object per row, in row order.")
@options.voice
@options.given_as(PlanFlags)
def command(flags: PlanFlags) -> "RunReport | int":
    """Show what JOB would do to a tenant. Reads only.

    JOB is a job file (.csv or .jsonl, either .gz; - for standard input) or a job definition (.toml). `run JOB -n` shows
    the same.

    \b
    Examples:
      bulkscim plan samples/teams.jsonl --tenant sandbox
      bulkscim plan jobs/onboarding.toml --tenant sandbox --all

    Exit codes: 0 the plan is complete; 3 with --exit-code: it changes something; 4 refused by a guard; 5 the tenant could
    not be read to the end. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.asked.voice)
    request = flags.asked.request(people, dry_run=True)
    from bulkscim.runs.start import run

    looks = _Looks(flags)
    with runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: run(request, people, watcher, looks.at))
    final_report.tell(report, people, typed_flags.typed(), as_json=False)
    if report.exit_reason is not None or report.state is not RunState.FINISHED:
        return report
    return _CHANGES if flags.exit_code and any(one.sends for one in looks.found) else 0


@dataclass(frozen=True, slots=True)
class _Looks:
    """Prints what a dry run found, and keeps the overview of it."""

    flags: PlanFlags
    found: "list[Overview]" = field(default_factory=list)

    def at(self, recorded: "RecordedRun") -> None:
        """Print the plan to stdout."""
        from bulkscim.reporting.plan_text import Overview, overview_lines, row_lines
        from bulkscim.reporting.planned import planned_rows, told

        overview = Overview()
        self.found.append(overview)
        rows = _counted(planned_rows(recorded), overview)
        if self.flags.as_json:
            runtime.print_lines(orjson.dumps(told(row)).decode() for row in rows)
            return
        if self.flags.every:
            runtime.print_lines(line for row in rows for line in row_lines(row, titled=True))
        else:
            for _ in rows:
                pass
        runtime.print_lines(overview_lines(overview))


def _counted(rows: "Iterable[PlannedRow]", overview: "Overview") -> "Iterator[PlannedRow]":
    """Yield rows, and count them on the way."""
    for row in rows:
        overview.add(row)
        yield row
