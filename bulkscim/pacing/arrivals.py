"""Count requests where a limit counts them: at the server, where they arrive some time after they were sent.

A round trip is a way there and a way back. Only their sum is seen, but each is at least as long as its shortest. So
a request that is answered arrived a shortest way back before its answer or earlier, and a request that is sent at
some moment arrives a shortest way there after it or later. `RoundTrips.least` estimates the sum of the two.

Rule 1: a request takes its place under a limit when it is sent.
Rule 2: it keeps the place for the window and for as long as its round trip exceeded the least. Then whatever is sent
        next arrives a whole window after it, whichever ways the two took.
Rule 3: a request without an answer yet counts as one with the longest of the latest round trips, or of its age if
        that is more; one whose answer is given up may have arrived until then.
Rule 4: while few answers were seen, the least is 0 and the longest has no end.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil, inf

from bulkscim.model.request import Request
from bulkscim.pacing.rate import COUNTED_UP_TO, burst_of, pace, rate_of
from bulkscim.providers.profile import Bucket

_RECENT = 500  # round trips
_FEW = 40
_LOW = 20  # the place, among the shortest, whose distance from the shortest tells how well that is known
_CAUTION = 2.0  # of these distances, by which a round trip may yet be shorter than any seen
_DRIFT = 0.001  # of a window, by which a server's clock may run slow


class RoundTrips:
    """The latest round trips to a server, in seconds."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []
        self.least = 0.0
        self.longest = inf

    def add(self, seconds: float) -> None:
        """Take in one more."""
        self._latest.append(seconds)
        insort(self._sorted, seconds)
        if len(self._latest) > _RECENT:
            del self._sorted[bisect_left(self._sorted, self._latest.popleft())]
        if len(self._latest) >= _FEW:
            shortest = self._sorted[0]
            self.least = max(0.0, shortest - _CAUTION * (self._sorted[_LOW - 1] - shortest))
            self.longest = self._sorted[-1]


@dataclass(slots=True)
class Sending:
    """A request that was sent; when its answer came, or when none was waited for any longer."""

    sent_at: float
    ended_at: float = inf
    answered: bool = False

    def may_arrive_after(self, now: float, trips: RoundTrips) -> float:
        """Return by how many seconds it may be slower to arrive than a request that was as fast as can be."""
        if self.answered:
            return max(0.0, self.ended_at - self.sent_at - trips.least)
        if self.ended_at < inf:
            return self.ended_at - self.sent_at
        return max(trips.longest, now - self.sent_at) - trips.least


@dataclass(frozen=True, slots=True)
class Places:
    """How many requests may go at once under a limit, and in how many seconds the first place is free that is taken now."""

    free: int
    next_s: float


class Window:
    """The places under one limit that are taken."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s * (1 + _DRIFT)
        self._taken: deque[Sending] = deque()
        self._overdue: list[Sending] = []  # sent a window ago, and not proved to have arrived so long ago

    def wait(self, now: float, trips: RoundTrips) -> float:
        """Return the seconds after which to ask again, 0 where a place is free; inf: after the next answer."""
        while self._taken and self._taken[0].sent_at + self._window_s <= now:
            self._overdue.append(self._taken.popleft())
        if not self._overdue and len(self._taken) < self._limit:
            return 0.0
        free_at = [one.sent_at + self._window_s + one.may_arrive_after(now, trips) for one in self._overdue]
        self._overdue = [one for one, moment in zip(self._overdue, free_at, strict=True) if moment > now]
        needed = len(self._taken) + len(self._overdue) - self._limit + 1
        if needed <= 0:
            return 0.0
        soonest = [one.sent_at + self._window_s for one in islice(self._taken, needed)]
        return sorted([*soonest, *(moment for moment in free_at if moment > now)])[needed - 1] - now

    def places(self, now: float, trips: RoundTrips) -> Places:
        """Return the places that are free now, and when there is another one."""
        wait_s = self.wait(now, trips)
        free = self._limit - len(self._taken) - len(self._overdue)
        if wait_s > 0 or not self._taken:
            return Places(max(0, free), wait_s or self._window_s)
        return Places(free, self._taken[0].sent_at + self._window_s - now)

    def take(self, sending: Sending) -> None:
        """Take a place; those that take one come in the order of their sending."""
        self._taken.append(sending)

    def fill(self, ended_at: float, bunch: int, interval_s: float = inf) -> None:
        """Take the places of requests that came one an interval, and then a bunch of them at once."""
        spaced = min(self._limit - bunch, int(self._window_s / interval_s))
        moments = [ended_at - number * interval_s for number in range(spaced, 0, -1)] + [ended_at] * bunch
        self._taken.extend(Sending(moment, moment, answered=True) for moment in moments)


class Arrivals:
    """What counts under a tenant's limits: what this process sent, and what the one before it may have sent.

    `follows`: whether there was one before it.
    """

    def __init__(self, buckets: Iterable[Bucket]) -> None:
        self.follows = False
        limits = [(bucket, rate_of(bucket)) for bucket in buckets]
        self._windows = [
            (bucket, Window(int(rate.limit * bucket.most), rate.window_s))
            for bucket, rate in limits
            if rate.limit * bucket.most <= COUNTED_UP_TO
        ]
        self._trips = RoundTrips()

    def under(
        self, buckets: Sequence[Bucket], before: Sequence[Bucket], unanswered: int, now: float
    ) -> "Arrivals":
        """Return what counts under limits that stand in for those before; so many requests have no answer yet."""
        made = Arrivals(buckets)
        made.follow(now, unanswered, before)
        made._trips = self._trips
        return made

    def follow(self, ended_at: float, bunch: int, buckets: Sequence[Bucket]) -> None:
        """Count what a process may have sent that ended then and kept to these limits.

        `bunch` is how many of its requests may have arrived closer together than its pace let them go.
        """
        self.follows = True
        paces = {bucket: pace(rate_of(bucket), at_once=burst_of(bucket)) for bucket in buckets}
        for bucket, window in self._windows if paces else ():
            fastest = max(paces.values(), key=lambda one: one.per_second)
            kept = paces.get(bucket, fastest)
            window.fill(ended_at, bunch + 2 * ceil(kept.burst), 1 / kept.per_second)

    def count(self, requests: int, now: float) -> None:
        """Count requests of which nothing is known but that they were sent just before."""
        for _, window in self._windows:
            window.fill(now, requests)

    def windows(self, request: Request) -> tuple[Window, ...]:
        """Return the windows that a request counts in."""
        size = len(request.body or b"")
        return tuple(
            window for bucket, window in self._windows if bucket.matches(request.method, request.path, size)
        )

    def wait(self, windows: Sequence[Window], now: float) -> float:
        """Return the seconds after which to ask again, 0 where a request may leave; inf: after the next answer."""
        return max((window.wait(now, self._trips) for window in windows), default=0.0)

    def places(self, bucket: Bucket, now: float) -> Places:
        """Return the places that are free under a limit; as many as it has where they are not counted."""
        for counted, window in self._windows:
            if counted == bucket:
                return window.places(now, self._trips)
        return Places(rate_of(bucket).limit, bucket.window_s)

    def leaves(self, windows: Sequence[Window], now: float) -> Sending:
        """Count a request that leaves."""
        sending = Sending(now)
        for window in windows:
            window.take(sending)
        return sending

    def ended(self, sending: Sending, now: float, *, answered: bool) -> None:
        """Note that a request was answered, or is not waited for any longer."""
        sending.ended_at, sending.answered = now, answered
        if answered:
            self._trips.add(now - sending.sent_at)
