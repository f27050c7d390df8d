"""How long a number of requests takes (pure).

The limit tells, as far as it is known; or the speed so far, where answers or 429s take too long to use it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp

from bulkscim.model.progress import UNLIMITED
from bulkscim.model.request import Sort
from bulkscim.pacing.arrivals import Places
from bulkscim.pacing.rate import burst_of, rate_of
from bulkscim.providers.profile import NO_LIMIT, Bucket

_MEMORY_S = 60.0
_MEMORY = 20  # requests; the memory is as long as these take, where that is longer


def slowest(
    left: Mapping[Sort, float],
    limits: Iterable[tuple[Bucket, float]],
    places: Callable[[Bucket], Places] | None = None,
) -> tuple[Bucket, float]:
    """Return the limit that requests take the longest under, and for how many seconds; each is given with its requests a second.

    Where none counts them, it is the slowest of all. `places` is what a burst may take.
    """
    found = [
        (_seconds(_counted(left, bucket), bucket, per_second, places), -per_second, bucket)
        for bucket, per_second in limits
    ]
    seconds, _, bucket = max(found, key=lambda one: one[:2], default=(0.0, 0.0, NO_LIMIT))
    return bucket, seconds


def all_free(bucket: Bucket) -> Places:
    """Return the places of a limit under which nothing was sent yet."""
    return Places(rate_of(bucket).limit, bucket.window_s)


def _seconds(
    count: float, bucket: Bucket, per_second: float, places: Callable[[Bucket], Places] | None
) -> float:
    """Return how long requests take under a limit: one by one, or as many at once as it has places for."""
    if places is None or burst_of(bucket) == 1:
        return count / per_second
    limit, now = rate_of(bucket).limit, places(bucket)
    later = max(0.0, count - now.free)
    windows = max(0, ceil(later / limit) - 1)
    waits_s = now.next_s + windows * bucket.window_s if later else 0.0
    return waits_s + max(0.0, (later - windows * limit or count) - burst_of(bucket)) / per_second


def _counted(left: Mapping[Sort, float], bucket: Bucket) -> float:
    return sum(count for sort, count in left.items() if bucket.matches(*sort))


def allowed(left: Mapping[Sort, float], limits: Sequence[tuple[Bucket, float]]) -> float:
    """Return how many requests a second of these sorts the limits allow, when each waits for its own alone."""
    seconds, requests = slowest(left, limits)[1], sum(left.values())
    if seconds > 0 and requests > 0:
        return requests / seconds
    return min((per_second for _, per_second in limits), default=UNLIMITED)


def worth(sent: Mapping[Sort, float], limits: Sequence[tuple[Bucket, float]], per_second: float) -> float:
    """Return how many requests at a pace take the limits as long as those that were sent."""
    seconds, requests = slowest(sent, limits)[1], sum(sent.values())
    return seconds * per_second if seconds > 0 else requests


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits a run now: so many requests a second, so that those that are left take `least_s` at least.

    `closed_s`: nothing may leave for so long.
    """

    per_second: float
    least_s: float
    closed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast requests left lately: `requests` in `seconds`, both fading with time. Waits that do not come again do not count.

    Requests are counted by their `worth`.
    """

    requests: float
    seconds: float

    @classmethod
    def begun(cls, per_second: float) -> "Speed":
        """Return what is assumed before anything was seen: the limit is used."""
        memory_s = max(_MEMORY_S, _MEMORY / per_second)
        return cls(memory_s * per_second / 4, memory_s / 4)

    def after(self, seconds: float, requests: float, per_second: float) -> "Speed":
        """Return what is known when so many requests left in so many seconds."""
        kept = exp(-seconds / max(_MEMORY_S, _MEMORY / per_second))
        return Speed(self.requests * kept + requests, self.seconds * kept + seconds)

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def seconds_for(limits: Limits, speed: Speed) -> float:
    """Return how long the requests that are left take from now on."""
    return limits.closed_s + limits.least_s / min(1.0, speed.per_second / limits.per_second)
