"""The README says what the command line does."""

import re
import shlex
from pathlib import Path

import pytest

from bulkscim.cli import _CODES, bulkscim
from bulkscim.model.row import RowState

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name, command in bulkscim.commands.items() if not command.hidden])
def test_every_command_is_in_the_readme(name):
    """Each command that works is shown, and has help."""
    assert f"bulkscim {name}" in README
    assert bulkscim.commands[name].help


@pytest.mark.parametrize("code", sorted({code for _, code in _CODES} | {0, 1, 3, 5, 6, 130}))
def test_every_exit_code_is_in_the_readme(code):
    """Each exit code stands in the table."""
    table = README.partition("## Exit codes")[2].partition("## ")[0]

    assert re.search(rf"^\|[^|]*\b{code}\b", table, re.MULTILINE)


@pytest.mark.parametrize("word", [*RowState, "settled", "drift", "journal", "chain", "live users"])
def test_words_of_the_messages_are_in_the_readme(word):
    """New users did not know what noop, adopted, settled, drift and chain mean."""
    table = README.partition("## Words")[2].partition("## ")[0]

    assert f"| {word.replace('_', ' ')} | " in table


def test_readme_opens_with_the_two_commands():
    """The demo and the tests come first."""
    opening = README.partition("```")[2].partition("```")[0]

    assert "scripts/demo" in opening
    assert "scripts/test" in opening


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/promises.md"])
def test_links_and_paths_lead_somewhere(page):
    """Each relative link leads to a file, and each module that is named is there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    modules = re.findall(r"`(?!tests/)((?:\w+/)+\w+\.py)`", text)

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
    assert [name for name in modules if not (ROOT / "bulkscim" / name).exists()] == []


def shown() -> list[str]:
    """Return the command lines in the README and the pages: those of blocks, and those within a sentence."""
    text = "\n".join([README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))])
    blocks = re.findall(r"^\$ bulkscim (?!--version)(.+?)(?:\s+[#|].*)?$", text, re.MULTILINE)
    return sorted({*blocks, *re.findall(r"`bulkscim ([^`<]+ [^`<]+)`", text)})


@pytest.mark.parametrize("line", shown())
def test_commands_that_are_shown_parse(line):
    """Each command line has flags that exist."""
    words = shlex.split(line)
    command = bulkscim.commands[words[0]]
    command.make_context(words[0], words[1:])


def test_bulkscim_is_installed_before_it_is_used():
    """The README used it, then installed it; it never said where it was. The keyring is no package of an index."""
    first = README.index("$ bulkscim ")

    assert README.index("$ scripts/install") < README.index("$ . .venv/bin/activate") < first
    assert "bulkscim[keyring]" not in README
