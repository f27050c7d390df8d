"""Retry-After and the server's clock."""

import pytest

from bulkscim.model.request import Response
from bulkscim.pacing.hints import retry_after, server_time

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
