"""`bulkscim status RUN`: the state of a run."""

from pathlib import Path

import click

from bulkscim.commands import options, runtime


@click.command("status")
@options.run_argument
@options.runs_dir
@options.as_json
def command(run: str, runs_dir: Path, *, as_json: bool) -> None:
    """Show the state of RUN. Reads only.

    Of a run in another process also: the time left, why it waits, its requests and the rate that limits allow.

    \b
    Example:
      bulkscim status last --json

    Exit codes: 0 read; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.engine.clock import RealClock
    from bulkscim.reporting.recorded import read_status
    from bulkscim.reporting.summary import status_lines, write

    now = RealClock().now()
    summary, folder = read_status(run, runs_dir, now)
    if as_json:
        runtime.print_json(write(summary))
    else:
        runtime.print_text(status_lines(summary, folder, now))
