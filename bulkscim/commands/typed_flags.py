"""What the user typed for this command, so that the next one can be printed whole."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bulkscim.errors import UsageError
from bulkscim.model.typed import NEXT, command
from bulkscim.reporting.next_commands import Typed

ACCESS = frozenset({"token_file", "token_command"})
TENANT = frozenset({"tenant", "base_url", "profile", *ACCESS, "proxy", "ca_bundle", "timeout_s"})
_OF_JOBS = frozenset({"run", "plan"})
RECORDS = frozenset({"op", "type", "match", "map", "encoding", "header_line", "limit"})


def typed() -> Typed:
    """Return what the commands that follow a run need of this one's flags."""
    context = click.get_current_context()
    is_stdin = context.params.get("job") == "-"
    return Typed(
        tuple(map(str, flags(ACCESS))),
        tuple(map(str, flags({"job"}))) if context.command.name not in _OF_JOBS else (),
        again="" if is_stdin else _for_real(context),
        looks="" if is_stdin else _looks(context),
        is_plan=context.command.name == "plan" and bool(context.params.get("out")),
    )


def _for_real(context: click.Context) -> str:
    """Return the command that does what this one only shows; empty where this one does it."""
    if context.command.name == "plan":
        out = context.params.get("out")
        return command("run", out, *flags(TENANT)) if out else again({"every", "exit_code", "as_json"}, "run")
    return again({"dry_run"}) if context.params.get("dry_run") else ""


def _looks(context: click.Context) -> str:
    """Return the command that looks at it again, to which flags may be added; empty where they may not."""
    from bulkscim.runs.plan_file import is_plan

    if context.command.name == "plan" and context.params.get("out"):
        return f"{again({'force'})} --force"
    if is_plan(str(context.params.get("job") or "")):
        return ""
    return f"{_for_real(context)} -n" if _for_real(context) else ""


def again(without: Collection[str], name: str = "") -> str:
    """Return this whole command without some of its flags; `name` is that of another command that takes the others."""
    context = click.get_current_context()
    arguments = [one for one in context.command.params if isinstance(one, click.Argument)]
    # A word that begins with a dash is a file: as a path it is not read as an option.
    words = [
        Path(word) if str(word).startswith("-") and word != "-" else word
        for one in arguments
        for word in _values(context.params.get(one.name or ""))
    ]
    others = {one.name for one in context.command.params if one.name} - set(without)
    named = [name] if name else context.command_path.split()[1:]
    return command(*named, *words, *flags(others))


@contextmanager
def with_the_near_tenant() -> Iterator[None]:
    """End the text of an UnknownTenant with this whole command, the name that may be meant in it."""
    from bulkscim.tenants.entries import UnknownTenant

    try:
        yield
    except UnknownTenant as error:
        if not error.near:
            raise
        flag = command("--tenant", error.near).partition(" ")[2]
        raise UsageError(f"{error}\n{NEXT}{again({'tenant'})} {flag}") from None


def flags(names: Collection[str]) -> Iterator[object]:
    """Yield the flags of these names that were typed, with their values; what the environment says stays there."""
    context = click.get_current_context()
    for one in context.command.params:
        name = one.name or ""
        if not isinstance(one, click.Option) or name not in names:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        flag = next((each for each in one.opts if each.startswith("--")), one.opts[0])
        for value in _values(context.params[name]):
            yield from (flag,) if one.is_flag else (flag, value)


def others(names: Collection[str]) -> list[str]:
    """Return the flags that were typed, without those of these names."""
    context = click.get_current_context()
    return [
        one.opts[-1]
        for one in context.command.params
        if isinstance(one, click.Option)
        and one.name not in names
        and context.get_parameter_source(one.name or "") is ParameterSource.COMMANDLINE
    ]


def _values(value: Any) -> tuple[Any, ...]:
    """Return the values of a parameter, each as it is typed."""
    values = value if isinstance(value, tuple) else () if value is None or value is False else (value,)
    return tuple(f"{each:g}" if isinstance(each, float) else each for each in values)
