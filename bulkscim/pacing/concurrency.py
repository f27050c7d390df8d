"""How many requests may be in flight: as many as use the rate at the tenant's own latency, and no more (pure).

1. The first `FIRST` answers come to the number that a session begins with.
2. Then it is the rate times the lowest latency of late, with room for what a worker does between two requests. It at most doubles in
   `STEP_S` seconds, and stops at the profile's cap.
3. Where requests take more than twice their lowest latency, the tenant is busy with those in flight: there are fewer, and
   for a while no more.

The lowest latency is that of requests of one kind: a page of a listing takes longer than one user, wherever it is asked for.
"""

from dataclasses import dataclass, field
from math import ceil, inf

FIRST = 50
STEP_S = 10.0
LOWEST_S = 600.0  # for which a lowest latency holds, up to twice as long
SLOW = 2.0
FEWER, FEWEST = 0.75, 2
CALM_S = 60.0
_ROOM, _MORE = 1.5, 4
_WEIGHT = 0.05  # of an answer in what requests take on average


@dataclass(slots=True)
class _Lowest:
    """The lowest latency of one kind of request, of this period and the one before."""

    since: float
    now: float = inf
    before: float = inf

    def take(self, seconds: float, now: float) -> float:
        """Take in a latency; return the lowest one."""
        if now - self.since > LOWEST_S:
            self.since, self.before, self.now = now, self.now, inf
        self.now = min(self.now, seconds)
        return min(self.now, self.before)


@dataclass(slots=True)
class _Usual:
    """What requests of one kind take on average, and the least that they took so."""

    average: float = 0.0
    least: float = inf
    answers: int = 0

    def take(self, seconds: float) -> float:
        """Take in a latency; return how many times as long as at the best requests take now."""
        self.answers += 1
        self.average += max(_WEIGHT, 1 / self.answers) * (seconds - self.average)
        if self.answers * _WEIGHT < 1:
            return 1.0
        self.least = min(self.least, self.average)
        return self.average / self.least if self.least else 1.0


@dataclass(slots=True)
class Concurrency:
    """The number of one session, from `number` to `most`; times are monotonic seconds."""

    number: int
    most: int
    _answers: int = field(default=0, init=False)
    _lowest: dict[str, _Lowest] = field(default_factory=dict, init=False)
    takes_s: float = field(default=0.0, init=False)  # what requests take on average
    _least_s: float = field(default=0.0, init=False)  # what they would take at their lowest
    _usual: dict[str, _Usual] = field(default_factory=dict, init=False)
    _slower: float = field(default=1.0, init=False)  # how many times as long as they did requests take
    _changed_at: float = field(default=-inf, init=False)
    _calm_until: float = field(default=-inf, init=False)
    _begin: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._begin = self.number

    def answered(self, kind: str, seconds: float, now: float) -> None:
        """Take in how long an answer took."""
        self._answers += 1
        usual = self._usual.setdefault(kind, _Usual())
        self._slower += _WEIGHT * (usual.take(seconds) - self._slower)
        lowest = self._lowest.setdefault(kind, _Lowest(now)).take(seconds, now)
        weight = max(_WEIGHT, 1 / self._answers)
        self.takes_s += weight * (seconds - self.takes_s)
        self._least_s += weight * (lowest - self._least_s)

    @property
    def is_slow(self) -> bool:
        """Whether requests of late take more than twice as long as they did, each kind for itself."""
        return self._slower > SLOW

    def most_at(self, per_second: float) -> int:
        """Return the most that come to be in flight at a rate, where answers take no longer than a second."""
        return min(self.most, max(self._begin, ceil(_ROOM * per_second) + _MORE))

    def missing(self, per_second: float) -> int:
        """Return how many in flight would use a rate that cannot be used with the most there may be; else 0."""
        is_cap = self._begin < self.number == self.most
        if not is_cap or self.takes_s > SLOW * self._least_s or per_second * self._least_s <= self.most:
            return 0
        return self._due(per_second)

    def _due(self, per_second: float) -> int:
        return ceil(_ROOM * per_second * self._least_s) + _MORE

    def wanted(self, per_second: float, now: float) -> int:
        """Return the number for a rate."""
        if self.most <= self._begin or self._answers < FIRST or now - self._changed_at < STEP_S:
            return self.number
        before = self.number
        if self.takes_s > SLOW * self._least_s:
            self.number = max(min(FEWEST, before), int(before * FEWER))
            self._calm_until = now + CALM_S
        else:
            due = min(self.most, max(self._begin, self._due(per_second)))
            grown = min(due, 2 * before) if now >= self._calm_until else before
            self.number = min(due, grown)
        if self.number != before:
            self._changed_at = now
        return self.number
