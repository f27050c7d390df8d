"""`bulkscim explain RUN --row N`: the story of one row."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime
from bulkscim.errors import BulkScimError, UsageError
from bulkscim.model.operation import Operation

if TYPE_CHECKING:
    from bulkscim.journal.journal import RecordedRun


@dataclass(frozen=True, slots=True)
class ExplainFlags:
    """What the command line says of a row that is explained."""

    run: str
    row: int
    job: Path | None
    runs_dir: Path
    voice: options.Voice


@click.command("explain")
@options.run_argument
@click.option(
    "--row",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="The number of the row; the first record is 1.",
)
@options.job_file
@options.runs_dir
@options.voice
@options.given_as(ExplainFlags)
def command(flags: ExplainFlags) -> None:
    """Show what row N of RUN asked for, and what happened.

    The README explains the states under "Words".

    \b
    Example:
      bulkscim explain last --row 17

    Exit codes: 0 shown; 2 no such row; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.reporting.explain import explain
    from bulkscim.reporting.next_commands import run_name
    from bulkscim.reporting.recorded import open_recorded

    people, row = runtime.people_of(flags.voice), flags.row
    with open_recorded(flags.run, flags.runs_dir) as recorded:
        if row > recorded.ledger.rows:
            raise UsageError(f"there is no row {row}: the last row of the run is {recorded.ledger.rows:,}")
        if not recorded.ledger.takes(row):
            raise UsageError(f"the run does not take row {row}; results.csv lists the rows that it takes")
        operation, undoes = None, ""
        try:
            operation, undoes = _asked(recorded, row, flags.job)
        except BulkScimError as error:  # the journal knows what was sent all the same
            people.warn(str(error))
        runtime.print_text(explain(recorded, row, operation, run_name(recorded.folder), undoes))


def _asked(recorded: "RecordedRun", row: int, job: Path | None) -> tuple[Operation | None, str]:
    """Return what the job file says of one row, and in a rollback which rows of its run that takes back."""
    from bulkscim.jobfile.reading import raw_records
    from bulkscim.reporting.rollback_preview import undoes
    from bulkscim.reporting.source import asked, find_source

    source = find_source(recorded.header, recorded.folder, job)
    found = next(asked(recorded, source, lambda number: number == row, row), None)
    if recorded.header.parent is None:
        return (found[1] if found is not None else None), ""
    record = next(raw_records(source, row, lambda number: number == row), None)
    return (found[1] if found is not None else None), undoes(record.body if record is not None else {})
