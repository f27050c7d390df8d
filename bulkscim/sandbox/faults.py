"""What goes wrong on purpose, how often, by a seed: the same requests in the same order fail the same way."""

import random
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from bulkscim.errors import UsageError
from bulkscim.providers.profile import Bucket

LATENCY = "latency"
_UNITS = {"ms": 0.001, "s": 1.0}


class InjectedFault(StrEnum):
    """What comes instead of the answer. Those called `after` happen when the tenant has done what was asked."""

    THROTTLED = "429"
    THROTTLED_BARE = "429-bare"
    BUSY_BEFORE = "503-before"
    BUSY_AFTER = "503-after"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    TRUNCATED = "truncate"
    PAGE = "html"

    @property
    def is_before(self) -> bool:
        """Whether the tenant is not asked at all."""
        return self in {
            InjectedFault.THROTTLED,
            InjectedFault.THROTTLED_BARE,
            InjectedFault.BUSY_BEFORE,
            InjectedFault.DROP_BEFORE,
        }


def parse(texts: Iterable[str]) -> dict[str, float]:
    """Read faults as they are typed: shares by name, and the latency in seconds."""
    return dict(_parsed(text) for text in texts)


def _parsed(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        if name == LATENCY:
            return name, _seconds(number)
        share = float(number)
    except ValueError:
        share = -1.0
    if name not in set(InjectedFault) or not 0 <= share <= 1:
        known = ", ".join(f"{fault}=SHARE" for fault in InjectedFault)
        raise UsageError(f"--fault {text}: shares are from 0 to 1; known are {known}, latency=50ms")
    return name, share


def _seconds(text: str) -> float:
    unit = "ms" if text.endswith("ms") else "s"
    seconds = float(text.removesuffix(unit)) * _UNITS[unit]
    if seconds < 0:
        raise ValueError(text)
    return seconds


class FaultDraw:
    """The lot that is drawn for each request."""

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self.latency_s = shares.get(LATENCY, 0.0)
        self._shares = {InjectedFault(name): share for name, share in shares.items() if name != LATENCY}
        self._chance = random.Random(seed)  # noqa: S311 - it chooses faults, not keys

    def draw(self) -> InjectedFault | None:
        """Choose the fate of one request."""
        number = self._chance.random()
        for fault, share in self._shares.items():
            number -= share
            if number < 0:
                return fault
        return None


class ProviderLimits:
    """The provider's own limits, times a speed: no more requests than these in any of their windows."""

    def __init__(self, buckets: Sequence[Bucket], speed: float) -> None:
        self._buckets = [(bucket.at(speed), deque[float]()) for bucket in buckets]

    def admits(self, now: float, method: str, path: str, size: int) -> bool:
        """Count a request, unless it is one too many."""
        matching = [one for one in self._buckets if one[0].matches(method, path, size)]
        for bucket, times in matching:
            while times and times[0] <= now - bucket.window_s:
                times.popleft()
        if any(len(times) >= bucket.limit for bucket, times in matching):
            return False
        for _, times in matching:
            times.append(now)
        return True
