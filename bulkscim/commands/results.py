"""`bulkscim results RUN`: write what became of every row, and the failed records as a job file."""

from pathlib import Path

import click

from bulkscim.commands import options, setting


@click.command("results")
@options.run_argument
@options.option("--job", type=options.path(), metavar="FILE", help="Where the job file is now.")
@options.runs_dir
@options.as_json
@options.voice
def command(run: str, job: Path | None, runs_dir: Path, *, as_json: bool, verbose: bool, quiet: bool) -> None:
    """Write results.csv and the errors file of RUN into its folder and print their paths."""
