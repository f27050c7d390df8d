"""`bulkscim probe`: find out by reading what a tenant does, and compare it with its profile."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.typed import next_line
from bulkscim.outputs import text_file

if TYPE_CHECKING:
    from bulkscim.runs.probing import Probed

ENDING = ".toml"


@dataclass(frozen=True, slots=True)
class ProbeFlags:
    """What the command line says of a probe."""

    out: Path | None
    force: bool
    tenant_flags: options.TenantFlags
    connection: Connection
    voice: options.Voice
    as_json: bool


@click.command("probe")
@click.option(
    "-o",
    "--out",
    type=options.path(),
    metavar="FILE",
    help="Write a profile with what was seen, as FILE.toml.",
)
@options.force
@options.tenant
@options.tokens
@options.pace
@options.network
@options.as_json
@options.voice
@options.given_as(ProbeFlags)
def command(flags: ProbeFlags) -> None:
    """Find out what a tenant does, and compare it with its profile. Reads only.

    Up to 40 GETs show which filters, pages, attributes and endpoints the tenant heeds. Each trait is listed with what the
    profile documents, what the tenant states of itself, and what was seen; ! marks a difference. What the answers do not
    prove is unknown. The more users and groups there are, the more is known: two users and a group with members are needed
    for most.

    -o writes a profile of your own: the one that was used, with what was seen in its place and as facts.

    \b
    Examples:
      bulkscim probe --tenant sandbox
      bulkscim probe --tenant sandbox -o acme.toml

    Exit codes: 0 could answer; 2 no SCIM service is there; 5 the tenant could not be reached; 7 no valid token. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice)
    if flags.out is not None and flags.out.suffix != ENDING:
        raise UsageError(f"{flags.out}: what is written is a profile; name it {flags.out.stem}{ENDING}")
    tenant, connection = tenant_options.tenant_of(people, flags.tenant_flags, flags.connection)
    settings = tenant_options.reading_settings(connection, tenant)
    from bulkscim.reporting import probing as report
    from bulkscim.runs.probing import probe

    probed = runtime.carry_out(lambda: probe(tenant, settings, people.note))
    for note in probed.notes:
        people.note(note)
    if flags.as_json:
        told = report.as_json(probed.profile, probed.findings, probed.requests, probed.throttled)
        runtime.print_json(told)
    else:
        runtime.print_lines(report.table(probed.findings))
        people.note(report.totals(probed.findings, probed.requests, probed.throttled))
    if flags.out is not None:
        _write(flags.out, probed, replace=flags.force)
        people.note(f"wrote {flags.out}; {next_line('profiles', 'check', flags.out)}")


def _write(out: Path, probed: "Probed", *, replace: bool) -> None:
    from bulkscim.runs.probing import profile_file

    with text_file(out, replace=replace) as target:
        target.write(profile_file(probed))
