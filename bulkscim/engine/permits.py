"""Let requests go as fast as the tenant allows, and no faster: every request takes a permit first."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import anyio
from aiolimiter import AsyncLimiter

from bulkscim.engine.stopping import Stopping
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.request import Request
from bulkscim.pacing.rate import Pace, Rate, Window, faster, pace, slower
from bulkscim.providers.profile import Bucket

WORTH_SAYING_S = 2.0


class Permits:
    """The tenant's buckets, shared by all workers.

    Those whose before-image is read already go first, so that it is no older than it must be. A 429 closes
    the gate for all until Retry-After has passed, and halves the rate; it recovers a little at a time.
    """

    def __init__(self, buckets: Sequence[Bucket], clock: Clock, stopping: Stopping, watcher: Watcher) -> None:
        self._buckets = buckets
        self._clock = clock
        self._stopping = stopping
        self._watcher = watcher
        self._quiet_s = max((bucket.quiet_s for bucket in buckets), default=0.0)
        self._share = 1.0
        self._changed_at = clock.monotonic()
        self._limiters = self._made()
        self._windows = [(bucket, Window(bucket.limit, bucket.window_s)) for bucket in buckets]
        self._closed_until = 0.0
        self._queue: list[tuple[bool, int, anyio.Event]] = []
        self._asked = 0
        self._taken = False

    def _made(self) -> list[tuple[Bucket, AsyncLimiter]]:
        paces = [(bucket, self._pace(bucket)) for bucket in self._buckets]
        return [(bucket, AsyncLimiter(one.burst, one.period_s)) for bucket, one in paces]

    def _pace(self, bucket: Bucket) -> Pace:
        return pace(Rate(bucket.limit, bucket.window_s), self._share)

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace."""
        return max((1 / self._pace(bucket).per_second for bucket in self._buckets), default=0.0)

    def begin_after(self, requests: int) -> None:
        """Begin as if so many requests had left just now."""
        now = self._clock.monotonic()
        for _, window in self._windows:
            for _ in range(requests):
                window.sent(now)

    async def obtain(self, request: Request, *, urgent: bool = False) -> bool:
        """Wait until the request may go; False when the run is to stop instead."""
        await self._turn(urgent=urgent)
        try:
            if not await self._opened():
                return False
            size = len(request.body or b"")
            for bucket, limiter in self._limiters:
                if bucket.matches(request.method, request.path, size) and not limiter.has_capacity():
                    await self._stopping.unless_stopped(limiter.acquire)
                elif bucket.matches(request.method, request.path, size):
                    await limiter.acquire()
        finally:
            self._pass_turn()
        return not self._stopping.requested

    async def leave(self, request: Request) -> bool:
        """Wait until a request that has its permit may leave; False when the run is to stop instead.

        Between the two its start was written, which may have taken long: others' permits came meanwhile, or a 429.
        """
        size = len(request.body or b"")
        windows = [one for bucket, one in self._windows if bucket.matches(request.method, request.path, size)]
        while await self._opened():
            now = self._clock.monotonic()
            wait = max((window.wait(now) for window in windows), default=0.0)
            if wait <= 0:
                for window in windows:
                    window.sent(now)
                return True
            if not await self._stopping.pause(wait):
                return False
        return False

    async def _turn(self, *, urgent: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        self._asked += 1
        turn = anyio.Event()
        heappush(self._queue, (not urgent, self._asked, turn))
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._pass_turn()
            else:
                self._queue = [entry for entry in self._queue if entry[2] is not turn]
                heapify(self._queue)
            raise

    def _pass_turn(self) -> None:
        if self._queue:
            heappop(self._queue)[2].set()
        else:
            self._taken = False

    async def _opened(self) -> bool:
        """Wait while the gate is closed."""
        told = False
        while (wait := self._closed_until - self._clock.monotonic()) > 0:
            if wait >= WORTH_SAYING_S and not told:
                self._watcher.waiting(f"the tenant asked to wait {wait:.0f} s")
                told = True
            if not await self._stopping.pause(wait):
                return False
        if told:
            self._watcher.waiting(None)
        return not self._stopping.requested

    def _close(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def throttled(self, retry_after: float | None, wait: float) -> None:
        """Take in a 429: close the gate for all, and halve the rate once for all that were under way."""
        now = self._clock.monotonic()
        if now >= self._closed_until:
            self._share = slower(self._share)
            self._renew(now)
        self._close(wait if retry_after is None else retry_after)

    def answered(self) -> None:
        """Take in an answer that was no 429."""
        now = self._clock.monotonic()
        if self._share < 1.0 and now - self._changed_at >= self._quiet_s:
            self._share = faster(self._share)
            self._renew(now)

    def _renew(self, now: float) -> None:
        self._changed_at = now
        self._limiters = self._made()
