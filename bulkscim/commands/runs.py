"""`bulkscim runs`: the runs of this folder."""

from pathlib import Path

import click

from bulkscim.commands import options, setting


@click.command("runs")
@options.runs_dir
@options.as_json
def command(runs_dir: Path, *, as_json: bool) -> None:
    """List all runs, the newest first."""
    from bulkscim.reporting.recorded import list_summaries, listing_lines

    summaries = list(list_summaries(runs_dir))
    if as_json:
        setting.print_json(summaries)
    elif summaries:
        setting.print_lines(listing_lines(summaries))
    else:
        setting.print_lines([f"no runs in {runs_dir}; next: bulkscim run JOB"])
