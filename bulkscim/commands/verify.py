"""`bulkscim verify RUN`: what the journal of a run proves."""

from pathlib import Path

import click

from bulkscim.commands import options, setting
from bulkscim.errors import Mismatch


@click.command("verify")
@options.run_argument
@click.option("--head", default="", metavar="HASH", help="A chain head that an earlier command printed.")
@options.option("--job", type=options.path(), metavar="FILE", help="Where the job file is now.")
@options.runs_dir
@options.as_json
def command(run: str, head: str, job: Path | None, runs_dir: Path, *, as_json: bool) -> None:
    """Check the whole journal of RUN, line by line, and print what it proves as a statement to file."""
    from bulkscim.reporting.statement import statement_lines
    from bulkscim.runs.verifying import verify

    statement = verify(run, runs_dir, head=head, job=job)
    if as_json:
        setting.print_json(statement)
    else:
        setting.print_lines(statement_lines(statement))
    if statement["job"]["wrong"]:
        raise Mismatch(statement["job"]["wrong"])
