"""Commands that are printed can be pasted."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from bulkscim.model.typed import command, next_line, quoted

WORDS = [
    "people.csv",
    "HR Export/New people (final).csv",
    "it's $HOME & `x`; *",
    "a\nb\tc",
    "\u202egnp.csv",
    "",
    "~",
    "é",
]


@pytest.mark.parametrize("word", [*WORDS, os.fsdecode(b"caf\xe9 1.csv")])
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to ask")
def test_a_word_is_read_back_by_a_shell(word):
    """A path with blanks or brackets could not be pasted."""
    echoed = subprocess.run(
        ["bash", "-c", f"printf %s {quoted(word, windows=False)}"], capture_output=True, check=True
    )

    assert os.fsdecode(echoed.stdout) == word
    assert quoted(word, windows=False).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("people.csv", "people.csv"),
        ("HR Export\\a.csv", '"HR Export\\a.csv"'),
        ("a&b.csv", '"a&b.csv"'),
        ('say "x"', '"say \\"x\\""'),
        ("", '""'),
    ],
)
def test_a_word_on_windows_stands_in_double_quotes(word, shown):
    """cmd.exe and PowerShell know no single quotes."""
    assert quoted(word, windows=True) == shown


def test_a_path_is_never_an_option():
    """A file may be called -x.csv."""
    assert shlex.split(command("run", Path("-x.csv"), "-n")) == ["bulkscim", "run", "./-x.csv", "-n"]
    assert next_line("runs") == "next: bulkscim runs"
