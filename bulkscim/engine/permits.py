"""Send requests as fast as the tenant allows, and no faster: every request takes a permit first."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import ceil, inf

import anyio

from bulkscim.engine.gate import Gate
from bulkscim.engine.holding import Holding
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.turns import Turns
from bulkscim.model.clock import Clock
from bulkscim.model.progress import UNLIMITED
from bulkscim.model.request import Reply, Request, Response, Sort
from bulkscim.pacing.arrivals import Arrivals, Places, Window
from bulkscim.pacing.concurrency import Concurrency
from bulkscim.pacing.hints import asked_wait, retry_after, stated_rate
from bulkscim.pacing.known_limit import KnownLimit
from bulkscim.pacing.rate import Rate, rate_of
from bulkscim.pacing.retry import throttles
from bulkscim.pacing.time_left import Limits, allowed, slowest, worth
from bulkscim.pacing.waiting import LIMIT, Quiet
from bulkscim.providers.profile import NO_LIMIT, Bucket
from bulkscim.transport.base import Transport

SERVER_ERROR = 500
MANY = 10_000  # workers
_FOR_ONE = 0.25  # of the workers may wait for one of several limits
_REQUESTS, _AHEAD_S, _MORE = (
    4,
    2.0,
    1,
)  # of a row in a worker's hands: its requests, and the seconds that it may wait


class Permits:
    """The tenant's limits, shared by all workers: a request waits for each that counts it.

    Those whose before-image is read already go first, so that it is no older than it must be. A 429 closes and slows
    the narrowest limit that counts the request, for all workers; what only others count goes on.

    A permit spaces the requests; `arrivals` counts what may have reached the tenant, before these workers began too.
    `answered_here`: whether a request never leaves, as most writes of a dry run, so that it needs no permit. While
    `holding` holds, none is given.
    """

    def __init__(
        self,
        buckets: Sequence[Bucket],
        clock: Clock,
        stopping: Stopping,
        arrivals: Arrivals | None = None,
        answered_here: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self.answered_here = answered_here
        self.arrivals = arrivals or Arrivals(buckets)
        self._clock = clock
        self._stopping = stopping
        self.holding = Holding(stopping)
        self.concurrency = Concurrency(1, 1)  # until the run says how many
        self._stated: set[Bucket] = set()
        self.gates = self._gates(buckets)
        self._of_kind: dict[
            tuple[str, str], tuple[Gate, ...]
        ] = {}  # of the few methods and paths of collections
        self._limits = 0  # how often they were replaced
        self._waits: dict[anyio.CancelScope, None] = {}  # for limits that may be replaced, in order
        self._unlimited = (Gate(NO_LIMIT, clock),)
        self._turns: defaultdict[tuple[Gate, ...], Turns] = defaultdict(Turns)
        self._leaving: defaultdict[tuple[Window, ...], anyio.Lock] = defaultdict(anyio.Lock)
        self._unanswered: dict[object, float] = {}  # when they left, in order
        self._left_at = clock.monotonic()
        self._asking = 0  # requests that wait for a permit
        self._ended: anyio.Event | None = None  # of the next request; there while one waits for it

    def _gates(self, buckets: Iterable[Bucket]) -> list[Gate]:
        """Return the gates of limits, the narrowest first."""
        narrowest_first = sorted(buckets, key=Bucket.width)
        return [Gate(bucket, self._clock, is_stated=bucket in self._stated) for bucket in narrowest_first]

    def _counting(self, request: Request) -> tuple[Gate, ...]:
        """Return the gates of a request, the narrowest limit first."""
        return tuple([gate for gate in self.gates if gate.counts(request)]) or self._unlimited

    def _counting_kind(self, method: str, path: str) -> tuple[Gate, ...]:
        """Return the gates of requests to a collection; they are asked for far more often than requests are sent."""
        found = self._of_kind.get((method, path))
        if found is None:
            found = self._of_kind[method, path] = self._counting(Request(method, path))
        return found

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace, under the slowest limit."""
        return max((gate.interval_s for gate in self.gates), default=0.0)

    def interval_of(self, method: str, path: str) -> float:
        """Return the same for requests of one kind, under the slowest of the limits that count them."""
        return max([gate.interval_s for gate in self._counting_kind(method, path)])

    async def obtain(
        self, request: Request, *, urgent: bool = False, outdated: Callable[[], bool] = lambda: False
    ) -> bool | None:
        """Wait until the request may go; False when the run is to stop instead, None where it is `outdated` when its turn comes.

        What is outdated takes no permit, so that the next one goes in its place.
        """
        if self.answered_here(request):
            return not self._stopping.requested
        self._asking += 1
        try:
            passed = False
            while not (passed or self._stopping.requested):
                gates, limits = self._counting(request), self._limits
                async with self._turns[gates].taken(urgent=urgent):
                    if outdated():
                        return None
                    passed = limits == self._limits and await self._passed(gates)
        finally:
            self._asking -= 1
        return not self._stopping.requested

    async def _passed(self, gates: Sequence[Gate]) -> bool:
        """Wait until gates let a request through; False where the run is to stop, or the limits were replaced."""
        limits = self._limits
        if not await self._opened(gates):
            return False
        for gate in gates:
            if gate.limiter.has_capacity():
                await gate.limiter.acquire()
            else:
                await self._unless_replaced(partial(self._stopping.unless_stopped, gate.limiter.acquire))
        return limits == self._limits and await self.holding.over()

    async def _unless_replaced(self, wait: Callable[[], Awaitable[object]]) -> None:
        """Wait for something, or until the limits are replaced."""
        with anyio.CancelScope() as scope:
            self._waits[scope] = None
            try:
                await wait()
            finally:
                del self._waits[scope]

    def begin_with(self, limits: Iterable[KnownLimit]) -> None:
        """Begin with what is known of the limits from before."""
        known = tuple(limits)
        for gate in self.gates:
            for one in known:
                if one.is_of(gate.bucket):
                    gate.begin_with(one)

    def found(self) -> tuple[KnownLimit, ...]:
        """Return what is known of the limits now, beyond what was assumed."""
        return tuple(one for gate in self.gates if (one := gate.found()) is not None)

    def replace(self, buckets: Sequence[Bucket]) -> None:
        """Keep to other limits from now on: what was sent before counts under them, and a wait that was asked for holds."""
        before, closed_s = [gate.bucket for gate in self.gates], self.closed_s
        self.arrivals = self.arrivals.under(buckets, before, len(self._unanswered), self._clock.monotonic())
        self.gates = self._gates(buckets)
        self._unlimited = (Gate(NO_LIMIT, self._clock),)
        self._of_kind.clear()
        for gate in (*self.gates, *self._unlimited):
            gate.close(closed_s)
        self._limits += 1
        for scope in tuple(self._waits):
            scope.cancel()

    async def send(self, request: Request, transport: Transport) -> Reply | None:
        """Send a request that has its permit, when it may leave; None when the run is to stop instead.

        Between the two its start was written, which may have taken long: others' permits came meanwhile, or a 429.
        """
        here = self.answered_here(request)
        limits = ((), ()) if here else await self._may_leave(request)
        if limits is None or self._stopping.requested:
            return None
        gates, windows = limits
        left_at = self._clock.monotonic()
        for gate in gates:
            gate.leaves(self.concurrency.takes_s)
        sending = self.arrivals.leaves(windows, left_at)
        reply: Reply | None = None
        one = object()
        if not here:
            self._unanswered[one] = self._left_at = left_at
        try:
            reply = await transport.send(request)
        finally:
            self._unanswered.pop(one, None)
            answered, now = isinstance(reply, Response), self._clock.monotonic()
            self.arrivals.ended(sending, now, answered=answered)
            if answered and not here:
                self.concurrency.answered(_kind(request), now - left_at, now)
            if self._ended is not None:
                self._ended.set()
                self._ended = None
        if isinstance(reply, Response):
            self._learn(reply, left_at, gates)
        return reply

    async def _may_leave(self, request: Request) -> "tuple[tuple[Gate, ...], tuple[Window, ...]] | None":
        """Wait for the gates and for a place under each limit, and return them; None when the run is to stop instead.

        Those that count under the same limits wait behind one another: all at once would wake up for each place.
        """
        while not self._stopping.requested:
            gates, windows = self._counting(request), self.arrivals.windows(request)
            turn, limits = self._leaving[windows], self._limits
            if not turn.locked() and self._is_free(gates, windows):
                return gates, windows
            async with turn:
                while limits == self._limits and await self._opened(gates):
                    if self._is_free(gates, windows):
                        return gates, windows
                    await self._pause(self.arrivals.wait(windows, self._clock.monotonic()))
        return None

    def _is_free(self, gates: Iterable[Gate], windows: tuple[Window, ...]) -> bool:
        is_open = all(gate.closed_s <= 0 for gate in gates)
        return is_open and self.arrivals.wait(windows, self._clock.monotonic()) <= 0

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or for the next end of a request where that time is not known."""
        if seconds < inf:
            await self._unless_replaced(partial(self._stopping.pause, seconds, LIMIT))
        else:
            self._ended = self._ended or anyio.Event()
            await self._stopping.unless_stopped(self._ended.wait)

    async def _opened(self, gates: Sequence[Gate]) -> bool:
        """Wait while one of the gates is closed; False when the run is to stop instead."""
        while gates and (wait := max(gate.closed_s for gate in gates)) > 0:
            if not await self._stopping.pause(wait):
                return False
        return not self._stopping.requested

    def _learn(self, reply: Response, left_at: float, gates: Sequence[Gate]) -> None:
        """Learn from an answer at which pace to go on."""
        asked = asked_wait(reply)
        if len(gates) == 1:  # of several it is not known which is meant
            self._heed(gates[0].bucket, stated_rate(reply))
        is_busy = reply.status >= SERVER_ERROR and asked is not None
        if gates and (is_busy or throttles(reply)):
            gates[0].throttled(left_at, asked)
        else:
            for gate in gates:
                gate.passed(left_at, is_slow=self.concurrency.is_slow)
                gate.close(retry_after(reply) or 0.0)

    def _heed(self, bucket: Bucket, stated: Rate | None) -> None:
        """Keep to a limit that an answer states, where it is below what was permitted before; one above is known at least."""
        gate = next((gate for gate in self.gates if gate.bucket == bucket), None)
        if stated is None or gate is None:
            return
        if bucket.share * stated.per_second >= bucket.most * rate_of(bucket).per_second:
            gate.states(stated)
            return
        limit = replace(bucket, limit=stated.limit, window_s=stated.window_s, most=1.0, assumed=False)
        self._stated.add(limit)
        self.replace([limit if gate.bucket == bucket else gate.bucket for gate in self.gates])

    def workers(self) -> int:
        """Return how many requests may be in flight for the fastest of the limits."""
        return self.concurrency.wanted(self._fastest, self._clock.monotonic())

    @property
    def _fastest(self) -> float:
        return max((gate.per_second for gate in self.gates), default=UNLIMITED)

    def held_back(self) -> str:
        """Say that the most in flight keeps a rate from being used, and which flag lifts that; empty where it does not."""
        missing, most = self.concurrency.missing(self._fastest), self.concurrency.most
        if not missing or self._fastest >= UNLIMITED:
            return ""
        takes_s = self.concurrency.takes_s
        return (
            f"at most {most} requests are in flight, and the tenant takes {takes_s:.1f} s for each: about {most / takes_s:.0f}/s "
            f"of the {self._fastest:.0f}/s that the limit allows are sent; --concurrency {missing} of run and resume uses it"
        )

    def room(self, method: str, path: str) -> int:
        """Return how many workers may work for requests of one kind, so that some are left for those of other limits.

        They are enough to use the limits of these: reads come before a write, and each takes its time. Where workers are few,
        they are no more than that: rows that come later in the file go under other limits.
        """
        gates = self._counting_kind(method, path)
        if all(gate in gates for gate in self.gates):
            return MANY
        per_second = min(gate.per_second for gate in gates)
        least = _MORE + per_second * _REQUESTS * self.concurrency.takes_s
        workers, enough = self.workers(), least + per_second * _AHEAD_S
        if enough >= MANY:
            return MANY
        return max(1, min(ceil(enough), max(ceil(least), int(workers * _FOR_ONE)), workers - 1))

    @property
    def allowed_per_second(self) -> float:
        """How many requests a second the limits allow now."""
        return min((gate.per_second for gate in self.gates), default=UNLIMITED)

    @property
    def share(self) -> tuple[float, float]:
        """Of how many requests a second which share is used now, under the slowest limit."""
        slowest = min(self.gates, key=lambda gate: gate.per_second, default=None)
        return (UNLIMITED, 1.0) if slowest is None else (slowest.whole_per_second, slowest.bucket.share)

    @property
    def closed_s(self) -> float:
        """For how long the tenant lets nothing through that some limit counts."""
        return max((0.0, *(gate.closed_s for gate in self.gates)))

    def limits(self, left: Mapping[Sort, float]) -> Limits:
        """Return what limits requests of some sorts now."""
        rates, per_second = self._rates, allowed(left, self._rates)
        if all(bucket.burst == 1 for bucket, _ in rates):
            return Limits(per_second, sum(left.values()) / per_second, max(self.closed_s, self._full_s))
        return Limits(per_second, slowest(left, rates, self._places)[1], self.closed_s)

    def _places(self, bucket: Bucket) -> Places:
        return self.arrivals.places(bucket, self._clock.monotonic())

    @property
    def _full_s(self) -> float:
        """For how long all places are taken under the limits of each request that may go otherwise."""
        waits = [left for why, left in self._stopping.pauses(self._clock.monotonic()) if why == LIMIT]
        return max(0.0, min(waits, default=0.0))

    def worth(self, sent: Mapping[Sort, float], per_second: float) -> float:
        """Return how many requests at a pace take the limits as long as those that were sent."""
        return worth(sent, self._rates, per_second)

    @property
    def _rates(self) -> list[tuple[Bucket, float]]:
        return [(gate.timed, 1 / gate.interval_s) for gate in self.gates]

    def quiet(self) -> Quiet:
        """Return what is known while no request leaves."""
        now = self._clock.monotonic()
        oldest = next(iter(self._unanswered.values()), None)
        return Quiet(
            idle_s=now - self._left_at,
            closed_s=self.closed_s,
            asked_s=None if oldest is None else now - oldest,
            next_s=max(0.0, self._left_at + self.interval_s - now) if self._asking else None,
            pauses=self._stopping.pauses(now),
            held=None if (held := self.holding.first) is None else held.why,
        )


def _kind(request: Request) -> str:
    """Return what requests have in common that take about as long."""
    path, question, _ = request.path.partition("?")
    return f"{request.method} {path.split('/')[1]}{question}"
