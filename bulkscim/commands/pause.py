"""`bulkscim pause RUN`: let a run in another process send nothing, or all runs on a tenant."""

from dataclasses import dataclass
from pathlib import Path

import click

from bulkscim.commands import options, runtime


@dataclass(frozen=True, slots=True)
class PauseFlags:
    """What the command line says of a pause."""

    run: str | None
    tenant: str | None
    base_url: str | None
    note: str
    runs_dir: Path
    voice: options.Voice


@click.command("pause")
@options.run_or_tenant
@click.option(
    "--note", default="", metavar="TEXT", help="Why a tenant is paused; shown to all who start a run."
)
@options.runs_dir
@options.voice
@options.given_as(PauseFlags)
def command(flags: PauseFlags) -> None:
    """Pause RUN in another process, until `go`.

    The process looks once a second. Requests that are under way come to their end, and no new one is sent. The process goes on
    and keeps the run and the tenant; Ctrl-C ends it as usual, and resume continues.

    With --tenant, all runs of this user on this machine that work on the tenant pause, and none starts until `go --tenant`.

    \b
    Examples:
      bulkscim pause last
      bulkscim pause --tenant acme --note "incident 4711"

    Exit codes: 0 paused; 2 no process works on the run; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.runs.pausing import pause_run, pause_runs_on

    people = runtime.people_of(flags.voice)
    url = options.url_of_tenant(flags.run, flags.tenant, flags.base_url)
    if url is not None:
        lines = pause_runs_on(url, flags.tenant or "", flags.note)
    else:
        lines = pause_run(flags.run or "", flags.runs_dir)
    for line in lines:
        people.say(line)
