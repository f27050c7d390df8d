"""`bulkscim retry RUN`: repeat failed rows, and rows that were skipped because of them."""

from typing import TYPE_CHECKING

import click

from bulkscim.commands.resume import GoOnFlags, go_on, going_on

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport


@click.command("retry")
@going_on
def command(flags: GoOnFlags) -> "RunReport":
    """Continue RUN, and repeat its failed and skipped rows.

    RUN is a run id, a run folder, or `last`, the newest run. Parts of rows that were applied are kept.

    --on-exists and --create-groups change what rows do and are approved again. Where the canary was not right, retry
    repeats it, and sends the other rows only if it is right now.

    \b
    Example:
      bulkscim retry last

    Exit codes: 0 every row ended as wanted; 3 some failed or were skipped; 4 refused by a guard, or not approved; 5
    stopped early; 6 some are in doubt. More: `bulkscim --help`.
    """
    return go_on(flags, retry=True)
