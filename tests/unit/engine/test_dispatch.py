"""One step: its permit, its start in the journal, its request, its end."""

import pytest

from bulkscim.engine.dispatch import Intent, NotSent
from bulkscim.engine.recording import refused
from bulkscim.engine.work import Work
from bulkscim.errors import Stopped
from bulkscim.model.operation import USER
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Verdict
from tests.support.making.rows import ADA, creates
from tests.support.running.engines import engine_parts

CREATE = Step("create", Action.CREATE, USER, identity=(ADA,), body={"userName": ADA.value})
DELETE = Step("delete", Action.DELETE, USER, id="u1", before={"id": "u1"})


async def test_start_is_durable_before_the_request_leaves():
    """What is sent is in the journal, whenever the process dies."""
    seen = []

    def answer(request):
        seen.append(parts.kinds())
        return Response(201, {}, b'{"id": "u1"}')

    parts = await engine_parts(answer)
    [outcome] = await parts.dispatch.send([Intent(Work(creates()), CREATE)], lambda: True, lambda: False)

    assert outcome.judgement.verdict is Verdict.APPLIED
    assert seen == [["started"]]
    assert parts.kinds() == ["started"], "the end is journaled by who takes it in"


async def test_nothing_is_sent_that_does_not_hold_any_more_when_its_permit_comes():
    """Its row decides again; neither the journal nor the tenant knows of it."""
    parts = await engine_parts()

    assert (
        await parts.dispatch.send([Intent(Work(creates()), CREATE)], lambda: False, lambda: False)
        is NotSent.OUTDATED
    )
    assert (parts.kinds(), parts.transport.sent) == ([], [])


async def test_nothing_is_sent_once_the_run_is_to_stop():
    """The row stays pending."""
    parts = await engine_parts()
    parts.context.stopping.stop(Stopped("asked to"))

    assert (
        await parts.dispatch.send([Intent(Work(creates()), CREATE)], lambda: True, lambda: False)
        is NotSent.STOPPING
    )
    assert (parts.kinds(), parts.transport.sent) == ([], [])


@pytest.mark.parametrize(
    ("step", "reply", "verdict", "sendings"),
    [
        (CREATE, Response(201, {}, b'{"id": "u1"}'), Verdict.APPLIED, 1),
        (CREATE, Response(202), Verdict.ACCEPTED, 1),
        (CREATE, Response(409, {}, b"{}"), Verdict.CONFLICT, 1),
        (CREATE, NoAnswer(Loss.TIMEOUT, "no answer"), Verdict.LOST, 1),
        (CREATE, NoAnswer(Loss.NEVER_SENT, "no connection"), Verdict.AGAIN, 8),
        (CREATE, Response(401), Verdict.UNAUTHORIZED, 2),
        (DELETE, Response(204), Verdict.APPLIED, 1),
        (DELETE, Response(404), Verdict.GONE, 1),
    ],
    ids=lambda value: value.part if isinstance(value, Step) else "",
)
async def test_step_is_sent_again_only_where_nothing_was_done(step, reply, verdict, sendings):
    """The retry table decides; each sending counts as an attempt of the row."""
    parts, work = await engine_parts(lambda _: reply), Work(creates())
    [outcome] = await parts.dispatch.send([Intent(work, step)], lambda: True, lambda: False)

    assert (outcome.judgement.verdict, len(parts.transport.sent)) == (verdict, sendings)
    assert work.attempts == work.step_attempts == sendings


async def test_first_intent_of_a_create_is_remembered_over_its_repetitions():
    """What was created after it may be the row's own."""
    parts, work = await engine_parts(lambda _: Response(409, {}, b"{}")), Work(creates())
    [outcome] = await parts.dispatch.send([Intent(work, CREATE)], lambda: True, lambda: False)
    first = work.create_started["create"]
    await parts.dispatch.end(refused(outcome.sent, outcome.judgement))
    await parts.context.clock.sleep(60)
    await parts.dispatch.send([Intent(work, CREATE)], lambda: True, lambda: False)

    assert work.create_started["create"] is first
    assert parts.kinds() == ["started", "refused", "started"]
