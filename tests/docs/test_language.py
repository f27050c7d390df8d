"""Plain English: words that strangers stumble over stay out of the code, its messages, its tests and the docs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = (
    "anew", "beside", "but for", "mend", "nobody", "once more", "somebody", "stands? there", "to be had", "who goes",
    "whoever", "whom",
)  # fmt: skip
OLD = re.compile(rf"(?<![A-Za-z])({'|'.join(WORDS).replace(' ', '[ _]')})(?![A-Za-z])", re.IGNORECASE)
UNCHECKED = "tests/support/simulation/*.py"  # has old words yet
FILES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "bulkscim").rglob("*.py")),
    *sorted(
        path
        for path in (ROOT / "tests").rglob("*.py")
        if not path.match(UNCHECKED) and path != Path(__file__)
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "jobs").glob("*.toml")),
    *sorted(path for path in (ROOT / "scripts").rglob("*") if path.is_file() and path.suffix != ".pyc"),
]


def test_old_words_are_found():
    """The test below can fail."""
    assert OLD.search("What stands there is made anew.")
    assert OLD.search("def test_a_user_is_made_anew():")
    assert not OLD.search("It is next to the amendment.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_words_of_the_old_style_stay_out(path):
    """Each has a plain word: again, except, next to, fix, no user, a user, is there."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if OLD.search(line)]

    assert found == []
