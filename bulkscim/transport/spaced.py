"""The pace of the few requests that go out before an engine's permits do: one by one, as far apart as the limit asks."""

from bulkscim.model.clock import Clock
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.hints import retry_after
from bulkscim.transport.base import Transport

TRIES = 4
TOO_MANY = 429


class Spaced:
    """A transport that waits before each request; before the first for `first_s`."""

    def __init__(self, inner: Transport, clock: Clock, interval_s: float, first_s: float = 0.0) -> None:
        self._inner = inner
        self._clock = clock
        self._interval_s = interval_s
        self._next_at = clock.monotonic() + first_s

    async def send(self, request: Request) -> Reply:
        """Send one request when its time has come; what the tenant would not take for now is sent again."""
        reply = await self._send(request)
        for _ in range(TRIES - 1):
            if not (isinstance(reply, Response) and reply.status == TOO_MANY):
                break
            self._next_at = self._clock.monotonic() + max(retry_after(reply) or 0.0, self._interval_s)
            reply = await self._send(request)
        return reply

    async def _send(self, request: Request) -> Reply:
        wait = self._next_at - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        self._next_at = self._clock.monotonic() + self._interval_s
        return await self._inner.send(request)
