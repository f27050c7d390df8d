"""`bulkscim export users|groups`: a tenant's resources as a job file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.journal.settings import Connection
from bulkscim.model.harmless import escaped
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.typed import next_line
from bulkscim.outputs import STDOUT, is_stdout, text_file
from bulkscim.reporting.console import Console

if TYPE_CHECKING:
    from bulkscim.runs.export import Exported

KINDS = {"users": USER, "groups": GROUP}


@dataclass(frozen=True, slots=True)
class ExportFlags:
    """What the command line says of an export."""

    what: str
    layout: str | None
    out: Path
    force: bool
    tenant_flags: options.TenantFlags
    connection: Connection
    voice: options.Voice


@click.command("export")
@click.argument("what", type=click.Choice(list(KINDS)))
@click.option(
    "--format",
    "layout",
    type=click.Choice(["jsonl", "csv"]),
    help="The layout. Without it: by the name of FILE, else jsonl.",
)
@click.option(
    "--out",
    type=options.path(),
    metavar="FILE",
    default=STDOUT,
    show_default=True,
    help="The file to write; - is standard output.",
)
@options.force
@options.tenant
@options.tokens
@options.pace
@options.network
@options.voice
@options.given_as(ExportFlags)
def command(flags: ExportFlags) -> None:
    """Write all users or groups as a job file. Reads only.

    The records of the file are upserts. It never holds secrets.

    \b
    Example:
      bulkscim export users --tenant sandbox --out users.jsonl

    Exit codes: 0 complete; 5 the tenant could not be read to the end; 7 no valid token. More: `bulkscim --help`.
    """
    people, out, what = runtime.people_of(flags.voice), flags.out, flags.what
    written_as = runtime.layout_of(out, flags.layout)
    tenant, connection = tenant_options.tenant_of(people, flags.tenant_flags, flags.connection)
    settings = tenant_options.reading_settings(connection, tenant)
    from bulkscim.runs.export import export

    with text_file(out, replace=flags.force) as target:
        told = runtime.carry_out(
            lambda: export(tenant, KINDS[what], written_as, target, settings, people.note)
        )
    _tell(told, what, "" if is_stdout(out) else str(out), people)


def _tell(told: "Exported", what: str, out: str, people: Console) -> None:
    for note in told.notes:
        people.note(note)
    for warning in told.warnings:
        people.warn(warning)
    if told.nameless:
        people.warn(
            f"{told.nameless:,} of the {what} have no name that a job file can hold, and are not in it"
        )
    for path, count in sorted(told.left_out.items()):
        people.warn(
            f"{escaped(path)}: no cell can hold it in {count:,} row{'s' * (count != 1)}; --format jsonl keeps it"
        )
    people.note(f"{told.rows:,} {what} written" + (f" to {out}; {next_line('validate', out)}" if out else ""))
