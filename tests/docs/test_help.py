"""The help of each command is whole: it explains every option and argument, and no line of it is cut."""

import click
import pytest
from click.testing import CliRunner

from bulkscim.cli import bulkscim


def commands(group=bulkscim, path=()):
    """Yield every command with its path, the groups too."""
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())
OPTIONS = [
    pytest.param(one, id=" ".join((*path, one.opts[0])))
    for path, command in COMMANDS.items()
    for one in command.params
    if isinstance(one, click.Option)
]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_has_help(option):
    """`--timeout S` had none; help is a sentence."""
    assert option.help
    assert option.help[0].isupper() or option.help[0] == "-"
    assert option.help.endswith(".")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_argument_is_explained(path):
    """The text above the options names each argument as the line of usage does."""
    command = COMMANDS[path]
    context = click.Context(command)
    named = [
        one.make_metavar(context).strip("[]{}.").split("|")
        for one in command.params
        if isinstance(one, click.Argument)
    ]

    assert command.help
    assert [words for words in named if not all(word in command.help for word in words)] == []


@pytest.mark.parametrize(
    "path", [path for path, command in COMMANDS.items() if hasattr(command, "commands")], ids=" ".join
)
def test_no_command_of_a_list_is_cut(path):
    """15 of the 18 commands ended with three dots, in 80 columns."""
    listed = CliRunner().invoke(bulkscim, [*path, "--help"], terminal_width=80).output

    assert "..." not in listed.partition("Commands:")[2]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_fits_into_80_columns(path):
    """Lines that a terminal breaks are hard to read."""
    text = CliRunner().invoke(bulkscim, [*path, "--help"], terminal_width=80).output

    assert [line for line in text.splitlines() if len(line) > 80] == []
