"""`bulkscim validate JOB`: check a job file; no tenant is needed."""

import os
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bulkscim.commands import options, runtime, tenant_options, typed_flags
from bulkscim.errors import CredentialError, UsageError
from bulkscim.journal.settings import Connection
from bulkscim.model.guard_table import IN_DEFINITIONS
from bulkscim.model.typed import next_line
from bulkscim.reporting.console import Console
from bulkscim.reporting.hints import CREATE_GROUPS
from bulkscim.runs.options import RecordDefaults
from bulkscim.tenants.entries import entries, places

if TYPE_CHECKING:
    from bulkscim.journal.settings import Settings
    from bulkscim.model.operation import JsonObject, Key
    from bulkscim.tenants.tenant import Tenant

    Reached = tuple[Tenant, Settings]
    from bulkscim.jobfile.record_checks import Rules
    from bulkscim.jobfile.validate import Checked
    from bulkscim.runs.definition import Definition
    from bulkscim.scim.discovery import LiveSchemas

_SHOWN_GROUPS = 10


@dataclass(frozen=True, slots=True)
class ValidateFlags:
    """What the command line says of a job file that is checked."""

    job: str
    records: RecordDefaults
    strict: bool
    limit: int | None
    tenant_flags: options.TenantFlags
    connection: Connection
    as_json: bool
    voice: options.Voice


@click.command("validate")
@click.argument("job")
@options.records
@options.strict
@options.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N rows.")
@options.option(
    "--tenant",
    metavar="NAME",
    help="Check the file against the /Schemas of this tenant too, and look up the groups that it names.",
)
@options.option("--base-url", metavar="URL", help="The tenant to check against, by its SCIM base URL.")
@options.option(
    "--profile",
    metavar="NAME",
    help="The provider's profile, or your own file (default: the tenant's, else generic).",
)
@options.tokens
@options.network
@options.as_json
@options.voice
@options.given_as(ValidateFlags)
def command(flags: ValidateFlags) -> None:
    """Check a job file and list what is wrong with it.

    JOB is a job file (.csv or .jsonl, either .gz; - for standard input) or a job definition (.toml).

    No tenant is needed. With --tenant or --base-url on the command line, the file is also checked against the tenant's
    /Schemas, and the groups that it names are looked up. The tenant is only read.

    \b
    Example:
      bulkscim validate samples/onboarding.csv --op create

    Exit codes: 0 the file is good; 2 it is not. More: `bulkscim --help`.
    """
    from bulkscim.jobfile.record_checks import Rules
    from bulkscim.runs.definition import said_of

    people = runtime.people_of(flags.voice)
    said = said_of(flags.job, flags.records)
    reached = _reached(people, flags)
    live = None if reached is None else _live(people, reached)
    rules = Rules(strict=flags.strict, live=live)
    checked, groups = _checked(said, flags.limit, rules, with_groups=reached is not None)
    if flags.as_json:
        runtime.print_json(_as_json(checked) | {"guards": _guards(said)})
    for note in (*said.notes, *(f"{said.job}: {each}" for each in checked.notes)):
        people.note(note)
    for warning in checked.warnings:
        people.warn(warning)
    if checked.problem_count:
        checked.sound_index()  # raises what is wrong
    _tell(flags.job, checked, people)
    _tell_guards(said, people)
    if flags.job != "-":  # standard input cannot be read again
        tenant = tuple(typed_flags.flags(typed_flags.TENANT)) or _tenant()
        records = typed_flags.flags(typed_flags.RECORDS)
        creating = () if reached is None or said.rules.create_groups else _creating(people, reached, groups)
        people.note(next_line("run", Path(flags.job), *records, *tenant, *creating, "-n"))


def _tell_guards(said: "Definition", people: Console) -> None:
    if guards := _guards(said):
        held = ", ".join(f"{name} {value}" for name, value in guards.items() if name != "protect")
        protect = said.limits.protect
        names = f"protect {len(protect):,} accounts" if protect else ""
        people.note(
            f"guards    {', '.join(filter(None, (held, names)))}: `run` checks them before it sends anything"
        )


def _guards(said: "Definition") -> "JsonObject":
    """Return the guards of the definition, which only a run can hold."""
    limits = {name: getattr(said.limits, name) for name in IN_DEFINITIONS}
    shown: JsonObject = {name: str(limit) for name, limit in limits.items() if limit is not None}
    return shown | ({"protect": list(said.limits.protect)} if said.limits.protect else {})


def _reached(people: Console, flags: ValidateFlags) -> "Reached | None":
    """Return the tenant that the command line names, None where there is none or it cannot be asked."""
    context = click.get_current_context()
    named = [
        flag
        for flag in ("tenant", "base_url")
        if context.get_parameter_source(flag) is ParameterSource.COMMANDLINE
    ]
    if not named:
        return None
    from bulkscim.runs.sandbox_tenants import SANDBOXES, profiles_running

    if flags.tenant_flags.tenant in SANDBOXES and not profiles_running():
        people.note("the sandbox is not running, so the file is not checked against its /Schemas")
        people.note(next_line("sandbox", "start"))
        return None
    typed = flags.tenant_flags  # what the environment names is meant for other commands
    meant = replace(
        typed,
        tenant=typed.tenant if "tenant" in named else None,
        base_url=typed.base_url if "base_url" in named else None,
    )
    try:
        tenant, connection = tenant_options.tenant_of(people, meant, flags.connection)
    except CredentialError as error:
        people.note(f"the file is not checked against the tenant's /Schemas: {error}")
        return None
    return tenant, tenant_options.reading_settings(connection, tenant)


def _live(people: Console, reached: "Reached") -> "LiveSchemas | None":
    """Return the schemas of the tenant, None where it has none."""
    from bulkscim.runs.tenant_schemas import schemas_of

    live, told = runtime.carry_out(lambda: schemas_of(*reached))
    people.note(told)
    return live


def _creating(people: Console, reached: "Reached", groups: "list[Key]") -> tuple[str, ...]:
    """Return the flag that creates groups, where the file names some that the tenant does not have; name these."""
    from bulkscim.runs.tenant_groups import missing_groups

    missing = runtime.carry_out(lambda: missing_groups(*reached, groups, people.note)) if groups else []
    if not missing:
        return ()
    named = ", ".join(f'"{name}"' for name in missing[:_SHOWN_GROUPS])
    more = f" and {len(missing) - _SHOWN_GROUPS:,} more" if len(missing) > _SHOWN_GROUPS else ""
    people.note(f"the tenant does not have these groups: {named}{more}. {CREATE_GROUPS} creates them:")
    return (CREATE_GROUPS,)


def _checked(
    said: "Definition", limit: int | None, rules: "Rules", *, with_groups: bool
) -> "tuple[Checked, list[Key]]":
    """Check the file with an index that is thrown away; return also the groups that it names and does not create."""
    from bulkscim.jobfile.source import checking, open_source
    from bulkscim.jobfile.validate import Chosen, check
    from bulkscim.model.selection import TakenRows

    runtime.collect_seldom()
    defaults, taken = said.defaults, None if limit is None else TakenRows.first(limit)
    with (
        checking(open_source(said.job, sys.stdin.buffer, said.form)) as source,
        tempfile.TemporaryDirectory(prefix="bulkscim-") as folder,
    ):
        checked = check(source, defaults, Path(folder) / "index", Chosen(taken), rules)
        groups: list[Key] = []
        if checked.index is not None:
            with checked.index as index:
                if with_groups:
                    from bulkscim.runs.tenant_groups import named_groups  # brings all that sends requests

                    groups = named_groups(source, defaults, index, taken)
        return checked, groups


def _as_json(checked: "Checked") -> "JsonObject":
    return {
        "rows": checked.rows,
        "operations": [
            {"op": verb.value, "type": kind, "rows": count}
            for (verb, kind), count in sorted(checked.verbs.items())
        ],
        "not_before": checked.not_before or None,
        "problems": checked.problems,
        "problem_count": checked.problem_count,
        "warnings": checked.warnings,
        "warning_count": checked.warning_count,
        "notes": checked.notes,
    }


def _tell(job: str, checked: "Checked", people: Console) -> None:
    """Say what the file asks, and the next command."""
    for (verb, kind), count in sorted(checked.verbs.items()):
        people.note(f"{verb.value:<14} {kind:<6} {count:>12,}")
    people.note(f"{job}: {checked.rows:,} row{'s' * (checked.rows != 1)}, no problems{_warned(checked)}")
    if checked.not_before:
        people.note(f"not before {checked.not_before}")


def _warned(checked: "Checked") -> str:
    count = checked.warning_count
    return f", {count:,} warning{'s' * (count != 1)}" if count else ""


def _tenant() -> tuple[str, ...]:
    """Return a tenant for the next command: the one that the environment names, the only one there is, or the sandbox."""
    if os.environ.get("BULKSCIM_TENANT") or os.environ.get("BULKSCIM_BASE_URL"):
        return ()
    try:
        known = [entry.name for entry in entries(places())]
    except UsageError:  # a mistake in bulkscim.toml is named by the command that needs it
        known = []
    return ("--tenant", known[0] if len(known) == 1 else "sandbox")
