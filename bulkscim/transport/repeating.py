"""Send requests again below the journal: reads that are worth asking again, and the few requests before an engine's permits.

A write is never sent twice here, except where the tenant has throttled it and so has done nothing.
"""

from collections.abc import Awaitable, Callable

from bulkscim.model.clock import Clock
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.arrivals import Arrivals
from bulkscim.pacing.hints import asked_wait
from bulkscim.pacing.retry import ReadVerdict, backoff, is_waited_out, judge_read, throttles
from bulkscim.transport.base import Transport

ATTEMPTS = 6
TRIES = 4
LOOKS = 3  # requests that look at a tenant, which may follow one another at once
PAUSE_S = 1.0  # where an answer that throttles does not say how long
WORTH_SAYING_S = 2.0


class Repeating:
    """A transport for reads. `pause` waits so many seconds, or returns False at once when the run is to stop."""

    def __init__(
        self,
        inner: Transport,
        clock: Clock,
        random: Callable[[], float],
        pause: Callable[[float], Awaitable[bool]] | None = None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._random = random
        self._pause = pause

    async def send(self, request: Request) -> Reply:
        """Send a GET until its answer is worth something or the attempts are spent; anything else once."""
        reply = await self._inner.send(request)
        if request.method != "GET":
            return reply
        waited = False
        for attempt in range(1, ATTEMPTS):
            if not worth_another(reply, attempt, waited=waited) or not await self._wait(reply, attempt):
                break
            waited = waited or is_waited_out(reply)
            reply = await self._inner.send(request)
        return reply

    async def _wait(self, reply: Reply, attempt: int) -> bool:
        """Wait as the tenant asks, else a little longer each time."""
        asked = asked_wait(reply) if isinstance(reply, Response) else None
        seconds = backoff(attempt, self._random) if asked is None else asked
        if self._pause is not None:
            return await self._pause(seconds)
        await self._clock.sleep(seconds)
        return True


def worth_another(reply: Reply, attempt: int, *, waited: bool = False) -> bool:
    """Return whether asking again may bring a better answer; a 401, and a 403 that throttles, are asked again once.

    `waited`: that was done for a 403.
    """
    verdict = judge_read(reply, waited=waited)
    return verdict is ReadVerdict.AGAIN or (verdict is ReadVerdict.UNAUTHORIZED and attempt == 1)


def say_nothing(text: str) -> None:
    """Say nothing."""
    del text


class Patient:
    """A transport that waits for places under the tenant's limits, and repeats a request that was throttled.

    The first request waits for `first_s` at least, one after the first few for `interval_s` since the one before it.
    `arrivals` counts them, for what is sent later. `say` gets a message for a wait that a user would notice.
    """

    def __init__(
        self,
        inner: Transport,
        clock: Clock,
        arrivals: Arrivals,
        *,
        first_s: float = 0.0,
        interval_s: float = 0.0,
        say: Callable[[str], None] = say_nothing,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._say = say
        self._why = "because of requests that the run's last process may have sent"
        self._interval_s = interval_s
        self._next_at = clock.monotonic() + first_s
        self._sent = 0
        self.arrivals = arrivals

    async def send(self, request: Request) -> Reply:
        """Send one request when its time has come."""
        reply = await self._send(request)
        waited = False
        for _ in range(TRIES - 1):
            if not (isinstance(reply, Response) and throttles(reply, waited=waited)):
                break
            waited = waited or is_waited_out(reply)
            asked = asked_wait(reply)
            self._next_at = self._clock.monotonic() + (PAUSE_S if asked is None else asked)
            self._why = f"as the tenant asks ({reply.status})"
            reply = await self._send(request)
        return reply

    async def _send(self, request: Request) -> Reply:
        windows = self.arrivals.windows(request)
        now = self._clock.monotonic()
        wait = max(self._next_at - now, self.arrivals.wait(windows, now))
        if wait >= WORTH_SAYING_S:
            self._say(f"waiting {wait:.0f} s, {self._why}")
        while wait > 0:
            await self._clock.sleep(wait)
            now = self._clock.monotonic()
            wait = max(self._next_at - now, self.arrivals.wait(windows, now))
        self._sent += 1
        if self._sent >= LOOKS:
            self._next_at = now + self._interval_s
        sending = self.arrivals.leaves(windows, now)
        reply = await self._inner.send(request)
        self.arrivals.ended(sending, self._clock.monotonic(), answered=isinstance(reply, Response))
        return reply
