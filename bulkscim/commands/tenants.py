"""`bulkscim tenants`: the tenants that have a name; `tenants allow`: trust the file of a folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bulkscim.commands import options, runtime
from bulkscim.errors import UsageError
from bulkscim.journal import typed_json
from bulkscim.model.guard_table import IN_FILES
from bulkscim.model.typed import next_line
from bulkscim.tenants.allowed import allow, is_allowed
from bulkscim.tenants.entries import FILE, TenantEntry, entries, entry_named, places

if TYPE_CHECKING:
    from bulkscim.runs.kept_rates import KeptRates


class _ByName(click.Group):
    """A group whose first word may be a tenant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; `show` where the first word names none."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


@click.group("tenants", cls=_ByName, invoke_without_command=True, subcommand_metavar="[NAME | allow [FILE]]")
@options.as_json
@click.pass_context
def command(context: click.Context, /, *, as_json: bool) -> None:
    """List the tenants of bulkscim.toml, or show one.

    Both the current folder's file and your own are read. No token is looked up. With NAME: that tenant, and what runs
    have learned of its limits; --forget-rate forgets it.

    \b
    Examples:
      bulkscim tenants
      bulkscim tenants acme --forget-rate

    Exit codes: see `bulkscim --help`.
    """
    if context.invoked_subcommand is not None:
        return
    found = entries(places())
    if as_json:
        runtime.print_json([_as_json(entry) for entry in found])
    elif found:
        runtime.print_text(line for entry in found for line in _lines(entry))
    else:
        runtime.print_lines(["no tenants yet", next_line("connect", "--help")])


@command.command("show")
@click.argument("name")
@options.option("--forget-rate", is_flag=True, help="Forget what runs have learned of its limits.")
@options.as_json
@click.pass_context
def show(context: click.Context, /, name: str, *, forget_rate: bool, as_json: bool) -> None:
    """Show the tenant NAME, and what runs have learned of its limits.

    A run begins with what was learned in the last seven days, with 80 % of it where no header stated it. `tenants NAME`
    shows the same.

    \b
    Examples:
      bulkscim tenants show acme
      bulkscim tenants show acme --forget-rate

    Exit codes: 0 shown; 2 no such tenant. More: `bulkscim --help`.
    """
    entry, above = entry_named(name, places()), context.parent
    as_json = as_json or (above is not None and above.params["as_json"])
    forgot = _rates(entry).forget() if forget_rate else None
    if as_json:
        runtime.print_json(_as_json(entry))
    elif forgot is None:
        runtime.print_text(_lines(entry))
    else:
        runtime.print_lines(
            [f"what was learned of {name} is forgotten" if forgot else f"nothing was learned of {name} yet"]
        )


@command.command("allow")
@click.argument("file", type=options.path(), default=FILE)
@options.option("--show", is_flag=True, help="Show what would be allowed, and allow nothing.")
def allow_file(file: Path, *, show: bool) -> None:
    """Allow the bulkscim.toml of a folder to name tokens.

    FILE may then name token commands, token files and certificates.

    What it names is shown first: its token_command runs as you, and its token_file is sent to its base_url. What is
    allowed is this path with this text; after a change it must be allowed again. Your own settings file needs no
    allowance. --show only shows.

    \b
    Example:
      bulkscim tenants allow ./bulkscim.toml
      bulkscim tenants allow --show ./bulkscim.toml

    Exit codes: 0 allowed; 2 the file is missing or wrong, or other users can write it. More: `bulkscim --help`.
    """
    from bulkscim.runs.state_dir import state_dir

    found = entries([file.absolute()])
    if not found:
        raise UsageError(f"{file} has no tenants, so there is nothing to allow; name a bulkscim.toml")
    for entry in found:
        runtime.print_text(_trusted(entry))
    if show:
        runtime.print_lines(["no file is allowed yet; nothing changed", next_line("tenants", "allow", file)])
        return
    allow(found[0], state_dir())
    runtime.print_lines([f"allowed: {file}, as long as its text stays the same"])


def _trusted(entry: TenantEntry) -> Iterator[str]:
    """Say what an entry makes bulkscim run, read, believe and reach."""
    through = f" through {entry.proxy}" if entry.proxy else ""
    yield f"[tenant.{entry.name}]"
    yield f"  its token is sent to {entry.base_url}{through}"
    if entry.token_command is not None:
        yield f"  token_command, run as you: {entry.token_command}"
    if entry.token_file is not None:
        yield f"  token_file, sent as the token: {entry.token_file}"
    if entry.ca_bundle is not None:
        yield f"  ca_bundle, the certificates that are trusted: {entry.ca_bundle}"
    if not entry.trusting:
        yield "  no key that must be allowed"


def _as_json(entry: TenantEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "base_url": entry.base_url,
        "profile": entry.profile,
        "production": entry.production,
        "token": _token(entry),
        "allowed": _is_allowed(entry),
        "rate": entry.rate,
        "budget_share": entry.budget_share,
        "probe": entry.probe,
        "proxy": entry.proxy,
        "ca_bundle": str(entry.ca_bundle) if entry.ca_bundle else None,
        **{name: str(limit) if (limit := getattr(entry, name)) else None for name in IN_FILES},
        "seats": entry.seats,
        "protect": list(entry.protect),
        "file": str(entry.file),
        "paused": _paused(entry),
        "learned": [typed_json.write(one) for one in _rates(entry).known()],
    }


def _lines(entry: TenantEntry) -> Iterator[str]:
    mark = ", PRODUCTION" if entry.production else ""
    yield f"{entry.name:<16} {entry.base_url}"
    yield f"{'':<16} profile {entry.profile}{mark}, token: {_token(entry)}"
    for key in ("rate", "budget_share", "proxy", "ca_bundle", *IN_FILES, "seats"):
        if (value := getattr(entry, key)) is not None:
            yield f"{'':<16} {key} {value}"
    if entry.probe:
        yield f"{'':<16} probe: runs may go faster than the rate, up to four times, until the tenant answers 429"
    if entry.protect:
        yield f"{'':<16} protect {', '.join(entry.protect)}"
    for known in _rates(entry).known():
        yield f"{'':<16} learned: {known.told}"
    yield f"{'':<16} in {entry.file}"
    if not _is_allowed(entry):
        yield f"{'':<16} not allowed yet: {' and '.join(entry.trusting)} of this file is not used"
        yield next_line("tenants", "allow", entry.file)
    if (told := _paused(entry)) is not None:
        yield f"{'':<16} {told}"
        yield next_line("go", "--tenant", entry.name)


def _rates(entry: TenantEntry) -> "KeptRates":
    """Return what runs have learned of a tenant's limits."""
    from bulkscim.engine.clock import RealClock
    from bulkscim.runs.kept_rates import kept_rates
    from bulkscim.tenants.profiles import name_of

    return kept_rates(entry.base_url, name_of(entry.profile), entry.name, RealClock())


def _paused(entry: TenantEntry) -> str | None:
    """Return who has paused a tenant, and when; None where it is not paused."""
    from bulkscim.runs.orders import tenant_pause

    pause = tenant_pause(entry.base_url)
    return pause.told if pause is not None else None


def _is_allowed(entry: TenantEntry) -> bool:
    from bulkscim.runs.state_dir import state_dir

    return is_allowed(entry, state_dir())


def _token(entry: TenantEntry) -> str:
    """Say where the token is, not what it is."""
    if entry.token_file:
        return f"file {entry.token_file}"
    if entry.token_command:
        return "command"
    return "keyring" if entry.keyring else "BULKSCIM_TOKEN"
