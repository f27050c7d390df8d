"""`bulkscim verify RUN`: what the journal of a run proves, and with --live what the tenant shows of it."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, reaching, setting
from bulkscim.errors import Mismatch

if TYPE_CHECKING:
    from bulkscim.reporting.statement import Statement
    from bulkscim.runs.expectations import Expectations

NOT_AS_RECORDED = 3


@click.command("verify")
@options.run_argument
@click.option("--head", default="", metavar="HASH", help="A chain head that an earlier command printed.")
@click.option("--live", is_flag=True, help="Also read the tenant back; 3 where it is not as recorded.")
@options.job_file
@options.own_tenant
@options.tokens
@options.runs_dir
@options.pace
@options.network
@options.as_json
@options.voice
def command(run: str, runs_dir: Path, *, live: bool, as_json: bool, **chosen: Any) -> int:
    """Check the whole journal of RUN, line by line, and print what it proves as a statement to file."""
    from bulkscim.reporting.statement import statement_lines
    from bulkscim.runs.expectations import Expectations
    from bulkscim.runs.verifying import verify

    with closing(Expectations()) as known:
        watch = known.watch if live else None
        statement = verify(run, runs_dir, head=chosen["head"], job=chosen["job"], watch=watch)
        if live:
            statement = _with_live(statement, known, chosen)
    if as_json:
        setting.print_json(statement)
    else:
        setting.print_lines(statement_lines(statement))
    if statement["job"]["wrong"]:
        raise Mismatch(statement["job"]["wrong"])
    return NOT_AS_RECORDED if live and statement["live"]["differences"] else 0


def _with_live(statement: "Statement", known: "Expectations", chosen: dict[str, Any]) -> "Statement":
    """Read the run's own tenant back."""
    from bulkscim.journal.durable import LocalDisk
    from bulkscim.reporting.recorded import read_header
    from bulkscim.reporting.statement import with_live
    from bulkscim.runs.live import read_live

    folder = Path(statement["folder"])
    people = setting.people_of(verbose=chosen["verbose"], quiet=chosen["quiet"])
    header = read_header(str(folder), folder.parent)
    tenant = reaching.tenant_of_run(people, header, chosen)
    settings = reaching.reading_settings(chosen, tenant)
    with reaching.naming_the_tenant(header):
        told = setting.carry_out(lambda: read_live(folder, tenant, settings, known, LocalDisk(), people.note))
    return with_live(statement, told.at, told.told())
