"""The way to the tenant under one of its limits: open or closed, and how fast."""

from dataclasses import replace
from math import inf

from aiolimiter import AsyncLimiter

from bulkscim.model.clock import Clock
from bulkscim.model.request import Request
from bulkscim.pacing.known_limit import KnownLimit, Source
from bulkscim.pacing.learned_pace import LearnedPace
from bulkscim.pacing.rate import Rate, burst_of, pace, rate_of
from bulkscim.providers.profile import Bucket


class Gate:
    """One limit, as the tenant's answers show it; `limiter` spaces the requests. `is_stated`: the tenant says that it is so."""

    def __init__(self, bucket: Bucket, clock: Clock, *, is_stated: bool = False) -> None:
        self.bucket = bucket
        self._is_stated = is_stated
        self._clock = clock
        self._rate = rate_of(bucket)
        self.pace = LearnedPace(
            self._rate.per_second,
            self._rate.window_s,
            bucket.quiet_s,
            clock.monotonic(),
            bucket.most,
        )
        self._at_once = burst_of(bucket)
        self._known: KnownLimit | None = None  # from before
        self._more: float | None = (
            None  # requests a second that the tenant states, and that are not permitted
        )
        self._closed_until = -inf
        self._alone = False  # the next request tries whether the way is open
        self.limiter = self._limiter()

    def _limiter(self) -> AsyncLimiter:
        bucket_pace = pace(self._rate, self.pace.share, self._at_once)
        return AsyncLimiter(bucket_pace.burst, bucket_pace.period_s)

    @property
    def per_second(self) -> float:
        """How many requests a second the limit allows now."""
        return self.pace.share * self._rate.per_second

    @property
    def whole_per_second(self) -> float:
        """The same of the whole limit, where only a share of it is used."""
        return self.pace.share * self.bucket.limit / self.bucket.window_s

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace."""
        return 1 / pace(self._rate, self.pace.share).per_second

    @property
    def timed(self) -> Bucket:
        """The limit by which times are told: without its burst after a 429."""
        return self.bucket if self._at_once > 1 else replace(self.bucket, burst=1)

    @property
    def closed_s(self) -> float:
        """For how many seconds it is still closed; 0 or less when it is open."""
        return self._closed_until - self._clock.monotonic()

    def begin_with(self, known: KnownLimit) -> None:
        """Begin with what is known of the limit from before; where a share of it is used, nothing above that is tried."""
        self._known, share = known, self.bucket.share
        if share < 1.0:
            known = known.shared(share)
            if self._known.is_limit:
                self.pace.top = min(self.pace.top, known.per_second / self._rate.per_second)
        self.pace.begin_with(known)
        if self.pace.share < 1.0:
            self._at_once = 1
        self.limiter = self._limiter()

    def found(self) -> KnownLimit | None:
        """Return what is known of the limit now, None where that is no more than was assumed, or was known before."""
        found, bucket, known = self.pace.found(), self.bucket, self._known
        if self._is_stated:
            found = KnownLimit(bucket.limit / bucket.window_s, source=Source.HEADER)
        elif self._more is not None and not self.pace.was_throttled:
            found = KnownLimit(self._more, source=Source.HEADER)
        elif bucket.share < 1.0 and known and found and not self.pace.was_throttled:
            found = found if found.per_second > known.per_second else None
        if found is None:
            return None
        return replace(
            found, methods=tuple(sorted(bucket.methods)), prefix=bucket.prefix, body_over=bucket.body_over
        )

    def states(self, rate: Rate) -> None:
        """Take in that the tenant states a limit above what is permitted; of several the lowest."""
        self._more = min(self._more or inf, rate.per_second)

    def counts(self, request: Request) -> bool:
        """Return whether a request counts under this limit."""
        return self.bucket.matches(request.method, request.path, len(request.body or b""))

    def close(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def leaves(self, answered_in_s: float) -> None:
        """Take in that a request leaves: after a 429 that did not say how long to wait, the others let it go ahead."""
        if self._alone:
            self._alone = False
            self.close(answered_in_s)

    def throttled(self, left_at: float, asked_s: float | None) -> None:
        """Take in a 429 to a request that left then, and that asks to wait so long, None where it does not say."""
        wait_s = self.pace.unasked_s(left_at) if asked_s is None else asked_s
        self._alone = self._alone or asked_s is None
        if self.pace.throttled(left_at, self._clock.monotonic(), wait_s) or self._at_once > 1:
            self._at_once = 1  # what came at once may have been too much
            self.limiter = self._limiter()
        self.close(wait_s)

    def passed(self, left_at: float, *, is_slow: bool) -> None:
        """Take in an answer that does not throttle, to a request that left then; `is_slow`: answers take much longer than before."""
        if self.pace.passed(left_at, self._clock.monotonic(), may_grow=not is_slow):
            self.limiter = self._limiter()
