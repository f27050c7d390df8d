"""What a job takes, said before approval: how long, which limit holds it back, and when it stops by itself."""

from collections.abc import Iterable, Iterator

from bulkscim.journal.settings import MOST_TRIED, Settings
from bulkscim.pacing.rate import Rate, pace
from bulkscim.pacing.time_left import slowest
from bulkscim.planning.forecast import Forecast, Taken, requests_left
from bulkscim.providers.profile import Bucket, Profile
from bulkscim.reporting.durations import LongestLimit, clock_time, takes_told
from bulkscim.runs.settings import times_of

LONG_S = 10.0


def how_long(forecast: Forecast, settings: Settings, profile: Profile, now: float) -> Iterator[str]:
    """Yield lines about a job of which so many requests are expected."""
    times, buckets = times_of(settings.connection, now), settings.buckets(profile)
    limit = _longest(forecast, buckets)
    yield f"takes     {takes_told(forecast.total, limit, now, hours=times.hours)}"
    if limit.seconds >= LONG_S and any(one.assumed and one.most == 1.0 for one in buckets):
        faster = Rate(int(MOST_TRIED * limit.rate.limit), limit.rate.window_s)
        yield (
            f"rate      {limit.rate} is the default of bulkscim; no limit of the tenant is known. --rate auto tries up to "
            f"{faster}, --rate N/s sets a rate"
        )
    if times.deadline is not None:
        yield f"stops     at {clock_time(times.deadline, now)} by its deadline; resume continues then"


def _longest(forecast: Forecast, buckets: Iterable[Bucket]) -> LongestLimit:
    rates = [(one, pace(Rate(one.limit, one.window_s)).per_second) for one in buckets]
    slow, seconds = slowest(requests_left(forecast, Taken()), rates)
    is_general = not (slow.methods or slow.prefix)
    return LongestLimit(Rate(slow.limit, slow.window_s), seconds, "" if is_general else slow.name)


def slowest_interval(buckets: Iterable[Bucket]) -> float:
    """Return the seconds between two requests under the limit that allows the fewest."""
    return max(one.window_s / one.limit for one in buckets)
