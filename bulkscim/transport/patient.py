"""The few requests that go out before an engine's permits are there: not too soon, and not past a 429."""

from collections.abc import Callable

from bulkscim.model.clock import Clock
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.hints import retry_after
from bulkscim.transport.base import Transport

TRIES = 4
TOO_MANY = 429
PAUSE_S = 1.0  # where a 429 does not say how long
WORTH_SAYING_S = 2.0


def nobody(text: str) -> None:
    """Tell nobody."""
    del text


class Patient:
    """A transport that waits for `first_s` before its first request, and sends again what met a 429.

    `sent` counts; `say` is told of a wait that people would notice.
    """

    def __init__(
        self, inner: Transport, clock: Clock, first_s: float = 0.0, say: Callable[[str], None] = nobody
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._say = say
        self._why = "for what the run's last process may have sent"
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
            self._why = "as the tenant asks (429)"
            reply = await self._send(request)
        return reply

    async def _send(self, request: Request) -> Reply:
        wait = self._next_at - self._clock.monotonic()
        if wait >= WORTH_SAYING_S:
            self._say(f"waiting {wait:.0f} s, {self._why}")
        if wait > 0:
            await self._clock.sleep(wait)
        self.sent += 1
        return await self._inner.send(request)
