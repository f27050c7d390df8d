"""How long a run takes, in words."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bulkscim.model.harmless import estimated_duration
from bulkscim.pacing.hours import Hours
from bulkscim.pacing.rate import Rate, percent

_SOON_S = 60.0


@dataclass(frozen=True, slots=True)
class LongestLimit:
    """The limit that takes the longest: its rate, how long a job takes under it, and for which requests it is, empty for all.

    `share` of it is used.
    """

    rate: Rate
    seconds: float
    of: str = ""
    share: float = 1.0

    @property
    def told(self) -> str:
        """The limit in words: `60% of 100 requests/min`."""
        part = "" if self.share == 1.0 else f"{percent(self.share)} of "
        return f"{part}{rate_told(self.rate)}{f' of {self.of}' if self.of else ''}"


def takes_told(
    requests: float,
    limit: LongestLimit,
    now: float | None,
    zone: tzinfo | None = None,
    hours: Hours | None = None,
    *,
    or_more: bool = False,
) -> str:
    """Return how long so many requests take, and until when, by the clock of a zone or this machine's; None: not now.

    With `hours` of the day they are sent within these only. `or_more`: the number may be too small.
    """
    seconds = limit.seconds
    count = max(1, round(requests))
    within = "" if hours is None else f", {hours} only"
    until = "" if now is None else _until(seconds, now, zone, hours)
    more, later = (" or more", " or later" * bool(until)) if or_more else ("", "")
    many = f"about {count:,} request{'s' * (count != 1)}{more}"
    return f"about {estimated_duration(seconds)}{more} at {limit.told}{within}{until}{later} ({many})"


def _until(seconds: float, now: float, zone: tzinfo | None, hours: Hours | None) -> str:
    ends_s = seconds if hours is None else hours.seconds_for(seconds, now, zone)
    return f", until {clock_time(now + ends_s, now, zone)}" if ends_s >= _SOON_S else ""


def rate_told(rate: Rate) -> str:
    """Return a limit in words: `100 requests/min`."""
    count, _, window = str(rate).partition("/")
    return f"{int(count):,} request{'s' * (int(count) != 1)}/{window}"


def clock_time(at: float, now: float, zone: tzinfo | None = None) -> str:
    """Return a time of day, with the day where it is another one than that of now."""
    moment, today = (datetime.fromtimestamp(one, zone).astimezone(zone) for one in (at, now))
    return f"{moment:%H:%M}" if moment.date() == today.date() else f"{moment:%d %b %H:%M}"


def moment(seconds: float | None) -> str | None:
    """Return wall time as RFC 3339 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
