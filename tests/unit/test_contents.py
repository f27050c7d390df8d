"""The contents page of the library."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import bulkscim
from bulkscim.cli import _MODULES

ROOT = Path(__file__).parents[2]

HEAVY = "import sys, {0}\n{1}\nprint([name for name in {2} if name in sys.modules])"
CHECKED = 'from bulkscim.cli import code_of; code_of(["validate", "samples/onboarding.csv", "--op", "create", "-q"])'
COMMANDS = tuple(f"bulkscim.commands.{module}" for module in _MODULES.values())
SENDS = ("aiohttp", "bulkscim.engine.worker", "bulkscim.runs.start", "bulkscim.transport.pages")
LIBRARIES = ("aiohttp", "scim2_models", "keyring")
OWN = (
    "bulkscim.engine.worker",
    "bulkscim.jobfile.validate",
    "bulkscim.runs.start",
    "bulkscim.transport.pages",
)


def test_public_names_are_sorted_and_each_once():
    """The list reads like an index."""
    assert bulkscim.__all__ == sorted(set(bulkscim.__all__))


@pytest.mark.parametrize("name", bulkscim.__all__)
def test_public_name_is_there_and_says_what_it_is(name):
    """Each name leads to something that has a docstring of its own."""
    assert inspect.getdoc(getattr(bulkscim, name))
    assert name in dir(bulkscim)


def test_every_error_is_public():
    """A caller can name what is raised."""
    defined = {
        name
        for name, value in vars(bulkscim.errors).items()
        if inspect.isclass(value) and issubclass(value, bulkscim.BulkScimError)
    }

    assert defined <= set(bulkscim.__all__)


def test_name_that_is_not_public_is_not_there():
    """Anything else is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        bulkscim.fly  # noqa: B018


@pytest.mark.parametrize(
    ("module", "then", "heavy"),
    [
        ("bulkscim", "", ("anyio", *LIBRARIES)),
        ("bulkscim.cli", "", COMMANDS),
        ("bulkscim.cli", "dict(bulkscim.cli.bulkscim.commands)", (*LIBRARIES, *OWN)),
        ("bulkscim.cli", CHECKED, SENDS),
    ],
    ids=["library", "command line", "commands", "validate"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(module, then, heavy):
    """The command line took 0.5 s to start: one command imported a package that imported all of the engine."""
    done = subprocess.run(
        [sys.executable, "-c", HEAVY.format(module, then, heavy)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"
