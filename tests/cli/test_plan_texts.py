"""Plans and refusals of guards are those of a page, which is read as a user reads it on a terminal of 80 columns."""

import difflib

from bulkscim.reporting.wrapping import cells
from tests.support.making.plan_texts import AGAIN, COLUMNS, GUARDS, PAGE, page


def test_what_is_printed_is_what_the_page_says():
    found, kept = page(), PAGE.read_text(encoding="utf-8")

    assert list(difflib.unified_diff(kept.splitlines(), found.splitlines(), n=0)) == [], f"write it: {AGAIN}"


def test_page_has_each_guard_and_no_line_is_too_wide():
    """Commands are not broken."""
    text = PAGE.read_text(encoding="utf-8")

    assert all(f"# {flag}\n" in text for flag in GUARDS)
    wide = [line for line in text.splitlines() if cells(line) > COLUMNS]
    assert all(line.startswith(("$ bulkscim", "next: ", "undo: ", "#")) for line in wide), wide
