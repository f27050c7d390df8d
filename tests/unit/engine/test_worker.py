"""What a worker does with a step before and after it is sent; the dispatch is a function."""

from dataclasses import replace

import pytest

from bulkscim.engine.bounds import Bounding, Guards
from bulkscim.engine.dispatch import NotSent
from bulkscim.engine.work import Work
from bulkscim.model.live import Missing
from bulkscim.model.operation import USER, Verb
from bulkscim.model.request import Response
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.decision import Rest, Settle, Wait
from tests.support.making.rows import ADA, changes, creates, user
from tests.support.running.engines import engine_parts

CREATE = Step("create", Action.CREATE, USER, identity=(ADA,), body={"userName": ADA.value})
PATCH = Step("patch", Action.MODIFY, USER, id="u1", before={"id": "u1"}, if_match='"1"')


class Scripted:
    """A dispatch that sends nothing; it notes each step, and whether it still held when asked after a while."""

    def __init__(self, waits=0.0):
        self.steps, self.held, self.waits, self.clock = [], [], waits, None

    async def send(self, intents, holds, outdated):
        """Give a permit late."""
        if self.waits:
            await self.clock.sleep(self.waits)
        self.steps += [intent.step for intent in intents]
        self.held.append(holds())
        return NotSent.STOPPING if self.held[-1] else NotSent.OUTDATED

    async def end(self, *entries):
        """Nothing was sent."""


async def scripted(waits=0.0):
    """Return an engine over a scripted dispatch, and the dispatch."""
    dispatch = Scripted(waits)
    parts = await engine_parts(dispatch=dispatch)
    dispatch.clock = parts.context.clock
    return parts, dispatch


async def test_row_leaves_where_its_step_gets_no_permit():
    """The run is stopping: nothing is decided any more."""
    parts, dispatch = await scripted()

    assert await parts.worker.carry_out(Work(creates()), CREATE) is None
    assert dispatch.held == [True]


@pytest.mark.parametrize(("waits", "holds"), [(1.0, True), (59.0, True), (61.0, False)])
async def test_what_was_read_too_long_before_the_permit_is_read_again(waits, holds):
    """A before-image of more than a minute may show what others have changed since; see `planning/before_image.py`."""
    parts, dispatch = await scripted(waits)
    work = Work(creates(), read_at=parts.context.clock.monotonic())
    await parts.worker.carry_out(work, PATCH)

    assert dispatch.held == [holds]
    assert work.read_again is not holds


async def test_row_that_was_read_again_is_sent_however_long_the_permit_takes():
    """Once is enough: at a slow rate each permit takes long."""
    parts, dispatch = await scripted(60.0)
    work = Work(creates(), read_at=0.0, read_again=True)
    await parts.worker.carry_out(work, PATCH)

    assert dispatch.held == [True]


async def test_create_is_looked_up_first_once_another_was_answered_with_what_exists():
    """The permit was asked for before that was known."""
    parts, dispatch = await scripted()
    parts.worker.rows.look_up_before_creates()
    work = Work(creates())

    assert isinstance(await parts.worker.carry_out(work, CREATE), Wait)
    work.absent.add(ADA.folded)
    assert await parts.worker.carry_out(work, CREATE) is None
    assert dispatch.held == [False, True]


@pytest.mark.parametrize(
    ("step", "read_at"), [(PATCH, -100.0), (replace(PATCH, adopts=True), 0.0)], ids=["old", "adopted"]
)
async def test_resource_from_an_old_listing_is_read_by_itself_before_it_is_changed(step, read_at):
    """Others may have changed it since; links are added to what was just read."""
    parts, dispatch = await scripted()
    work = Work(creates(), is_listed=True, read_at=read_at)
    await parts.worker.carry_out(work, step)

    assert work.reads_alone
    assert dispatch.steps == []


async def test_resource_from_a_listing_is_changed_while_that_is_young():
    """It is as old as any lookup may be."""
    parts, dispatch = await scripted()
    await parts.worker.carry_out(Work(creates(), is_listed=True, read_at=0.0), PATCH)

    assert dispatch.steps == [PATCH]


async def test_version_that_was_refused_twice_is_not_sent_again():
    """Some tenants refuse each If-Match."""
    parts, dispatch = await scripted()
    for stale in (1, 2):
        await parts.worker.carry_out(Work(creates(), stale=stale), PATCH)

    assert dispatch.steps == [PATCH, replace(PATCH, if_match=None)]


async def test_row_that_rests_does_so_before_it_decides_anything():
    """The tenant does not show yet what the run has just created."""
    parts, _ = await scripted()
    work = Work(creates(), rests_s=0.5)

    assert parts.worker.rows.decide(work) == Rest(0.5)
    assert isinstance(parts.worker.rows.decide(work), Wait)


@pytest.mark.parametrize(
    ("status", "ends", "kinds"),
    [
        (201, None, ["started", "applied", "settled"]),
        (400, Settle, ["started", "refused"]),
        (409, Wait, ["started", "refused"]),
    ],
)
async def test_answer_decides_what_the_row_does_next(status, ends, kinds):
    """A row that ends by its last step does so in the same write; else its next decision is returned."""
    body = b'{"id": "u1", "userName": "ada@example.com", "meta": {"created": "2100-01-01T00:00:00Z"}}'
    parts = await engine_parts(lambda _: Response(status, {}, body if status == 201 else b"{}"))
    work = Work(creates(), live={ADA: Missing()})
    decision = await parts.worker.carry_out(work, CREATE)

    assert type(decision) is (ends or type(None))
    assert parts.kinds() == kinds
    state = parts.context.journal.ledger.state(1)
    assert state is (RowState.DONE if status == 201 else RowState.PENDING)


def _allows_no_adoption(parts):
    """Let no more adopted users get links."""
    parts.worker.rows.bounds = Bounding(Guards(max_adopt=0), parts.context.journal, parts.context.stopping)


def _takes_no_patch(parts):
    """Let the tenant have refused three PATCHes."""
    for number in range(3):
        parts.worker._abilities.ended(Work(creates(number=number)), PATCH, Judgement(Verdict.REFUSED, 501))


@pytest.mark.parametrize(
    ("step", "prepare", "sent", "then"),
    [
        (PATCH, lambda _parts: None, 1, None),
        (replace(PATCH, adopts=True), _allows_no_adoption, 0, None),
        (PATCH, _takes_no_patch, 0, Settle),
    ],
    ids=["as usual", "beyond --max-adopt", "no PATCH here"],
)
async def test_step_that_may_not_be_sent_takes_no_permit(step, prepare, sent, then):
    """It would only wait."""
    parts, dispatch = await scripted()
    prepare(parts)
    row = changes(Verb.PATCH, patch=[("replace", "title", "Lead")])
    decision = await parts.worker.carry_out(Work(row, live={ADA: user()}), step)

    assert len(dispatch.steps) == sent
    assert type(decision) is (then or type(None))


async def test_create_that_a_listing_has_shown_absent_is_looked_up_by_itself():
    """A run whose tenant answers creates with what exists looked in the same listing for ever."""
    parts, _ = await scripted()
    parts.worker.rows.look_up_before_creates()
    work = Work(creates())
    await parts.worker.carry_out(work, CREATE)

    assert work.reads_alone
