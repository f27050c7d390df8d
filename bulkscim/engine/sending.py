"""Send one step: once, and again only where it is proved that nothing was done."""

from dataclasses import replace
from http import HTTPStatus

from bulkscim.engine.abilities import RequestForms, media_types
from bulkscim.engine.exchange import NOT_SENT, Exchange
from bulkscim.engine.rows import RunContext
from bulkscim.engine.work import Work
from bulkscim.model.request import Reply, Request
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict, backoff, is_waited_out, judge
from bulkscim.pacing.waiting import retry_of
from bulkscim.scim import protocol
from bulkscim.scim.protocol import PatchForm

BUDGET = 8  # sendings of one step that are answered by "not now"


def request_of(step: Step, form: PatchForm = PatchForm.PATCH_OP) -> Request:
    """Return the request of a step, a PATCH in the form that the tenant takes."""
    match step.action:
        case Action.CREATE:
            path, body = protocol.collection(step.type), protocol.resource_body(step.type, step.body)
        case Action.REPLACE:
            path = protocol.resource_path(step.type, step.id or "")
            body = protocol.resource_body(step.type, {"id": step.id, **step.body})
        case Action.DELETE:
            return Request("DELETE", protocol.resource_path(step.type, step.id or ""), None, step.if_match)
        case _:
            path = protocol.resource_path(step.type, step.id or "")
            body = protocol.patch_body(step.operations, step.type, form)
    return Request(step.method, path, body, step.if_match)


class Sender:
    """Sends writes; shared by all workers."""

    def __init__(self, context: RunContext, exchange: Exchange) -> None:
        self._stopping = context.stopping
        self._watcher = context.watcher
        self._random = context.random
        self._exchange = exchange
        self._permits = exchange.permits
        self._dialect = RequestForms(context.profile.patch_forms)
        self._media = media_types(context.profile.media_type)

    async def send(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send a step whose permit is had and whose start is durable; return how it ended.

        A PATCH refused with 400 is tried in the tenant's other form, if it may have one.
        """
        work.step_attempts = 0
        if request.method != "PATCH" or self._dialect.is_single or self._is_same_in_all(step):
            return await self._in_media(work, step, request)
        tried = [self._dialect.form]
        judgement, reply = await self._in_media(work, step, request_of(step, tried[0]))
        while judgement.status == HTTPStatus.BAD_REQUEST and (form := self._dialect.another(tried)):
            tried.append(form)
            if not await self._permits.obtain(request, urgent=True):
                break
            judgement, reply = await self._in_media(work, step, request_of(step, form))
        if judgement.verdict is Verdict.APPLIED:
            self._dialect.works(tried[-1])
        return judgement, reply

    def _is_same_in_all(self, step: Step) -> bool:
        """Return whether no form differs: then an answer tells nothing of them."""
        return len({request_of(step, form).body for form in self._dialect.all}) == 1

    async def _in_media(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send a body in the media type that the tenant takes; a 415 is a reason to try the other one."""
        if request.body is None:
            return await self._send(work, step, request)
        tried = [self._media.form]
        judgement, reply = await self._send(work, step, replace(request, media_type=tried[0]))
        while judgement.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE and (form := self._media.another(tried)):
            tried.append(form)
            if not await self._permits.obtain(request, urgent=True):
                break
            judgement, reply = await self._send(work, step, replace(request, media_type=form))
        if judgement.verdict in {Verdict.APPLIED, Verdict.ACCEPTED} and self._media.works(tried[-1]):
            self._watcher.note(f"this tenant refuses {tried[0]} (415): {tried[-1]} is sent from here on")
        return judgement, reply

    async def _send(self, work: Work, step: Step, request: Request) -> tuple[Judgement, Reply]:
        """Send in one form.

        An answer that proves that nothing was done is waited out within a budget; a 401 is tried one more time.
        """
        attempt, waited = 0, False
        self._exchange.hiding.sends(work)
        while True:
            reply = await self._exchange.send(request, work, again=work.step_attempts > 0)
            if reply is None:
                return judge(step.action, NOT_SENT), NOT_SENT
            attempt += 1
            work.attempts += 1
            work.step_attempts += 1
            judgement = judge(step.action, reply, waited=waited)
            waited = waited or is_waited_out(reply)
            self._exchange.has_applied |= judgement.verdict is Verdict.APPLIED
            if not _may_go_again(judgement, attempt):
                return judgement, reply
            if not judgement.throttled and not await self._wait(work, attempt):
                return judgement, reply
            if not await self._permits.obtain(request, urgent=True):
                return judgement, reply

    async def _wait(self, work: Work, attempt: int) -> bool:
        """Wait before a request of a row is sent again; return whether the run goes on."""
        return await self._stopping.pause(backoff(attempt, self._random), retry_of(work.number))


def _may_go_again(judgement: Judgement, attempt: int) -> bool:
    if judgement.verdict is Verdict.UNAUTHORIZED:
        return attempt == 1
    return judgement.verdict is Verdict.AGAIN and attempt < BUDGET
