"""The few requests that go out before an engine's permits are there: not too soon, and not past a 429."""

from bulkscim.model.clock import Clock
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.hints import retry_after
from bulkscim.transport.base import Transport

TRIES = 4
TOO_MANY = 429
PAUSE_S = 1.0  # where a 429 does not say how long


class Patient:
    """A transport that waits for `first_s` before its first request, and sends again what met a 429; `sent` counts."""

    def __init__(self, inner: Transport, clock: Clock, first_s: float = 0.0) -> None:
        self._inner = inner
        self._clock = clock
        self._next_at = clock.monotonic() + first_s
        self.sent = 0

    async def send(self, request: Request) -> Reply:
        """Send one request when its time has come."""
        reply = await self._send(request)
        for _ in range(TRIES - 1):
            if not (isinstance(reply, Response) and reply.status == TOO_MANY):
                break
            asked = retry_after(reply)
            self._next_at = self._clock.monotonic() + (PAUSE_S if asked is None else asked)
            reply = await self._send(request)
        return reply

    async def _send(self, request: Request) -> Reply:
        wait = self._next_at - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        self.sent += 1
        return await self._inner.send(request)
