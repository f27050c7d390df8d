"""Each promise of docs/promises.md names what it rests on, the code that keeps it, and tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISES = dict(re.findall(r"^## (\d)\. [^\n]+\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL))


def test_there_are_seven():
    """They are numbered as the design numbers them."""
    assert list(PROMISES) == list("1234567")


@pytest.mark.parametrize("number", PROMISES)
def test_a_promise_is_held_by_tests_that_are_there(number):
    """Each says what it assumes, by what it is kept, and which test files hold it."""
    text = PROMISES[number]
    kept, held = text.partition("*Kept by:*")[2].split("*Held by:*")
    modules, tests = re.findall(r"`(\w+/\w+\.py)`", kept), re.findall(r"`(tests/[\w/]+\.py)`", held)

    assert "*Assumes:*" in text
    assert len(modules) >= 3
    assert len(tests) >= 4
    assert [name for name in modules if not (ROOT / "bulkscim" / name).is_file()] == []
    assert [name for name in tests if not (ROOT / name).is_file()] == []
