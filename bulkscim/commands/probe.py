"""`bulkscim probe`: find out by reading what a tenant does, and compare it with its profile."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.errors import UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.typed import next_line
from bulkscim.outputs import refuse_unwritable, text_file
from bulkscim.reporting.console import Console
from bulkscim.reporting.wrapping import width_of
from bulkscim.runs.options import Approval

if TYPE_CHECKING:
    from bulkscim.journal.settings import Settings
    from bulkscim.runs.probing import Probed
    from bulkscim.runs.report import RunReport
    from bulkscim.tenants.tenant import Tenant

ENDING = ".toml"


@dataclass(frozen=True, slots=True)
class ProbeFlags:
    """What the command line says of a probe."""

    out: Path | None
    force: bool
    write: bool
    address: str
    runs_dir: Path
    approval: Approval
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
@click.option(
    "--write",
    is_flag=True,
    help="Also create a user and groups, change them and delete all, in journaled runs that are rolled back.",
)
@click.option(
    "--as", "address", default="", metavar="ADDRESS", help="The e-mail address of that user, with --write."
)
@options.runs_dir
@options.approval
@options.tenant
@options.tokens
@options.pace
@options.network
@options.as_json
@options.voice
@options.given_as(ProbeFlags)
def command(flags: ProbeFlags) -> "RunReport | None":
    """Find out what a tenant does, and compare it with its profile. Reads only, without --write.

    Up to 40 GETs show which filters, pages, attributes and endpoints the tenant heeds. Each trait is listed with what the
    profile documents, what the tenant states of itself, and what was seen; ! marks a difference. What the answers do not
    prove is unknown. The more users and groups there are, the more is known: two users and a group with members are needed
    for most.

    -o writes a profile of your own: the one that was used, with what was seen in its place and as facts.

    \b
    Examples:
      bulkscim probe --tenant sandbox
      bulkscim probe --tenant sandbox -o acme.toml
      bulkscim probe --tenant sandbox --write --as probe@example.com

    Exit codes: 0 could answer; 3 --write: not all could be undone; 6 --write: what was sent may still come; 4 --write is not approved; 2 no SCIM service is there; 5 the tenant could not be reached; 7 no valid token. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice, yes=flags.approval.yes)
    if flags.write != bool(flags.address):
        raise UsageError(
            "--write needs --as ADDRESS, the address of the user that it creates, and --as needs --write"
        )
    if flags.out is not None and flags.out.suffix != ENDING:
        raise UsageError(f"{flags.out}: what is written is a profile; name it {flags.out.stem}{ENDING}")
    if flags.out is not None:
        refuse_unwritable(flags.out, replace=flags.force)
    tenant, connection = tenant_options.tenant_of(people, flags.tenant_flags, flags.connection)
    settings = tenant_options.reading_settings(connection, tenant)
    from bulkscim.reporting import probing as report
    from bulkscim.runs.probing import probe

    probed = runtime.carry_out(lambda: probe(tenant, settings, people.note))
    probed, left = _tried(probed, tenant, settings, flags, people) if flags.write else (probed, None)
    for note in probed.notes:
        people.note(note)
    if flags.as_json:
        told = report.as_json(probed.profile, probed.findings, probed.requests, probed.throttled)
        runtime.print_json(told)
    else:
        runtime.print_text(report.table(probed.findings, width_of(sys.stdout)))
        people.note(report.totals(probed.findings, probed.requests, probed.throttled))
    if flags.out is not None:
        _write(flags.out, probed, force=flags.force)
        people.note(f"wrote {flags.out}; {next_line('profiles', 'check', flags.out)}")
    return left


def _tried(
    probed: "Probed", tenant: "Tenant", settings: "Settings", flags: ProbeFlags, people: Console
) -> "tuple[Probed, RunReport | None]":
    """Try writes too; return what was found with them, and the rollback that left something."""
    from bulkscim.providers.probing.written import not_created, proved, with_written
    from bulkscim.runs.probing_writes import WriteProbe

    trial = WriteProbe(tenant, probed.narrowed, settings, flags.runs_dir, people, flags.address)
    trial.approved(flags.approval)
    tried = runtime.carry_out(trial.tried)
    if (why := not_created(tried.trial)) is not None:
        people.warn(f"{why}\n{next_line('results', 'last')}")
    found = with_written(probed.profile, probed.findings, proved(tried.trial))
    return replace(probed, findings=found), tried.left


def _write(out: Path, probed: "Probed", *, force: bool) -> None:
    from bulkscim.runs.probing import profile_file

    with text_file(out, replace=force) as target:
        target.write(profile_file(probed))
