"""Reads that are worth asking again are asked again, below the journal: nothing but GETs passes here twice."""

from collections.abc import Awaitable, Callable

from bulkscim.model.clock import Clock
from bulkscim.model.request import Reply, Request, Response
from bulkscim.pacing.hints import asked_wait
from bulkscim.pacing.retry import ReadVerdict, backoff, is_waited_out, judge_read
from bulkscim.transport.base import Transport

ATTEMPTS = 6


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
