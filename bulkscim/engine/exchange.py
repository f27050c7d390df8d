"""Exchange requests with the tenant, each under a permit, and learn from each answer what concerns all of them."""

from dataclasses import dataclass

from bulkscim.engine.hiding import Hiding
from bulkscim.engine.permits import Permits
from bulkscim.engine.pulse import Pulse
from bulkscim.engine.work import Moment, Work
from bulkscim.model.clock import Clock, Dated
from bulkscim.model.events import Watcher
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.model.run import Counters
from bulkscim.pacing.hints import stated_time
from bulkscim.pacing.retry import ReadVerdict, judge_read, throttles
from bulkscim.transport.base import Transport

NOT_SENT = NoAnswer(Loss.NEVER_SENT, "the run is stopping")


@dataclass(slots=True)
class ServerClock:
    """The server's time, as its Date headers have shown it.

    Between answers both clocks of this machine are asked: that on the wall may be set back, the other may stand
    still while the machine sleeps.
    """

    clock: Clock
    last: Dated | None = None
    first: Dated | None = None

    def note(self, reply: Reply) -> None:
        """Take in an answer's Date."""
        stated = stated_time(reply.headers) if isinstance(reply, Response) else None
        if stated is not None:
            self.take(Dated(stated, self.clock.now(), self.clock.monotonic()))

    def take(self, dated: Dated) -> None:
        """Take in a time that the server stated; this machine's clock may have been set since."""
        self.last = dated
        self.first = self.first or dated

    def now(self) -> float:
        """Return the server's time, seconds since 1970."""
        return self.moment().at

    def moment(self) -> Moment:
        """Return the server's time with whether a Date header has shown it."""
        wall, monotonic = self.clock.now(), self.clock.monotonic()
        if self.last is None:
            return Moment(wall, stated=False, monotonic=monotonic)
        passed = wall - self.last.wall, monotonic - self.last.monotonic
        return Moment(self.last.stated + max(passed), early_s=max(passed) - max(0.0, min(passed)))

    def shown(self, moment: Moment) -> Moment | None:
        """Return a past moment by the server's clock, counted back from the first Date where none had come by then.

        None where that cannot be told: another process noted it by this machine's clock, which may have been set since.
        Where no Date ever comes, this machine's clock is all that there is.
        """
        if moment.stated or self.first is None:
            return moment
        if moment.monotonic is None:
            return None
        stated, wall, monotonic = self.first
        awake = monotonic - moment.monotonic
        return Moment(stated - awake, early_s=max(wall - moment.at - awake, 0.0))


class Exchange:
    """Sends requests that have their permit; one for all reads and writes of a session.

    `worked` are the last two GETs that were answered well; `has_applied`: the tenant has taken a write in this process.
    """

    def __init__(
        self,
        transport: Transport,
        permits: Permits,
        watcher: Watcher,
        clock: Clock,
        pulse: Pulse | None = None,
    ) -> None:
        self.pulse = pulse or Pulse()
        self._transport = transport
        self._watcher = watcher
        self.permits = permits
        self.server = ServerClock(clock)
        self.hiding = Hiding()
        self.worked: list[Request] = []
        self.has_applied = False

    async def send(self, request: Request, work: Work | None, *, again: bool) -> Reply | None:
        """Send a request once, for a row or for all; None where the run is to stop instead. `again`: it is a repetition."""
        reply = await self.permits.send(request, self._transport)
        if reply is None:
            return None
        reply = self.hiding.reply(reply, work)
        self._count(work, Counters(requests=1, retries=int(again), throttled=int(throttles(reply))))
        if not self.permits.answered_here(request):
            self.pulse.sent(request, work, again=again, throttled=throttles(reply))
        self.server.note(reply)
        return reply

    def _count(self, work: Work | None, counters: Counters) -> None:
        """Count requests where they leave: for the row, and for those who watch."""
        if work is not None:
            work.counters += counters
        self._watcher.sent(counters)

    def has_read(self, request: Request) -> None:
        """Keep a GET that works, to tell later whether a failure concerns all requests."""
        if request not in self.worked:
            self.worked = [*self.worked[-1:], request]


class Paced:
    """A transport for reads: each sending takes a permit and is counted."""

    def __init__(self, exchange: Exchange, work: Work | None) -> None:
        self._exchange = exchange
        self._work = work
        self._unanswered = ""

    async def send(self, request: Request) -> Reply:
        """Send one GET when the tenant allows."""
        if not await self._exchange.permits.obtain(request):
            return NOT_SENT
        again = request.path == self._unanswered
        reply = await self._exchange.send(request, self._work, again=again)
        if reply is None:
            return NOT_SENT
        verdict = judge_read(reply)
        repeated = verdict in {ReadVerdict.AGAIN, ReadVerdict.UNAUTHORIZED}
        self._unanswered = request.path if repeated else ""
        if verdict is ReadVerdict.GOOD:
            self._exchange.has_read(request)
        return reply
