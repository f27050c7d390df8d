"""Send one step: once, and again only where it is proved that nothing was done."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from bulkscim.engine.abilities import SCIM_JSON, RequestForms, media_types
from bulkscim.engine.hiding import Hiding
from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Moment, Work
from bulkscim.model.clock import Clock, Dated
from bulkscim.model.events import Watcher
from bulkscim.model.request import Loss, NoAnswer, Reply, Request, Response
from bulkscim.model.run import Counters
from bulkscim.model.step import Action, Step
from bulkscim.pacing.hints import asked_wait, retry_after, stated_time
from bulkscim.pacing.retry import (
    Judgement,
    ReadVerdict,
    Verdict,
    backoff,
    is_waited_out,
    judge,
    judge_read,
    throttles,
)
from bulkscim.scim import messages
from bulkscim.scim.messages import PatchForm
from bulkscim.transport.base import Transport

BUDGET = 8  # sendings of one step that are answered by "not now"
SERVER_ERROR = 500


def request_of(step: Step, form: PatchForm = PatchForm.PATCH_OP) -> Request:
    """Return the request of a step, a PATCH in the form that the tenant takes."""
    match step.action:
        case Action.CREATE:
            path, body = messages.collection(step.type), messages.resource_body(step.type, step.body)
        case Action.REPLACE:
            path = messages.resource_path(step.type, step.id or "")
            body = messages.resource_body(step.type, {"id": step.id, **step.body})
        case Action.DELETE:
            return Request("DELETE", messages.resource_path(step.type, step.id or ""), None, step.if_match)
        case _:
            path = messages.resource_path(step.type, step.id or "")
            body = messages.patch_body(step.operations, step.type, form)
    return Request(step.method, path, body, step.if_match)


class Count:
    """Counts requests where they leave: for the row, and for those who watch."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def sent(self, work: Work | None, *, again: bool) -> None:
        """Count one request."""
        self._add(work, Counters(requests=1, retries=int(again)))

    def throttled(self, work: Work | None) -> None:
        """Count one answer that throttles."""
        self._add(work, Counters(throttled=1))

    def note(self, text: str) -> None:
        """Say what people should know of how requests are sent."""
        self._watcher.note(text)

    def _add(self, work: Work | None, counters: Counters) -> None:
        if work is not None:
            work.counters += counters
        self._watcher.sent(counters)


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


class Paced:
    """A transport for reads: each sending takes a permit and is counted."""

    def __init__(self, inner: Transport, sender: "Sender", work: Work | None) -> None:
        self._inner = inner
        self._sender = sender
        self._work = work
        self._unanswered = ""

    async def send(self, request: Request) -> Reply:
        """Send one GET when the tenant allows."""
        permits = self._sender.permits
        reply = await permits.send(request, self._inner) if await permits.obtain(request) else None
        if reply is None:
            return self._sender.not_sent
        reply = self._sender.hiding.reply(reply, self._work)
        self._sender.note(reply, self._work, again=request.path == self._unanswered)
        repeated = judge_read(reply) in {ReadVerdict.AGAIN, ReadVerdict.UNAUTHORIZED}
        self._unanswered = request.path if repeated else ""
        if judge_read(reply) is ReadVerdict.GOOD:
            self._sender.has_read(request)
        return reply


class Sender:
    """Sends writes; shared by all workers."""

    def __init__(  # noqa: PLR0913 - what all sending shares
        self,
        transport: Transport,
        permits: Permits,
        stopping: Stopping,
        count: Count,
        clock: Clock,
        random: Callable[[], float],
        *,
        dialect: RequestForms[PatchForm] | None = None,
        media: RequestForms[str] | None = None,
    ) -> None:
        self.transport = transport
        self.permits = permits
        self.stopping = stopping
        self.server = ServerClock(clock)
        self.random = random
        self.dialect = dialect or RequestForms((PatchForm.PATCH_OP,))
        self.media = media or media_types(SCIM_JSON)
        self.hiding = Hiding()
        self.worked: list[Request] = []  # the last two GETs that were answered well
        self.has_applied = False  # whether the tenant has taken a write in this process
        self._count = count
        self.not_sent = NoAnswer(Loss.NEVER_SENT, "the run is stopping")

    def note(self, reply: Reply, work: Work | None, *, again: bool) -> None:
        """Learn from an answer what concerns all: the pace, and the server's clock."""
        self._count.sent(work, again=again)
        self.server.note(reply)
        if not isinstance(reply, Response):
            return
        asked = asked_wait(reply)
        if throttles(reply):
            self._count.throttled(work)
            self.permits.throttled(asked, backoff(2, self.random))
        elif reply.status >= SERVER_ERROR and asked is not None:
            self.permits.throttled(asked, asked)
        else:
            self.permits.answered(retry_after(reply) or 0.0)

    def has_read(self, request: Request) -> None:
        """Keep a GET that works, to tell later whether a failure concerns all requests."""
        if request not in self.worked:
            self.worked = [*self.worked[-1:], request]

    async def send(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send a step whose permit is had and whose start is durable; return how it ended.

        A PATCH refused with 400 is tried in the tenant's other form, if it may have one.
        """
        work.step_attempts = 0
        if request.method != "PATCH" or self.dialect.is_single:
            return await self._in_media(work, step, request)
        tried = [self.dialect.form]
        judgement, reply = await self._in_media(work, step, request_of(step, tried[0]))
        while judgement.status == HTTPStatus.BAD_REQUEST and (form := self.dialect.another(tried)):
            tried.append(form)
            if not await self.permits.obtain(request, urgent=True):
                break
            judgement, reply = await self._in_media(work, step, request_of(step, form))
        if judgement.verdict is Verdict.APPLIED:
            self.dialect.works(tried[-1])
        return judgement, reply

    async def _in_media(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send a body in the media type that the tenant takes; a 415 is a reason to try the other one."""
        if request.body is None:
            return await self._send(work, step, request)
        tried = [self.media.form]
        judgement, reply = await self._send(work, step, replace(request, media_type=tried[0]))
        while judgement.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE and (form := self.media.another(tried)):
            tried.append(form)
            if not await self.permits.obtain(request, urgent=True):
                break
            judgement, reply = await self._send(work, step, replace(request, media_type=form))
        if judgement.verdict in {Verdict.APPLIED, Verdict.ACCEPTED} and self.media.works(tried[-1]):
            self._count.note(f"this tenant refuses {tried[0]} (415): {tried[-1]} is sent from here on")
        return judgement, reply

    async def _send(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send in one form.

        An answer that proves that nothing was done is waited out within a budget; a 401 is tried one more time.
        """
        attempt, waited = 0, False
        self.hiding.sends(work)
        while True:
            reply = await self.permits.send(request, self.transport)
            if reply is None:
                return judge(step.action, self.not_sent), self.not_sent
            reply = self.hiding.reply(reply, work)
            attempt += 1
            work.attempts += 1
            work.step_attempts += 1
            self.note(reply, work, again=work.step_attempts > 1)
            judgement = judge(step.action, reply, waited=waited)
            waited = waited or is_waited_out(reply)
            self.has_applied = self.has_applied or judgement.verdict is Verdict.APPLIED
            if not _may_go_again(judgement, attempt):
                return judgement, reply
            if not judgement.throttled and not await self.stopping.pause(backoff(attempt, self.random)):
                return judgement, reply
            if not await self.permits.obtain(request, urgent=True):
                return judgement, reply


def _may_go_again(judgement: Judgement, attempt: int) -> bool:
    if judgement.verdict is Verdict.UNAUTHORIZED:
        return attempt == 1
    return judgement.verdict is Verdict.AGAIN and attempt < BUDGET
