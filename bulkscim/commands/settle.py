"""`bulkscim settle RUN --row N`: decide what became of a row that stays in doubt."""

from dataclasses import dataclass, replace
from pathlib import Path

import click

from bulkscim.commands import final_report, options, runtime, typed_flags

_DONE = "done"


@dataclass(frozen=True, slots=True)
class SettleFlags:
    """What the command line says of a row in doubt."""

    run: str
    row: int
    decided: str
    note: str
    part: str
    job: Path | None
    runs_dir: Path
    as_json: bool
    voice: options.Voice


@click.command("settle")
@options.run_argument
@click.option("--row", type=click.IntRange(min=1), required=True, metavar="N", help="The row in doubt.")
@click.option(
    "--as",
    "decided",
    type=click.Choice([_DONE, "not-applied"]),
    required=True,
    help="Whether the tenant made the change.",
)
@click.option(
    "--note", required=True, metavar="TEXT", help="How you know; the journal keeps it with your user name."
)
@click.option("--part", default="", metavar="NAME", help="The part, where several steps of the row are open.")
@options.job_file
@options.runs_dir
@options.as_json
@options.voice
@options.given_as(SettleFlags)
def command(flags: SettleFlags) -> None:
    """Decide whether a row in doubt was applied.

    A row of RUN is in doubt where its change was sent and no read of the tenant shows whether it was applied. Run
    resume first: it looks again. Then look in the tenant yourself. This command sends nothing.

    With done, the change counts as applied: resume does what is left of the row, and a rollback undoes the change where
    its id is known. With not-applied, the row is pending, and resume sends it again.

    \b
    Example:
      bulkscim settle last --row 17 --as done --note "seen in the admin console"

    Exit codes: 0 recorded; 2 the row is not in doubt; 10 no such run; 11 another process works on it. More:
    `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice)
    from bulkscim.runs.settling import SettleRequest, settle

    request = SettleRequest(
        run=flags.run,
        runs_dir=flags.runs_dir,
        row=flags.row,
        applied=flags.decided == _DONE,
        note=flags.note,
        part=flags.part,
        job=flags.job,
    )
    told, report = runtime.carry_out(lambda: settle(request, people))
    people.say(told)
    final_report.tell(replace(report, exit_reason=None), people, typed_flags.typed(), as_json=flags.as_json)
