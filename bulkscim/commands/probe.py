"""`bulkscim probe`: find out by reading what a tenant does, and compare it with its profile."""

from dataclasses import dataclass

import click

from bulkscim.commands import options, runtime, tenant_options
from bulkscim.journal.settings import Connection


@dataclass(frozen=True, slots=True)
class ProbeFlags:
    """What the command line says of a probe."""

    tenant_flags: options.TenantFlags
    connection: Connection
    voice: options.Voice
    as_json: bool


@click.command("probe")
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

    \b
    Examples:
      bulkscim probe --tenant sandbox
      bulkscim probe --base-url https://tenant.example/scim/v2 --profile slack

    Exit codes: 0 could answer; 2 no SCIM service is there; 5 the tenant could not be reached; 7 no valid token. More: `bulkscim --help`.
    """
    people = runtime.people_of(flags.voice)
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
