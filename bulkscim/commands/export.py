"""`bulkscim export users|groups`: a tenant's resources as a job file."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, reaching, setting
from bulkscim.model.operation import GROUP, USER
from bulkscim.reporting.console import People
from bulkscim.reporting.private import private_file

if TYPE_CHECKING:
    from bulkscim.runs.export import Exported

KINDS = {"users": USER, "groups": GROUP}


@click.command("export")
@click.argument("what", type=click.Choice(list(KINDS)))
@click.option("--format", "layout", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--out", type=options.path(), metavar="FILE", help="Where to; else standard output.")
@options.tenant
@options.tokens
@options.pace
@options.network
@options.voice
def command(what: str, layout: str, out: Path | None, *, verbose: bool, quiet: bool, **chosen: Any) -> None:
    """Write all users or groups as a job file of upserts. Reads only; secrets are never in it."""
    people = setting.people_of(verbose=verbose, quiet=quiet)
    tenant = reaching.tenant_of(people, chosen)
    settings = reaching.reading_settings(chosen, tenant)
    from bulkscim.runs.export import export

    with private_file(out) if out else nullcontext(sys.stdout) as target:
        told = setting.carry_out(lambda: export(tenant, KINDS[what], layout, target, settings))
    _tell(told, what, out, people)


def _tell(told: "Exported", what: str, out: Path | None, people: People) -> None:
    for note in told.notes:
        people.note(note)
    if told.nameless:
        people.warn(f"{told.nameless:,} of the {what} have no name and are not in it")
    for path, count in sorted(told.left_out.items()):
        people.warn(f"{path}: no cell can hold it in {count:,} rows; --format jsonl keeps it")
    people.note(f"{told.rows:,} {what} written{f' to {out}' if out else ''}")
    if out:
        people.note(f"next: bulkscim validate {out}")
