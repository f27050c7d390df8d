"""How long a number of requests takes (pure).

The limit tells, as far as it is known; or the speed so far, where answers or 429s take too long to use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from bulkscim.model.progress import UNLIMITED
from bulkscim.model.request import Sort
from bulkscim.providers.profile import NO_LIMIT, Bucket

_MEMORY_S = 60.0
_MEMORY = 20  # requests; the memory is as long as these take, where that is longer


def slowest(
    left: Mapping[Sort, float], limits: Iterable[tuple[Bucket, float]], *, begins: bool = False
) -> tuple[Bucket, float]:
    """Return the limit that requests take the longest under, and for how many seconds; each is given with its requests a second.

    Where none counts them, it is the slowest of all. Where the session `begins`, a burst may go at once.
    """
    found = [
        (
            max(0.0, _counted(left, bucket) - begins * (bucket.burst - 1)) / per_second,
            -per_second,
            bucket,
        )
        for bucket, per_second in limits
    ]
    seconds, _, bucket = max(found, key=lambda one: one[:2], default=(0.0, 0.0, NO_LIMIT))
    return bucket, seconds


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
    """What limits a run now: so many requests a second. `closed_s`: nothing may leave for so long."""

    per_second: float
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


def seconds_for(requests: float, limits: Limits, speed: Speed) -> float:
    """Return how long so many requests take from now on."""
    return limits.closed_s + requests / min(limits.per_second, speed.per_second)
