"""`bulkscim go RUN`: end a pause."""

from dataclasses import dataclass
from pathlib import Path

import click

from bulkscim.commands import options, runtime


@dataclass(frozen=True, slots=True)
class GoFlags:
    """What the command line says of the end of a pause."""

    run: str | None
    tenant: str | None
    base_url: str | None
    runs_dir: Path
    voice: options.Voice


@click.command("go")
@options.run_or_tenant
@options.runs_dir
@options.voice
@options.given_as(GoFlags)
def command(flags: GoFlags) -> None:
    """End the pause of RUN, or with --tenant that of a tenant.

    A run whose process has ended is continued by resume.

    \b
    Examples:
      bulkscim go last
      bulkscim go --tenant acme

    Exit codes: 0 goes on; 2 no process works on the run; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.runs.pausing import go_on_with_run, go_on_with_runs_on

    people = runtime.people_of(flags.voice)
    url = options.url_of_tenant(flags.run, flags.tenant, flags.base_url)
    if url is not None:
        lines = go_on_with_runs_on(url, flags.tenant or "")
    else:
        lines = go_on_with_run(flags.run or "", flags.runs_dir)
    for line in lines:
        people.say(line)
