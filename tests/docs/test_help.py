"""The help of each command is whole: every option and argument, an example, the exit codes; and no line of it is cut."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bulkscim.cli import _CODES, _DOUBTFUL, _FAILED, _STOPPED, BUG, INTERRUPTED, bulkscim
from tests.support.making.help import COMMANDS, examples, help_of
from tests.support.making.pasted import parsed

ROOT = Path(__file__).parents[2]


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


NUMBERS = {code for _, code in _CODES} | {0, BUG, _FAILED, _STOPPED, _DOUBTFUL, INTERRUPTED}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_parses(path):
    """It uses the command itself, and files of this checkout where it uses any."""
    found = examples(path)

    assert found
    for line in found:
        words = shlex.split(line)
        assert words[: len(path) + 1] == ["bulkscim", *path]
        parsed(words[1:])
        files = [word for word in words if word.startswith(("samples/", "jobs/"))]
        assert [name for name in files if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_every_command_says_its_exit_codes(path):
    """Those that it ends with most often; all of them are in the help of bulkscim itself."""
    said = " ".join(help_of(path).partition("  Exit codes: ")[2].split())

    assert said.endswith("`bulkscim --help`.")
    assert {int(number) for number in re.findall(r"(?:^|; )(\d+) ", said)} <= NUMBERS


def test_help_of_bulkscim_has_all_exit_codes():
    """It is the one place that an installed bulkscim has."""
    table = CliRunner().invoke(bulkscim, ["--help"]).output.partition("Exit codes:\n")[2]

    assert {int(line.split()[0]) for line in table.splitlines()} == NUMBERS


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_fits_into_60_columns(path):
    """Only what cannot be wrapped is longer: examples, and the values of a flag."""
    text = CliRunner().invoke(bulkscim, [*path, "--help"], terminal_width=60).output
    long = [line.strip() for line in text.splitlines() if len(line) > 60]

    assert [line for line in long if not re.match(r"bulkscim |-|Usage:|\d", line)] == []
