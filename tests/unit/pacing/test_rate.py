"""Rates and the buckets for them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.pacing.rate import BucketPace, Rate, StatedRate, pace, parse, parse_all


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/min", Rate(100, 60)),
        ("10/s", Rate(10, 1)),
        ("600/h", Rate(600, 3600)),
        (" 5 / 10 seconds ", Rate(5, 10)),
        ("1000/DAY", Rate(1000, 86400)),
        ("30/2m", Rate(30, 120)),
    ],
)
def test_a_rate_is_read_as_people_write_it(text, rate):
    """Number, slash, unit; the unit may have a number of its own."""
    assert parse(text) == rate


@pytest.mark.parametrize("text", ["", "10", "10/", "0/s", "10/0s", "-1/s", "1.5/s", "10/x", "/s", "10/s/s"])
def test_what_is_no_rate_is_said_to_be_none(text):
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="100/min"):
        parse(text)


def test_a_rate_is_shown_as_it_is_written():
    """People read back what they typed."""
    assert [str(parse(text)) for text in ("100/min", "10/s", "5/10s")] == ["100/min", "10/s", "5/10s"]


def test_slow_tenants_get_single_requests_evenly_spaced():
    """No burst is stored; at 10/s one leaves each 101 ms."""
    assert pace(Rate(10, 1.0)) == BucketPace(1.0, pytest.approx(1 / 9.9))
    assert pace(Rate(100, 60.0)) == BucketPace(1.0, pytest.approx(60 / 99))


def test_fast_tenants_get_a_bucket_for_five_late_milliseconds():
    """The larger the rate the larger the bucket, and never less than two."""
    assert pace(Rate(1000, 1.0)) == BucketPace(5.0, pytest.approx(5 / 990))
    assert pace(Rate(100, 1.0)) == BucketPace(2.0, pytest.approx(2 / 98))


def sends(chosen: BucketPace, window: float) -> int:
    """Return how many requests a leaky bucket lets out in a half-open window, all workers being hungry."""
    if chosen.burst == 1.0:
        return math.ceil(window / chosen.period_s - 1e-9)
    return math.floor(chosen.burst + chosen.per_second * window + 1e-6)


@given(st.integers(1, 20_000), st.sampled_from([1.0, 10.0, 60.0, 3600.0]))
def test_no_window_sees_more_than_its_limit(limit, window):
    """Whatever the limit, a full bucket and its leak stay within it, and most of it is used."""
    chosen = pace(Rate(limit, window))
    assert sends(chosen, window) <= limit
    assert chosen.per_second >= 0.9 * limit / window
    assert pace(Rate(limit, window), 0.5).per_second == pytest.approx(chosen.per_second / 2)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("100/min", [StatedRate(Rate(100, 60))]),
        (
            "post /Users 20/10s, PATCH 5 / s",
            [StatedRate(Rate(20, 10), "POST", "/Users"), StatedRate(Rate(5, 1), "PATCH")],
        ),
        ("/Groups 5/s,auto", [StatedRate(Rate(5, 1), path="/Groups"), StatedRate(None)]),
    ],
)
def test_rates_are_stated_for_all_requests_or_for_some(text, stated):
    """By method, by path, or by both."""
    assert list(parse_all(text)) == stated


@pytest.mark.parametrize(
    "text", ["", "100/min,", "FETCH 5/s", "Users 5/s", "POST auto", "POST /Users", "auto auto"]
)
def test_what_states_no_rate_is_said_to_state_none(text):
    """And never left out."""
    with pytest.raises(ValueError, match=r"not a rate|for all requests"):
        parse_all(text)
