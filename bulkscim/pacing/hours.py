"""When a run may send, by the clock on the wall: hours of the day, a deadline, and how long an outage is waited out (pure).

A zone is an argument; None is this machine's own. A time of day that a change of the clock leaves out counts as the moment of
that change, and one that it repeats as both.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from bulkscim.model.harmless import one_line

NONE = "none"  # lifts what an earlier session was told
_HOURS = re.compile(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*", re.ASCII)
_TIME = re.compile(r"\s*(\d{1,2}):(\d\d)\s*", re.ASCII)
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)\s*", re.ASCII | re.IGNORECASE)
_UNITS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DAYS = 400  # that are looked ahead; a run that takes longer is said to take so long


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of each day, from `begin` on until `end`, which may be that of the next day; all day where both are one."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def _holds(self, moment: time) -> bool:
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end

    def opens_in(self, now: float, zone: tzinfo | None = None) -> float:
        """Return the seconds until they begin; 0 within them."""
        if self.begin == self.end or self._holds(_at(now, zone).time()):
            return 0.0
        return _next(self.begin, now, zone) - now

    def closes_in(self, now: float, zone: tzinfo | None = None) -> float | None:
        """Return the seconds until they end, where it is within them; None where they never end."""
        return None if self.begin == self.end else _next(self.end, now, zone) - now

    def seconds_for(self, busy_s: float, now: float, zone: tzinfo | None = None) -> float:
        """Return how long a work of so many seconds takes that is done within these hours only."""
        at, left = now, busy_s
        for _ in range(_DAYS):
            at += self.opens_in(at, zone)
            open_s = self.closes_in(at, zone)
            if open_s is None or left <= open_s:
                return at + left - now
            at, left = at + open_s, left - open_s
        return at - now


def parse_hours(text: str) -> Hours | None:
    """Read `22:00-06:00`; None for `none`. A text that is neither is a ValueError."""
    if text.strip().lower() == NONE:
        return None
    found = _HOURS.fullmatch(text)
    begin, end = (_clock(found[1], found[2]), _clock(found[3], found[4])) if found else (None, None)
    if begin is None or end is None:
        raise ValueError(f"{text!r} are no hours of a day; write them as 22:00-06:00, or none")
    return Hours(begin, end)


def parse_deadline(text: str, now: float, zone: tzinfo | None = None) -> float | None:
    """Read a time of day, which is the next one, or a date and time; in seconds since 1970, None for `none`.

    A text that is none of these is a ValueError. A date may have passed.
    """
    if text.strip().lower() == NONE:
        return None
    found = _TIME.fullmatch(text)
    moment = _clock(found[1], found[2]) if found else None
    if moment is not None:
        return _next(moment, now, zone)
    try:
        read = None if found else datetime.fromisoformat(text.strip())
    except ValueError:
        read = None
    if read is None or len(text.strip()) <= len("2026-11-28"):
        raise ValueError(
            f"{text!r} is no time; write a time of day such as 06:00, a date and time such as 2026-11-28 06:00, or none"
        )
    return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()


def is_dated(text: str) -> bool:
    """Return whether a deadline is one moment, and not the next time of day."""
    return _TIME.fullmatch(text) is None and text.strip().lower() != NONE


def parse_duration(text: str) -> float:
    """Read `15m`, `90s` or `2h`, in seconds; 0 for `none`. A text that is none of these is a ValueError."""
    if text.strip().lower() == NONE:
        return 0.0
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration; write it as 15m, 90s or 2h, or none")
    return float(found[1]) * _UNITS[found[2].lower()]


def deadline_reached(text: str) -> str:
    """Return why a run stops at its deadline."""
    return f"the deadline of {one_line(text)} was reached"


def _clock(hour: str, minute: str) -> time | None:
    """Return a time of day; 24:00 is the one at which a day ends. None for what is none."""
    if (hour, minute) == ("24", "00"):
        return time(0)
    return time(int(hour), int(minute)) if int(hour) <= 23 and int(minute) <= 59 else None  # noqa: PLR2004 - of a day


def _at(moment: float, zone: tzinfo | None) -> datetime:
    """Return a moment as the clock on the wall shows it."""
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


def _next(wanted: time, now: float, zone: tzinfo | None) -> float:
    """Return the next moment at which the clock on the wall shows a time of day, or jumps over it."""
    today = _at(now, zone).date()
    days = (datetime.combine(today + timedelta(days=number), wanted) for number in range(3))
    moments = sorted(moment for day in days for moment in _moments(day, zone))
    return next(moment for moment in moments if moment > now)


def _moments(shown: datetime, zone: tzinfo | None) -> set[float]:
    """Return when the clock shows a time: twice where it was set back meanwhile, the jump where it was set over it."""
    found = {shown.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
    there = {moment for moment in found if _at(moment, zone) == shown}
    return there or {_jump(min(found), max(found), zone)}


def _jump(before: float, after: float, zone: tzinfo | None) -> float:
    """Return the moment between two others at which the clock is set forward."""
    low, high = before - 1, after + 1
    while high - low > 0.5:  # noqa: PLR2004 - of a second
        middle = (low + high) / 2
        shown = (_at(middle, zone) - _at(low, zone)).total_seconds()
        low, high = (low, middle) if shown > middle - low + 1 else (middle, high)
    return float(round(high))
