"""`bulkscim sandbox`: a tenant on this machine, to try commands in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bulkscim.commands import options, runtime
from bulkscim.errors import UsageError
from bulkscim.model.typed import next_line

if TYPE_CHECKING:
    from bulkscim.sandbox.settings import Address, SandboxSettings

profile = options.option(
    "--profile",
    metavar="NAME",
    default="generic",
    show_default=True,
    help="The provider that the sandbox behaves like.",
)
which = options.option(
    "--profile", metavar="NAME", help="The profile of the sandbox, where several are running."
)
manner = options.together(
    profile,
    click.option(
        "--speed",
        type=click.FloatRange(min=0, min_open=True),
        default=1.0,
        metavar="X",
        help="Multiply the provider's limits, and divide its waits, by this number.",
    ),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="NAME=SHARE",
        help="A fault and the share of requests that it hits; can be repeated.",
    ),
    click.option(
        "--seed", type=int, default=0, metavar="N", help="The number that decides which requests are hit."
    ),
    click.option(
        "--patch",
        type=click.Choice(["rfc", "core", "both"]),
        help="The form of PATCH that the sandbox accepts.",
    ),
)


@dataclass(frozen=True, slots=True)
class MannerFlags:
    """What the command line says of how a sandbox behaves."""

    profile: str
    speed: float
    faults: tuple[str, ...]
    seed: int
    patch: str | None


@click.group("sandbox", invoke_without_command=True)
@manner
@options.given_as(MannerFlags)
def command(flags: MannerFlags) -> None:
    """Run a SCIM tenant on this machine until Ctrl-C.

    `--tenant sandbox` of other commands starts one by itself.

    \b
    Examples:
      bulkscim sandbox --profile lucid --fault 429=0.05
      bulkscim sandbox start

    Exit codes: 0 it ended; 2 it cannot start so. More: `bulkscim --help`.
    """
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        _refuse_misplaced(context)
        return
    from bulkscim.engine.clock import RealClock
    from bulkscim.runs.sandbox_tenants import sandbox_place
    from bulkscim.sandbox.server import serve

    where, settings = sandbox_place(flags.profile), _settings(flags)
    runtime.carry_out(lambda: serve(where, settings, RealClock(), _say))


def _refuse_misplaced(context: click.Context) -> None:
    """Refuse options before a subcommand: it would not see them, and could be meant for another sandbox."""
    subcommand = str(context.invoked_subcommand)
    taken = (
        {parameter.name for parameter in command.commands[subcommand].params}
        if subcommand in command.commands
        else ()
    )
    for name, value in context.params.items():
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        flag = "--fault" if name == "faults" else f"--{name}"
        if name not in taken:
            raise UsageError(f"`sandbox {subcommand}` takes no {flag}")
        words = [
            word for one in (value if isinstance(value, tuple) else (value,)) for word in (flag, str(one))
        ]
        raise UsageError(f"{flag} must come after {subcommand}\n" + next_line("sandbox", subcommand, *words))


@command.command("start")
@manner
@options.given_as(MannerFlags)
def start(flags: MannerFlags) -> None:
    """Serve in a process of its own, and return.

    \b
    Example:
      bulkscim sandbox start --profile lucid --speed 60

    Exit codes: 0 it runs; 2 it cannot start so. More: `bulkscim --help`.
    """
    from bulkscim.runs.sandbox_tenants import pause, sandbox_place
    from bulkscim.sandbox.launch import ensure, running

    where, settings = sandbox_place(flags.profile), _settings(flags)
    now = running(where)
    if now is not None and now.settings != settings:
        raise UsageError(
            f"a sandbox is running with other settings ({now.settings}); stop it first\n"
            + next_line("sandbox", "stop", "--profile", where.profile)
        )
    _say(ensure(where, settings, pause))


@command.command("status")
@options.as_json
def status(*, as_json: bool) -> None:
    """List the sandboxes of this machine, with their settings.

    \b
    Example:
      bulkscim sandbox status

    Exit codes: see `bulkscim --help`.
    """
    from dataclasses import asdict

    from bulkscim.runs.sandbox_tenants import sandboxes

    found = [(address, runs) for _, address, runs in sandboxes()]
    if as_json:
        runtime.print_json(
            [
                {"running": runs, "base_url": address.base_url, **asdict(address.settings)}
                for address, runs in found
            ]
        )
        return
    runtime.print_lines(
        f"{'running' if runs else 'stopped':<9} {address.base_url}, {address.settings}"
        for address, runs in found
    )
    if not found:
        _note("there is no sandbox")
        _note(next_line("sandbox", "start"))


@command.command("stop")
@which
def stop(profile: str | None) -> None:
    """Stop a sandbox; what is in it stays.

    \b
    Example:
      bulkscim sandbox stop --profile lucid

    Exit codes: see `bulkscim --help`.
    """
    from bulkscim.runs.sandbox_tenants import pause, sandbox_meant, sandboxes
    from bulkscim.sandbox import launch

    if profile is None and not any(runs for _, _, runs in sandboxes()):
        _note("no sandbox is running")
        return
    where = sandbox_meant(profile, "stop")
    stopped = launch.stop(where, pause)
    _note(f"stopped the {_called(where.profile)}" if stopped else f"no {_called(where.profile)} is running")


@command.command("seed")
@click.argument("count", type=click.IntRange(min=1, max=100_000), metavar="N")
@which
@click.option(
    "--seed", type=int, default=0, metavar="N", help="The number that decides which users are made."
)
def seed(count: int, profile: str | None, seed: int) -> None:
    """Add N sample users with managers and groups.

    \b
    Example:
      bulkscim sandbox seed 100 --profile generic

    Exit codes: see `bulkscim --help`.
    """
    from bulkscim.runs.sandbox_tenants import sandbox_meant, started
    from bulkscim.sandbox.launch import WORK_S, told

    meant = sandbox_meant(profile, "seed", str(count)).profile
    said = told(started(meant), "POST", f"seed?count={count}&seed={seed}", WORK_S)
    _note(f"{_called(meant)}: {said.get('users', 0):,} users and {said.get('groups', 0):,} groups created")


@command.command("reset")
@which
def reset(profile: str | None) -> None:
    """Empty a sandbox.

    \b
    Example:
      bulkscim sandbox reset --profile generic

    Exit codes: see `bulkscim --help`.
    """
    from bulkscim.runs.sandbox_tenants import sandbox_meant, started
    from bulkscim.sandbox.launch import WORK_S, told

    meant = sandbox_meant(profile, "reset").profile
    told(started(meant), "POST", "reset", WORK_S)
    _note(f"the {_called(meant)} is empty")


@command.command("log")
@which
@options.as_json
def log(profile: str | None, *, as_json: bool) -> None:
    """Show the requests that reached a sandbox, the oldest first.

    \b
    Example:
      bulkscim sandbox log --profile generic

    Exit codes: see `bulkscim --help`.
    """
    from bulkscim.runs.sandbox_tenants import sandbox_meant
    from bulkscim.sandbox.requestlog import read_log, shown

    lines = read_log(sandbox_meant(profile, "log").requests)
    if as_json:
        runtime.print_json(list(lines))
    else:
        runtime.print_lines(shown(line) for line in lines)


def _called(profile: str) -> str:
    return f"sandbox with profile {profile}"


def _note(text: str) -> None:
    runtime.people_of(options.Voice()).note(text)


def _settings(flags: MannerFlags) -> "SandboxSettings":
    """Return how the sandbox is to behave."""
    from bulkscim.runs.sandbox_tenants import worn_by_sandbox
    from bulkscim.sandbox.faults import parse
    from bulkscim.sandbox.settings import SandboxSettings

    worn = worn_by_sandbox(flags.profile)
    return SandboxSettings(worn, flags.speed, parse(flags.faults), flags.seed, flags.patch or "")


def _say(address: "Address") -> None:
    """Say where it is and how it is used."""
    worn = address.settings
    _note(f"sandbox   {address.base_url}, {worn}, process {address.pid}")
    _note(
        "a run reaches it with --tenant sandbox"
        + (f" --profile {worn.profile}" * (worn.profile != "generic"))
    )
    _note(next_line("sandbox", "seed", 100, "--profile", worn.profile))
