"""Hours of the day and deadlines, over midnight and over changes of the clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bulkscim.pacing.hours import (
    Hours,
    is_dated,
    parse_deadline,
    parse_duration,
    parse_hours,
)

BERLIN = ZoneInfo("Europe/Berlin")
H = 3600.0


def at(text, zone=UTC):
    """Return a moment in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


NIGHT, DAY = parse_hours("22:00-06:00"), parse_hours(" 9:30 - 17:00")


@pytest.mark.parametrize(
    ("hours", "now", "opens", "closes"),
    [
        (NIGHT, "2026-11-27T21:00", H, None),
        (NIGHT, "2026-11-27T22:00", 0, 8 * H),
        (NIGHT, "2026-11-28T00:00", 0, 6 * H),
        (NIGHT, "2026-11-28T05:59:59", 0, 1),
        (NIGHT, "2026-11-28T06:00", 16 * H, None),
        (DAY, "2026-11-27T09:29", 60, None),
        (DAY, "2026-11-27T16:00", 0, H),
        (DAY, "2026-11-27T17:00", 16.5 * H, None),
    ],
)
def test_hours_of_a_day(hours, now, opens, closes):
    """Over midnight too; the end is no part of them."""
    assert hours.opens_in(at(now), UTC) == opens
    if opens == 0:
        assert hours.closes_in(at(now), UTC) == closes


def test_hours_that_never_end():
    """From midnight to midnight."""
    all_day = parse_hours("00:00-24:00")

    assert (all_day.opens_in(5.0, UTC), all_day.closes_in(5.0, UTC)) == (0, None)
    assert all_day.seconds_for(1e9, 5.0, UTC) == 1e9
    assert parse_hours("None") is None


@pytest.mark.parametrize(
    ("now", "opens", "closes"),
    [
        ("2026-03-28T21:00", H, None),
        ("2026-03-28T22:00", 0, 7 * H),  # the night in which clocks are set forward
        ("2026-10-24T22:00", 0, 9 * H),  # and back
    ],
)
def test_a_night_in_which_clocks_are_set(now, opens, closes):
    """Seven hours long, or nine."""
    assert NIGHT.opens_in(at(now, BERLIN), BERLIN) == opens
    if opens == 0:
        assert NIGHT.closes_in(at(now, BERLIN), BERLIN) == closes


def test_hours_within_the_hour_that_is_left_out_begin_at_the_jump():
    """02:30 does not come on 29 March 2026 in Berlin: the clock goes from 02:00 to 03:00."""
    early = parse_hours("02:30-04:00")
    now = at("2026-03-29T01:00", BERLIN)

    assert early.opens_in(now, BERLIN) == H
    assert early.closes_in(now + H, BERLIN) == H


def test_hours_that_begin_in_the_hour_that_is_repeated_begin_twice_or_go_on():
    """02:30 comes twice on 25 October 2026."""
    late = parse_hours("02:30-02:45")
    now = at("2026-10-25T02:00", BERLIN)

    assert late.opens_in(now, BERLIN) == 0.5 * H
    assert late.opens_in(now + 0.75 * H, BERLIN) == 0.75 * H


@pytest.mark.parametrize(
    ("busy_s", "takes_s"),
    [(60, H + 60), (8 * H, 9 * H), (8 * H + 1, 25 * H + 1), (20 * H, H + 48 * H + 4 * H)],
)
def test_work_that_is_done_within_hours_only(busy_s, takes_s):
    """A night has eight of them."""
    assert NIGHT.seconds_for(busy_s, at("2026-11-27T21:00"), UTC) == pytest.approx(takes_s)


def test_work_that_would_take_years_has_an_end():
    """It is said to take more than one."""
    assert parse_hours("03:00-03:01").seconds_for(1e9, 0.0, UTC) > 365 * 86400


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("06:00", "2026-11-28T06:00"),
        ("22:00", "2026-11-27T22:00"),
        ("21:00", "2026-11-28T21:00"),
        ("24:00", "2026-11-28T00:00"),
        ("2026-11-28 06:00", "2026-11-28T06:00"),
        ("2026-11-28T06:00+01:00", "2026-11-28T05:00"),
        ("2026-11-01T06:00", "2026-11-01T06:00"),
    ],
)
def test_deadlines(text, moment):
    """A time of day is the next one."""
    assert parse_deadline(text, at("2026-11-27T21:00"), UTC) == at(moment)
    assert is_dated(text) == (len(text) > 5)


def test_a_deadline_that_is_none_is_lifted():
    """An earlier session had one."""
    assert parse_deadline("none", 0.0, UTC) is None
    assert not is_dated("none")


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("90 s", 90), ("1.5h", 5400), ("none", 0)])
def test_durations(text, seconds):
    """With the units of a rate."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "22-6", "22:00", "25:00-06:00", "22:60-06:00", "24:30-01:00", "٢٢:00-06:00"]
)
def test_what_are_no_hours(text):
    """The message says how to write them."""
    with pytest.raises(ValueError, match="22:00-06:00"):
        parse_hours(text)


@pytest.mark.parametrize("text", ["", "6", "2026-11-28", "25:00", "tomorrow"])
def test_what_is_no_deadline(text):
    """A date alone is none."""
    with pytest.raises(ValueError, match="06:00"):
        parse_deadline(text, 0.0, UTC)


@pytest.mark.parametrize("text", ["", "15", "m", "-5m", "5 weeks"])
def test_what_is_no_duration(text):
    """A number needs its unit."""
    with pytest.raises(ValueError, match="15m"):
        parse_duration(text)


def test_hours_as_they_are_written():
    """Two digits."""
    assert [str(NIGHT), str(DAY)] == ["22:00-06:00", "09:30-17:00"]
    assert Hours(NIGHT.begin, NIGHT.end) == NIGHT
