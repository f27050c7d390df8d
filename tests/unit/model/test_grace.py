"""How long people have who were deactivated."""

from datetime import date

import pytest

from bulkscim.model.grace import Grace

BEGUN = 1795390000.0  # 22 November 2026, UTC


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("4w", 28), (" 1 D ", 1)])
def test_days_and_weeks_are_read(text, days):
    """Whatever the case."""
    assert Grace.parse(text) == Grace(days)


@pytest.mark.parametrize("text", ["30", "", "0d", "-1d", "1 month", "9999w", "d"])
def test_anything_else_says_what_is_wanted(text):
    """Never a guess at a unit."""
    with pytest.raises(ValueError, match="30d"):
        Grace.parse(text)


def test_grace_ends_on_a_day():
    """Counted from the day on which the run began."""
    assert Grace(30).ends(BEGUN) == date(2026, 12, 22)
