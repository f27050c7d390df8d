"""A limit is a number or a share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.model.limits import Limit


@pytest.mark.parametrize(
    ("text", "base", "bound"),
    [
        ("0", None, 0),
        ("200", 10, 200),
        (" 200 ", None, 200),
        ("5%", 1000, 50),
        ("5 %", 1000, 50),
        ("2.5%", 1000, 25),
        ("20%", 4, 0),
        ("0%", 1000, 0),
        ("0.57%", 10_000, 57),
        ("1.13%", 10_000, 113),
        ("100%", None, None),
    ],
)
def test_limit_bounds_a_count(text, base, bound):
    """A number bounds by itself, a percentage by its base, and 100 % not at all."""
    assert Limit.parse(text).bound(base) == bound


@pytest.mark.parametrize("text", ["", "-1", "1.5", "five", "%", "101%", "1e3", "5%%", "٣"])
def test_what_is_no_limit_is_refused_with_a_hint(text):
    """A text that is neither a number nor a percentage is a ValueError that shows both forms."""
    with pytest.raises(ValueError, match="percentage"):
        Limit.parse(text)


def test_percentage_of_an_unknown_count_is_refused():
    """A percentage below 100 cannot be taken of a count that is unknown."""
    with pytest.raises(ValueError, match="count"):
        Limit.parse("99%").bound(None)


@given(st.integers(min_value=0, max_value=10**9), st.booleans())
def test_a_limit_reads_back_as_written(number, percent):
    """The text of a limit is a limit, and the same one; 12.34567% was written as 12.3457%."""
    limit = Limit(number % 10_000_000 / 100_000 if percent else number, percent=percent)

    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "allows"), [("100%", True), ("99.9%", False), ("0", False), ("1000000", False)]
)
def test_all_of_them_is_no_bound(text, allows):
    assert Limit.parse(text).allows_all is allows
