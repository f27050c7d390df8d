"""`bulkscim explain RUN --row N`: the story of one row."""

from pathlib import Path

import click

from bulkscim.commands import options, setting
from bulkscim.errors import UsageError


@click.command("explain")
@options.run_argument
@click.option("--row", type=click.IntRange(min=1), required=True, metavar="N", help="Records count from 1.")
@options.option("--job", type=options.path(), metavar="FILE", help="Where the job file is now.")
@options.runs_dir
def command(run: str, row: int, job: Path | None, runs_dir: Path) -> None:
    """Tell what was asked of row N of RUN, what was sent, what came back, and what comes next."""
    from bulkscim.journal.runfolder import find
    from bulkscim.reporting.asked import asked
    from bulkscim.reporting.explain import explain
    from bulkscim.reporting.recorded import open_recorded
    from bulkscim.reporting.summary import shown_run

    folder = find(run, runs_dir)
    recorded, _ = open_recorded(folder)
    if row > recorded.ledger.rows:
        raise UsageError(f"there is no row {row}: the job file has {recorded.ledger.rows} rows")
    found = next(asked(recorded, job, first=row, wanted=row.__eq__), None)
    operation = found[1] if found is not None else None
    setting.print_lines(explain(recorded, row, operation, shown_run(folder)))
