"""How fast: a tenant's limit as users write it, and the bucket that stays below it.

A bucket of capacity B that leaks r per second lets at most B + r·W out in any window of W seconds. A limit of N in W
holds for certain where that is at most N. So r is a little below N/W, and B is small: large enough only to make
up for wake-ups that come late, which cost nothing where requests are far apart. There B is 1, and then N of them
fit into the window with nothing stored. This holds where requests are let go; `arrivals` holds where they arrive. A larger
B, up to N, is for limits that are known to take a burst: `arrivals` alone keeps these.
"""

import re
from dataclasses import dataclass

from bulkscim.providers.profile import Bucket

_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0}
_UNITS |= {"h": 3600.0, "hour": 3600.0, "d": 86400.0, "day": 86400.0}
_RATE = re.compile(r"\s*(\d+)\s*/\s*(\d*)\s*([a-z]+)\s*", re.ASCII | re.IGNORECASE)
AUTO = "auto"
_SHARE = re.compile(r"\s*(\d{1,3}(?:\.\d+)?)\s*%\s*", re.ASCII)
_STATED = re.compile(
    r"((?P<method>GET|POST|PUT|PATCH|DELETE)\s+)?((?P<path>/\S+)\s+)?(?P<rate>auto|\d.*)",
    re.ASCII | re.IGNORECASE,
)
_USED_SHARE = 0.99
_SPACED_BELOW = (
    50.0  # requests a second; further apart than 20 ms, a late wake-up is small compared with the gap
)
COUNTED_UP_TO = 10_000  # the pace under a higher limit leaves room enough, and a count would take memory
_LATENESS = 200.0  # a bucket of R / 200 holds what 5 ms of lateness would lose


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    limit: int
    window_s: float

    @property
    def per_second(self) -> float:
        """The mean rate."""
        return self.limit / self.window_s

    def __str__(self) -> str:
        names = {1.0: "s", 60.0: "min", 3600.0: "h", 86400.0: "day"}
        return f"{self.limit}/{names.get(self.window_s, f'{self.window_s:g}s')}"


@dataclass(frozen=True, slots=True)
class BucketPace:
    """The bucket's two numbers as aiolimiter takes them: `burst` requests in `period_s` seconds."""

    burst: float
    period_s: float

    @property
    def per_second(self) -> float:
        """What leaks out."""
        return self.burst / self.period_s


def parse(text: str) -> Rate:
    """Read `100/min`, `10/s`, `600/h` or `100/10s`; a text that is none of these is a ValueError."""
    found = _RATE.fullmatch(text)
    unit = found[3].lower() if found else ""
    unit = unit if unit in _UNITS else unit.removesuffix("s")
    if found is None or unit not in _UNITS or int(found[1]) == 0 or found[2].strip("0") == "" != found[2]:
        raise ValueError(f"{text!r} is not a rate; write it as 100/min, 10/s or 600/h")
    return Rate(int(found[1]), int(found[2] or 1) * _UNITS[unit])


def parse_share(text: str) -> float:
    """Read `60%`, a share of each limit; a text that is none, 0% and more than 100% are a ValueError."""
    found = _SHARE.fullmatch(text)
    share = float(found[1]) / 100 if found else 0.0
    if not 0.0 < share <= 1.0:
        raise ValueError(f"{text!r} is not a share of a limit; write it as 60%, up to 100%")
    return share


def percent(share: float) -> str:
    """Return a share as users write it: `60%`."""
    return f"{100 * share:.4g}%"


def rate_of(bucket: Bucket) -> Rate:
    """Return how fast a limit is used: as it is, or its share rounded down to whole requests."""
    requests = round(bucket.limit * bucket.share, 6)
    if requests < 1:
        return Rate(1, bucket.window_s / requests)
    return Rate(int(requests), bucket.window_s)


def burst_of(bucket: Bucket) -> int:
    """Return how many requests may go at once under a limit."""
    limit = rate_of(bucket).limit
    return min(bucket.burst, limit) if limit <= COUNTED_UP_TO else 1


@dataclass(frozen=True, slots=True)
class StatedRate:
    """A rate that a user gives; empty `method` and `path` mean all requests. Without a rate it asks for what is possible."""

    rate: Rate | None
    method: str = ""
    path: str = ""

    @property
    def is_general(self) -> bool:
        """Whether it is for all requests."""
        return not (self.method or self.path)


def parse_all(text: str) -> tuple[StatedRate, ...]:
    """Read rates that commas separate, each as `[METHOD] [PATH] RATE` or `auto`; ValueError says what is wrong."""
    return tuple(_stated(part.strip()) for part in text.split(","))


def _stated(text: str) -> StatedRate:
    found = _STATED.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a rate; write it as 100/min, 10/s or 600/h, for some requests as POST /Users 20/10s, or as auto"
        )
    method, path, rate = (found["method"] or "").upper(), found["path"] or "", found["rate"]
    if rate.lower() != AUTO:
        return StatedRate(parse(rate), method, path)
    if method or path:
        raise ValueError(f"{text!r}: auto is for all requests")
    return StatedRate(None)


def pace(rate: Rate, share: float = 1.0, at_once: int = 1) -> BucketPace:
    """Return the bucket for a limit, or for a share of it after the tenant said that this was too fast.

    So many requests may go `at_once`.
    """
    per_second = rate.per_second
    if at_once > 1:
        burst, leak = float(at_once), per_second * _USED_SHARE
    elif per_second < _SPACED_BELOW:
        burst, leak = 1.0, per_second * _USED_SHARE
    else:
        burst = max(2.0, float(int(per_second / _LATENESS)))
        leak = min(per_second * _USED_SHARE, (rate.limit - burst) / rate.window_s)
    return BucketPace(burst, burst / (leak * share))
