"""`bulkscim settle RUN --row N`: decide what became of a row that stays in doubt."""

from dataclasses import replace
from typing import Any

import click

from bulkscim.commands import ending, options, setting, typed_flags

_DONE = "done"


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
    "--note", required=True, metavar="TEXT", help="How you know; kept in the journal with your user name."
)
@click.option(
    "--part", default="", metavar="NAME", help="Which part, where several steps of the row are open."
)
@options.job_file
@options.runs_dir
@options.as_json
@options.voice
def command(*, decided: str, verbose: bool, quiet: bool, as_json: bool, **chosen: Any) -> None:
    """Decide what became of row N of RUN, which is in doubt: its change was sent, and no look at the tenant could tell
    whether it was made.

    Run resume first: it looks again. Then look in the tenant yourself. Nothing is sent by this command.

    With done, the change counts as made: what is left of the row is for resume, and a rollback undoes the change where
    its id is known. With not-applied, the row is pending, and resume sends it again.

    \b
    Example:
      bulkscim settle last --row 17 --as done --note "seen in the admin console"

    Exit codes: 0 recorded; 2 the row is not in doubt; 10 no such run; 11 another process works on it.
    """
    people = setting.people_of(verbose=verbose, quiet=quiet)
    from bulkscim.runs.settling import SettleRequest, settle

    request = SettleRequest(applied=decided == _DONE, **chosen)
    told, report = setting.carry_out(lambda: settle(request, people))
    people.say(told)
    ending.tell(replace(report, exit_reason=None), people, typed_flags.typed(), as_json=as_json)
