"""Send requests as fast as the tenant allows, and no faster: every request takes a permit first."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from math import inf

import anyio
from aiolimiter import AsyncLimiter

from bulkscim.engine.stopping import Stopping
from bulkscim.model.clock import Clock
from bulkscim.model.events import Watcher
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.arrivals import Arrivals, Window
from bulkscim.pacing.rate import BucketPace, Rate, faster, pace, slower
from bulkscim.providers.profile import Bucket
from bulkscim.transport.base import Transport

WORTH_SAYING_S = 2.0


class Permits:
    """The tenant's buckets, shared by all workers.

    Those whose before-image is read already go first, so that it is no older than it must be. A 429 closes
    the gate for all until Retry-After has passed, and halves the rate; it recovers a little at a time.

    A permit spaces the requests; `arrivals` counts what may have reached the tenant, before these workers began too.
    `answered_here`: whether a request never leaves, as most writes of a dry run, so that it needs no permit.
    """

    def __init__(
        self,
        buckets: Sequence[Bucket],
        clock: Clock,
        stopping: Stopping,
        watcher: Watcher,
        arrivals: Arrivals | None = None,
        answered_here: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._answered_here = answered_here
        self._buckets = buckets
        self._arrivals = arrivals or Arrivals(buckets)
        self._clock = clock
        self._stopping = stopping
        self._watcher = watcher
        self._quiet_s = max((bucket.quiet_s for bucket in buckets), default=0.0)
        self._share = 1.0
        self._changed_at = clock.monotonic()
        self._limiters = self._made()
        self._closed_until = 0.0
        self._leaving: defaultdict[tuple[Window, ...], anyio.Lock] = defaultdict(anyio.Lock)
        self._ended: anyio.Event | None = None  # of the next request; there while one waits for it
        self._queue: list[tuple[bool, int, anyio.Event]] = []
        self._asked = 0
        self._taken = False

    def _made(self) -> list[tuple[Bucket, AsyncLimiter]]:
        paces = [(bucket, self._pace(bucket)) for bucket in self._buckets]
        return [(bucket, AsyncLimiter(one.burst, one.period_s)) for bucket, one in paces]

    def _pace(self, bucket: Bucket) -> BucketPace:
        return pace(Rate(bucket.limit, bucket.window_s), self._share)

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace."""
        return max((1 / self._pace(bucket).per_second for bucket in self._buckets), default=0.0)

    async def obtain(self, request: Request, *, urgent: bool = False) -> bool:
        """Wait until the request may go; False when the run is to stop instead."""
        if self._answered_here(request):
            return not self._stopping.requested
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

    async def send(self, request: Request, transport: Transport) -> Reply | None:
        """Send a request that has its permit, when it may leave; None when the run is to stop instead.

        Between the two its start was written, which may have taken long: others' permits came meanwhile, or a 429.
        """
        windows = () if self._answered_here(request) else self._arrivals.windows(request)
        if not await self._may_leave(windows):
            return None
        if not windows:
            return await transport.send(request)
        sending = self._arrivals.leaves(windows, self._clock.monotonic())
        reply: Reply | None = None
        try:
            reply = await transport.send(request)
        finally:
            answered = isinstance(reply, Response)
            self._arrivals.ended(sending, self._clock.monotonic(), answered=answered)
            if self._ended is not None:
                self._ended.set()
                self._ended = None
        return reply

    async def _may_leave(self, windows: tuple[Window, ...]) -> bool:
        """Wait for the gate and for a place under each limit; False when the run is to stop instead.

        Those that count under the same limits wait behind one another: all at once would wake up for each place.
        """
        turn = self._leaving[windows]
        if not turn.locked() and self._is_free(windows):
            return not self._stopping.requested
        async with turn:
            while await self._opened() and not self._is_free(windows):
                await self._pause(self._arrivals.wait(windows, self._clock.monotonic()))
        return not self._stopping.requested

    def _is_free(self, windows: tuple[Window, ...]) -> bool:
        now = self._clock.monotonic()
        return now >= self._closed_until and self._arrivals.wait(windows, now) <= 0

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or for the next end of a request where that time is not known."""
        if seconds < inf:
            await self._stopping.pause(seconds)
        else:
            self._ended = self._ended or anyio.Event()
            await self._stopping.unless_stopped(self._ended.wait)

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

    def answered(self, retry_after: float = 0.0) -> None:
        """Take in an answer that does not throttle; the gate closes where it asks for a wait all the same."""
        self._close(retry_after)
        now = self._clock.monotonic()
        if self._share < 1.0 and now - self._changed_at >= self._quiet_s:
            self._share = faster(self._share)
            self._renew(now)

    def _renew(self, now: float) -> None:
        self._changed_at = now
        self._limiters = self._made()
