"""What a job takes, said before approval: how long, which limit holds it back, and when it stops by itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bulkscim.journal.settings import MOST_TRIED, Settings
from bulkscim.model.progress import RunProgress
from bulkscim.pacing.known_limit import KnownLimit
from bulkscim.pacing.rate import Rate, pace, percent, rate_of
from bulkscim.pacing.time_left import all_free, slowest
from bulkscim.planning.forecast import Forecast, Taken, requests_left
from bulkscim.planning.job_costs import Costs
from bulkscim.providers.profile import Bucket, Profile
from bulkscim.reporting.durations import LongestLimit, clock_time, takes_told
from bulkscim.runs.settings import times_of

LONG_S = 10.0
_HOUR_S = 3600.0
_WINDOWS_S, _FINE = (1.0, 60.0), 20  # a limit of fewer requests would be rounded too much
_USED = 0.8  # of a default, so that it was what held a session back


def how_long(
    costs: Costs, settings: Settings, profile: Profile, now: float, known: Sequence[KnownLimit] = ()
) -> Iterator[str]:
    """Yield lines about a job that costs so much; `known` is what earlier runs have learned."""
    times, buckets = times_of(settings.connection, now), settings.buckets(profile)
    expected = [_as_known(one, known) for one in buckets]
    limit = _longest(costs.forecast, expected)
    yield takes_told(costs.forecast.total, limit, now, hours=times.hours, or_more=costs.may_be_more)
    if limit.seconds >= LONG_S and any(one.assumed and one.most == 1.0 for one in expected):
        yield f"rate      {limit.rate} is the default of bulkscim; {_flags(limit.rate, known)}"
    yield from known_limits(known, buckets)
    if times.deadline is not None:
        yield f"stops     at {clock_time(times.deadline, now)} by its deadline; resume continues then"


def later(costs: Costs, settings: Settings, profile: Profile, known: Sequence[KnownLimit]) -> str:
    """Say how long a run that costs so much takes, when it is begun."""
    limit = _longest(costs.forecast, [_as_known(one, known) for one in settings.buckets(profile)])
    return takes_told(costs.forecast.total, limit, None, or_more=costs.may_be_more)


def held_back(look: RunProgress, buckets: Iterable[Bucket], known: Sequence[KnownLimit] = ()) -> str:
    """Say that a default has held a session back; empty where none has, or where it made no difference."""
    for one in (_as_known(bucket, known) for bucket in buckets):
        rate = Rate(one.limit, one.window_s)
        is_used = look.requests >= _USED * rate_of(one).per_second * look.elapsed_s
        if one.assumed and one.most == 1.0 and look.elapsed_s >= LONG_S and is_used:
            part = "" if one.share == 1.0 else f"{percent(one.share)} of "
            return f"rate: {part}{rate}, the default of bulkscim, has held this back; {_flags(rate, known)}"
    return ""


def _flags(rate: Rate, known: Iterable[KnownLimit]) -> str:
    """Say how to go faster than a default, and what is known of the tenant's own limit."""
    for one in known:
        if not (one.methods or one.prefix) and one.per_second > rate.per_second:
            return f"{one.told}, and --rate auto begins with that"
    faster = Rate(int(MOST_TRIED * rate.limit), rate.window_s)
    return f"no limit of the tenant is known. --rate auto tries up to {faster}, --rate N/s sets a rate"


def known_limits(known: Iterable[KnownLimit], buckets: Iterable[Bucket]) -> Iterator[str]:
    """Yield lines about limits that earlier runs have learned, where this one begins with them."""
    for bucket in buckets:
        for one in known:
            first = bucket.share * min(one.first, bucket.most * bucket.limit / bucket.window_s)
            if one.is_of(bucket) and (bucket.most > 1.0 or one.first < bucket.limit / bucket.window_s):
                yield f"known     {one.told}; the run begins with {first:.3g}/s"


def _as_known(bucket: Bucket, known: Iterable[KnownLimit]) -> Bucket:
    """Return a limit as it is expected to be, by what earlier runs have learned of it."""
    stated = bucket.limit / bucket.window_s
    for one in known:
        per_second = min(one.per_second, bucket.most * stated)
        if one.is_of(bucket) and (bucket.most > 1.0 or one.per_second <= stated):
            window_s = next((window_s for window_s in _WINDOWS_S if per_second * window_s >= _FINE), _HOUR_S)
            limit = max(1, int(per_second * window_s))
            return replace(bucket, limit=limit, window_s=window_s, assumed=False)
    return bucket


def _longest(forecast: Forecast, buckets: Iterable[Bucket]) -> LongestLimit:
    rates = [(one, pace(rate_of(one)).per_second) for one in buckets]
    slow, seconds = slowest(requests_left(forecast, Taken()), rates, all_free)
    is_general = not (slow.methods or slow.prefix)
    rate = Rate(slow.limit, slow.window_s)
    return LongestLimit(rate, seconds, "" if is_general else slow.name, slow.share)


def slowest_interval(buckets: Iterable[Bucket]) -> float:
    """Return the seconds between two requests under the limit that allows the fewest."""
    return max(1 / rate_of(one).per_second for one in buckets)
