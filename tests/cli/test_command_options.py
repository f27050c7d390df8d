"""Each command receives its flags as one typed value, whose fields are the names that click knows."""

import inspect

import click
import pytest

from bulkscim.cli import bulkscim
from bulkscim.commands import not_available
from bulkscim.runs.options import is_value, names_of


def commands(group, name=""):
    """Yield each command below a group, by its whole name."""
    for command in group.commands.values():
        if command in not_available.COMMANDS:
            continue
        yield pytest.param(command, id=f"{name}{command.name}")
        if isinstance(command, click.Group):
            yield from commands(command, f"{name}{command.name} ")


COMMANDS = list(commands(bulkscim))


def received(command):
    """Return the parameters of the function behind a command, without those that click adds."""
    return inspect.signature(inspect.unwrap(command.callback)).parameters


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_takes_what_has_no_type(command):
    """What a flag is can be told from the function that receives it."""
    kinds = {one.kind for one in received(command).values()}

    assert kinds.isdisjoint({inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL})


@pytest.mark.parametrize("command", COMMANDS)
def test_fields_and_flags_have_the_same_names(command):
    """No flag is dropped, and no field is without a flag unless it has a default."""
    if "flags" not in received(command):
        return
    kind, flags = received(command)["flags"].annotation, {one.name for one in command.params}

    assert is_value(kind)
    assert flags <= {name for name, _ in names_of(kind)}
    assert flags >= {name for name, _ in names_of(kind, needed=True)}
