"""`bulkscim verify RUN`: what the journal of a run proves, and with --live what the tenant shows of it."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.errors import Mismatch
from bulkscim.journal.settings import Connection

if TYPE_CHECKING:
    from bulkscim.reporting.statement import Statement
    from bulkscim.runs.expectations import Expectations

NOT_AS_RECORDED = 3


@dataclass(frozen=True, slots=True)
class VerifyFlags:
    """What the command line says of a run that is verified."""

    run: str
    head: str
    live: bool
    job: Path | None
    tenant_flags: options.OwnTenantFlags
    runs_dir: Path
    connection: Connection
    voice: options.Voice
    as_json: bool


@click.command("verify")
@options.run_argument
@click.option("--head", default="", metavar="HASH", help="A chain head that an earlier command printed.")
@click.option(
    "--live", is_flag=True, help="Also compare the tenant with the journal; exit 3 where they differ."
)
@options.job_file
@options.own_tenant
@options.tokens
@options.runs_dir
@options.pace
@options.network
@options.as_json
@options.voice
@options.given_as(VerifyFlags)
def command(flags: VerifyFlags) -> int:
    """Check the journal of RUN, and print what it proves.

    Every line is checked. The output is a statement that can be filed.

    \b
    Examples:
      bulkscim verify last
      bulkscim verify last --live

    Exit codes: 0 all of it holds; 3 --live found differences; 12 the job file is another one; 13 the journal is damaged.
    More: `bulkscim --help`.
    """
    from bulkscim.reporting.statement import write
    from bulkscim.reporting.statement_text import statement_lines
    from bulkscim.runs.expectations import Expectations
    from bulkscim.runs.verifying import verify

    with closing(Expectations()) as known:
        watch = known.watch if flags.live else None
        statement = verify(flags.run, flags.runs_dir, head=flags.head, job=flags.job, watch=watch)
        if flags.live:
            statement = _with_live(statement, known, flags)
    if flags.as_json:
        runtime.print_json(write(statement))
    else:
        runtime.print_lines(statement_lines(statement))
    if statement.job.wrong:
        raise Mismatch(statement.job.wrong)
    return NOT_AS_RECORDED if statement.live and statement.live.differences else 0


def _with_live(statement: "Statement", known: "Expectations", flags: VerifyFlags) -> "Statement":
    """Read the run's own tenant back."""
    from bulkscim.journal.durable import LocalDisk
    from bulkscim.reporting.proof import with_live
    from bulkscim.reporting.recorded import read_header
    from bulkscim.runs.live_differences import read_live

    folder = Path(statement.folder)
    people = runtime.people_of(flags.voice)
    header = read_header(str(folder), folder.parent)
    tenant, connection = tenant_options.tenant_of_run(people, header, flags.tenant_flags, flags.connection)
    settings = tenant_options.reading_settings(connection, tenant)
    with tenant_options.naming_the_tenant(header):
        told = runtime.carry_out(lambda: read_live(folder, tenant, settings, known, LocalDisk(), people.note))
    return with_live(statement, told)
