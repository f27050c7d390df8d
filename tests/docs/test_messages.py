"""All texts that a user may see are in one file, so that they can be read at one go."""

import difflib
import re

from tests.support.making.messages import AGAIN, LIST, collected


def test_messages_are_those_of_the_file():
    """A change of a message is seen in the file; it is written by the command below."""
    found, kept = collected(), LIST.read_text(encoding="utf-8")

    assert list(difflib.unified_diff(kept.splitlines(), found.splitlines(), n=0)) == [], f"write it: {AGAIN}"


def test_words_do_not_run_into_what_is_filled_in():
    """A blank was missing before "deleted users"; an s or a single letter makes a plural or an answer of many."""
    listed = LIST.read_text(encoding="utf-8").splitlines()

    assert [each for each in listed if re.search(r"\}[a-z]{2,}", each)] == []


def test_list_is_complete():
    """What it must hold of each kind: an error, a note, a hint, the end of a row, help."""
    listed = set(LIST.read_text(encoding="utf-8").splitlines())

    assert {
        "{path} exists already; --force replaces it, or name another file",
        "nothing is left to do: no change is sent",
        "correct the value",
        "{told}: nothing to remove",
        "Create groups that do not exist yet.",
    } <= listed
    assert not any("select " in each or " = ?" in each for each in listed)
