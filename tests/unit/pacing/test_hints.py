"""Retry-After and the server's clock."""

import pytest

from bulkscim.model.request import Response
from bulkscim.pacing.hints import asked_wait, is_limited, retry_after, server_time, stated_rate
from bulkscim.pacing.rate import Rate

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
THEN = 784111777.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("0.493", 0.493),
        ("-3", 0.0),
        ("86400", 300.0),
        ("Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        ("Sun Nov  6 08:49:47 1994", 10.0),
        ("1994-11-06T08:49:47Z", 10.0),
        ("1994-11-06 08:49:47", 10.0),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0.0),
        ("Sun, 06 Nov 2094 08:49:00 GMT", 300.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        ("99999999999999999999-01-01", None),
    ],
)
def test_retry_after_is_read_in_every_form(text, seconds):
    """Seconds, fractions, dates against the answer's own Date; past is now, huge is cut."""
    assert retry_after(Response(429, {"retry-after": text, "date": DATE}, received_at=1.0)) == seconds


def test_without_a_date_our_own_clock_counts():
    """The time of arrival stands in for the server's."""
    assert retry_after(Response(429, {"retry-after": DATE}, received_at=THEN - 7)) == 7.0
    assert server_time(Response(200, {}, received_at=THEN)) == THEN
    assert server_time(Response(200, {"date": DATE}, received_at=1.0)) == THEN


def test_nothing_asked_is_none():
    """No header, no hint."""
    assert retry_after(Response(503)) is None


NOW_DATE = "Sat, 21 Nov 2026 00:10:05 GMT"


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795219817"}, 12.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "1795219817000"}, 12.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        ({"ratelimit-remaining": "0", "ratelimit-resettime": "Sat, 21 Nov 2026 00:10:17 GMT"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-21T00:10:17Z"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.5"}, 1.5),
        ({"ratelimit": "limit=100, remaining=0, reset=12"}, 12.0),
        ({"ratelimit": '"burst";r=0;t=12, "daily";r=70;t=80000', "ratelimit-policy": '"burst";q=9;w=9'}, 12.0),
        ({"ratelimit": '"burst";r=0;t=12, "daily";r=0;t=200'}, 200.0),
        ({"x-ratelimit-remaining-minute": "0", "x-ratelimit-remaining-hour": "70",
          "x-ratelimit-reset-minute": "12", "x-ratelimit-reset-hour": "3000"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795219800"}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795223405"}, 300.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12", "retry-after": "3"}, 3.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12", "retry-after": "soon"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999999999"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "never"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
    ],
)  # fmt: skip
def test_reset_of_a_spent_limit_is_a_wait(status, headers, seconds):
    """A limit that was stated without Retry-After was ignored: the next requests came while it was spent."""
    assert asked_wait(Response(status, {**headers, "date": NOW_DATE}, received_at=1.0)) == seconds


@pytest.mark.parametrize(
    ("status", "left", "seconds"),
    [(429, None, 12.0), (429, "7", 12.0), (503, None, 12.0), (503, "7", None), (403, "7", None), (500, "0", None)],
)  # fmt: skip
def test_reset_counts_by_what_is_left(status, left, seconds):
    """A 503 of a tenant that still has requests left says nothing of its limits; a 429 always does."""
    headers = {"x-ratelimit-reset": "12"} | ({"x-ratelimit-remaining": left} if left else {})
    assert asked_wait(Response(status, headers)) == seconds


def test_what_states_a_limit():
    """Only a Retry-After, or a limit of which nothing is left."""
    assert is_limited(Response(403, {"retry-after": "soon"}))
    assert is_limited(Response(403, {"x-ratelimit-remaining": "0"}))
    assert is_limited(Response(403, {"ratelimit": '"default";r=0;t=30'}))
    assert not is_limited(Response(403, {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "30"}))
    assert not is_limited(Response(403, {"x-ratelimit-limit": "0", "ratelimit": "soon", "x-remaining": "0"}))


@pytest.mark.parametrize(
    ("headers", "rate"),
    [
        ({"ratelimit-policy": '"default";q=100;w=60'}, Rate(100, 60.0)),
        (
            {"RateLimit-Policy": '"burst";q=9;w=3, "minute";q=120;w=60, "daily";q=5000;w=86400'},
            Rate(120, 60.0),
        ),
        ({"ratelimit-policy": "20;w=1"}, Rate(20, 1.0)),
        ({"ratelimit-limit": "10, 10;w=1, 50;w=60"}, Rate(50, 60.0)),
        ({"x-ratelimit-policy": "15; w=1"}, Rate(15, 1.0)),
        ({"ratelimit-policy": '"bytes";q=65535;qu="content-bytes";w=10'}, None),
        ({"ratelimit-policy": '"quota";q=5000;w=3600'}, None),
        ({"ratelimit-policy": '"none";q=0;w=60'}, None),
        ({"ratelimit-policy": '"no window";q=10'}, None),
        ({"ratelimit-policy": "q=;w=x, ;;=, nan;w=1"}, None),
        ({"ratelimit-limit": "100"}, None),
        ({}, None),
    ],
)
def test_a_rate_that_headers_state(headers, rate):
    """A quota of an hour is no pace: what is left of it may be used at once."""
    assert stated_rate(Response(200, headers)) == rate
