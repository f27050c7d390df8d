"""`bulkscim rate RUN 50/min`: change the rate of a run in another process."""

from dataclasses import dataclass
from pathlib import Path

import click

from bulkscim.commands import options, runtime
from bulkscim.commands.value_types import RateType


@dataclass(frozen=True, slots=True)
class RateFlags:
    """What the command line says of a rate."""

    run: str
    rates: tuple[str, ...]
    runs_dir: Path
    voice: options.Voice


@click.command("rate")
@options.run_argument
@click.argument("rates", metavar="RATE", type=RateType(), nargs=-1, required=True)
@options.runs_dir
@options.voice
@options.given_as(RateFlags)
def command(flags: RateFlags) -> None:
    """Let RUN in another process send at most RATE.

    RATE is written as for --rate, and may be given several times; it takes the place of all that the run was given. The
    process looks once a second. What it has sent before counts under the new rate, so a slower one may begin with a wait.
    The journal records the rate, and resume keeps it.

    \b
    Examples:
      bulkscim rate last 50/min
      bulkscim rate last 50/min "POST /Users 20/10s"

    Exit codes: 0 changed; 2 no process works on the run; 10 no such run. More: `bulkscim --help`.
    """
    from bulkscim.runs.pausing import change_rate

    people = runtime.people_of(flags.voice)
    for line in change_rate(flags.run, ", ".join(flags.rates), flags.runs_dir):
        people.say(line)
