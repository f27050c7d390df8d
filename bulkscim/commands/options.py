"""Flags that several commands share. Each is also an environment variable, except those that decide what a run does."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from bulkscim.commands import typed_flags
from bulkscim.commands.value_types import LimitType, NumberOrAuto, RateType, VerbType, Written
from bulkscim.errors import UsageError
from bulkscim.model.guard_table import GUARDS, MAX_DELETE
from bulkscim.model.operation import GROUP, USER
from bulkscim.pacing.hours import parse_deadline, parse_duration, parse_hours
from bulkscim.pacing.rate import parse_share
from bulkscim.runs.options import Asked, built

Result = TypeVar("Result")
Decorator = Callable[[Any], Any]  # of a function, or of the command that click makes of it

_MATCHES = ["id", "userName", "externalId", "emails.value", "displayName"]


def given_as(kind: type[Asked]) -> Callable[[Callable[[Asked], Result]], Callable[..., Result]]:
    """Return a decorator that hands a command its arguments and flags as one value; click knows them by their names."""

    def decorate(command: Callable[[Asked], Result]) -> Callable[..., Result]:
        @wraps(command)
        def called(**said: object) -> Result:
            return command(built(kind, said))

        return called

    return decorate


def together(*options: Decorator) -> Decorator:
    """Return one decorator for several, listed in help as written."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


class FromEnvironment(click.Option):
    """An option that is also read from BULKSCIM_<NAME>; its errors name both."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name the flag and the variable."""
        return f"{super().get_error_hint(ctx)} (or {self.envvar})"


def option(*names: str, **settings: Any) -> Decorator:
    """Return an option that is also read from BULKSCIM_<NAME>."""
    flag = next(name for name in names if name.startswith("--"))
    variable = f"BULKSCIM_{flag[2:].upper().replace('-', '_')}"
    return click.option(*names, envvar=variable, cls=FromEnvironment, **settings)


def path(**settings: bool) -> click.Path:
    """Return the type of an option that names a file or folder."""
    return click.Path(path_type=Path, **settings)


@dataclass(frozen=True, slots=True)
class TokenFlags:
    """Where the token is."""

    token_file: Path | None
    token_command: str | None


@dataclass(frozen=True, slots=True)
class TenantFlags:
    """Which tenant is meant, and with which token."""

    tenant: str | None
    base_url: str | None
    profile: str | None
    tokens: TokenFlags


@dataclass(frozen=True, slots=True)
class OwnTenantFlags:
    """The run's own tenant as the user names it, and the token."""

    tenant: str | None
    base_url: str | None
    tokens: TokenFlags


@dataclass(frozen=True, slots=True)
class Voice:
    """How much is said."""

    verbose: bool = False
    quiet: bool = False


runs_dir = option(
    "--runs-dir", type=path(), default=Path("runs"), show_default=True, help="Where run folders are."
)

tokens = together(
    option("--token-file", type=path(), help="A file that holds the token and nothing else."),
    option("--token-command", metavar="COMMAND", help="A command that prints the token."),
)

tenant = together(
    option("--tenant", metavar="NAME", help="A tenant of bulkscim.toml."),
    option("--base-url", metavar="URL", help="The tenant's SCIM base URL, https://… ."),
    option(
        "--profile",
        metavar="NAME",
        help="The provider's profile, or your own file (default: the tenant's, else generic).",
    ),
)

# For commands that take a run: the run's own tenant, named by the user where nothing else proves that it is theirs.
own_tenant = together(
    option(
        "--tenant", metavar="NAME", help="The run's own tenant; needed with another token than the run's."
    ),
    option("--base-url", metavar="URL", help="The run's own tenant, by its URL."),
)

records = together(
    click.option("--op", type=VerbType(), help="The operation of records that have none."),
    option(
        "--type",
        type=click.Choice([USER, GROUP]),
        help="The resource type of records that name none (default: User).",
    ),
    option(
        "--match", type=click.Choice(_MATCHES), help="The attribute by which a change finds its resource."
    ),
    option("--map", type=path(), metavar="FILE", help="A TOML file whose [map] says what columns mean."),
    option(
        "--encoding",
        default="",
        metavar="NAME",
        help="The encoding of the job file's bytes, such as cp1250; found in them if not given.",
    ),
    option(
        "--header-line",
        type=click.IntRange(min=1),
        callback=lambda _context, _option, line: line or 0,
        metavar="N",
        help="The line of the column names, if other lines are above it.",
    ),
)

pace = together(
    option(
        "--rate",
        type=RateType(),
        multiple=True,
        callback=lambda _context, _option, rates: ", ".join(rates) or None,
        help="The most requests in a time, such as 100/min, or of some requests, such as 'POST /Users 20/10s'. auto: go "
        "faster step by step, up to four times the profile's rate, until the tenant answers that it is too much.",
    ),
    option(
        "--budget-share",
        type=Written("P%", parse_share),
        help="The share of each limit that is used, such as 60%; the rest is left to other clients of the tenant, such as its "
        "identity provider (default: 100%).",
    ),
    option(
        "--burst",
        type=click.IntRange(min=1),
        metavar="N",
        help="The most requests that go at once under each limit, and never more than the limit; for tenants that are known to "
        "take a burst (default: the profile's, else one after the other).",
    ),
    option(
        "--concurrency",
        type=NumberOrAuto(),
        metavar="N|auto",
        help="The most requests in flight at a time; auto: as many as use the rate at the tenant's latency (default: auto).",
    ),
)

times = together(
    option(
        "--deadline",
        type=Written("TIME", lambda text: parse_deadline(text, 0.0)),
        help="Stop then, as Ctrl-C does, with exit code 5: the next 06:00, or 2026-11-28 06:00; none: no longer.",
    ),
    option(
        "--between",
        type=Written("HH:MM-HH:MM", parse_hours),
        help="Send only in these hours of each day, by this machine's clock; none: at any time again.",
    ),
    option(
        "--wait-out",
        type=Written("TIME", parse_duration),
        help="Where the tenant fails or does not answer, ask it again for so long, such as 15m, before the run stops "
        "(default: none).",
    ),
)

network = together(
    option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="S",
        help="The most seconds to wait for an answer (default: 30).",
    ),
    option("--proxy", metavar="URL", help="An HTTP proxy; never used for servers on this machine."),
    option("--ca-bundle", type=path(), help="A PEM file of the certificates to trust."),
)

# These two change what rows do, so they are read from the command line alone.
on_exists = click.option(
    "--on-exists",
    type=click.Choice(["adopt", "update", "skip", "fail"]),
    help="What a create does whose user or group exists. adopt (the default): keep its attributes, add a missing "
    "manager and missing groups; update: change what differs; skip: leave it untouched; fail: the row fails.",
)

create_groups = click.option("--create-groups", is_flag=True, help="Create groups that do not exist yet.")

rules = together(
    on_exists,
    create_groups,
    option(
        "--read-back",
        type=click.Choice(["sample", "all"]),
        help="Read resources again after their changes: some of them, or all.",
    ),
)

max_errors = click.option(
    "--max-errors", type=LimitType(), help="The most failed rows; the run stops at the next one."
)

max_adopt = click.option(
    "--max-adopt",
    type=LimitType(),
    help="Most adopted users that get a manager or groups (default: the larger of 20 and 10% of the job).",
)


def _named_by(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:  # noqa: ARG001 - click's
    """Return the job file that is meant; a job definition stands for the one that it names."""
    if value is None or value.suffix.lower() != ".toml":
        return value
    from bulkscim.runs.definition import load

    return Path(load(value).job)


job_file = option(
    "--job",
    type=path(),
    metavar="FILE",
    callback=_named_by,
    help="The job file, where it is not in its old place.",
)

approval = together(
    click.option("--yes", is_flag=True, help="Approve the run in advance."),
    click.option(
        "--yes-production",
        metavar="NAME",
        default="",
        help="Approve a run on a production tenant in advance, by its name.",
    ),
)

_GUARDS = {one.name: click.option(one.flag, type=LimitType(), help=one.help) for one in GUARDS}
guards = together(*_GUARDS.values())  # those that count what a run does
max_delete = _GUARDS[MAX_DELETE]

max_removals = click.option(
    "--max-removals",
    type=LimitType(),
    help="Most members that one group may lose (default: half of a group of more than 10).",
)

max_emptied = click.option(
    "--max-emptied",
    type=LimitType(),
    help="Most groups that may lose all of their members (default: any number).",
)

max_share = click.option(
    "--max-share",
    type=LimitType(),
    help="Most users of one department, or of one e-mail domain, that are deleted or deactivated (default: any number). All "
    "users are listed first.",
)

seats = click.option(
    "--seats",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many users may be active; the run stops before a seat that is not there. All users are listed first.",
)

protect_unknown = click.option(
    "--protect-unknown",
    type=click.Choice(["refuse", "report"]),
    default="refuse",
    show_default=True,
    help="What to do with a job that removes, where the tenant may be hiding an account in `protect`.",
)

same_tenant = click.option(
    "--same-tenant",
    metavar="NAME",
    default="",
    help="Confirm that another token belongs to the run's own tenant, where no resource of the run can be read.",
)

limits = together(
    guards,
    max_removals,
    max_emptied,
    max_share,
    seats,
    protect_unknown,
    max_errors,
    max_adopt,
    click.option(
        "--where",
        default="",
        metavar="FILTER",
        help="""Take only rows that fit, such as 'department = "Sales" and active = true'.""",
    ),
    click.option(
        "--not-in",
        multiple=True,
        metavar="RUN",
        help="Leave out the rows that a run of the same job file took. Give it for each such run.",
    ),
    option(
        "--skip", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N of these."
    ),
    option("--sample", type=click.IntRange(min=1), metavar="N", help="Take N of these, chosen by chance."),
    option(
        "--seed", type=click.IntRange(min=0), metavar="S", help="Choose the same rows for --sample as before."
    ),
    option("--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N of these."),
    option(
        "--with-needed",
        is_flag=True,
        help="Also take the rows that create a manager, group or member of those that are taken.",
    ),
)

image_age = option(
    "--image-age",
    type=click.FloatRange(0, 1800),
    metavar="S",
    help="The most seconds between the reading of a user and the change that relies on it (default: 60). More saves "
    "requests; a rollback knows less of what others changed. Before deletes and whole replacements it is 5, and where the "
    "tenant is proved to heed versions (If-Match) any age will do.",
)

strict = click.option("--strict", is_flag=True, help="Also refuse a job file with warnings.")

force = click.option("--force", is_flag=True, help="Let --out replace a file that exists.")

voice = together(
    option("-v", "--verbose", is_flag=True, help="Print more details."),
    option("-q", "--quiet", is_flag=True, help="Print only errors, warnings and what needs attention."),
)

as_json = option("--json", "as_json", is_flag=True, help="Print the result as JSON.")

run_argument = click.argument("run", metavar="RUN")

# A tenant is named on the command line alone: a variable that is there for other commands must not pause one.
run_or_tenant = together(
    click.argument("run", metavar="[RUN]", required=False),
    click.option("--tenant", metavar="NAME", help="A tenant of bulkscim.toml instead of a run."),
    click.option("--base-url", metavar="URL", help="A tenant by its SCIM base URL instead of a run."),
)


def url_of_tenant(run: str | None, tenant: str | None, base_url: str | None) -> str | None:
    """Return the base URL of the tenant that is meant in place of a run; None where a run is meant."""
    if sum(one is not None for one in (run, tenant, base_url)) != 1:
        raise UsageError("give a run, or --tenant NAME, or --base-url URL: one of them")
    if tenant is None:
        return base_url
    from bulkscim.runs.tenant_by_name import base_url_of

    with typed_flags.with_the_near_tenant():
        return base_url_of(tenant)
