"""What the end of a step means: for its row, the journal and the run. The tenant answers writes and reads as each case says."""

import json

import pytest

from bulkscim.engine.outcomes import LOSSES
from bulkscim.engine.work import Work
from bulkscim.errors import CredentialError, NoPatch, Stopped
from bulkscim.model.live import Found, Missing
from bulkscim.model.operation import USER, PatchOperation, Verb
from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Step
from bulkscim.planning.decision import Settle, Wait
from tests.support.making.rows import ADA, changes, creates
from tests.support.running.engines import engine_parts

CREATE = Step("create", Action.CREATE, USER, identity=(ADA,), body={"userName": ADA.value})
DELETE = Step("delete", Action.DELETE, USER, id="u1", before={"id": "u1"})
TITLE = PatchOperation("replace", "title", "Lead")
PATCH = Step("patch", Action.MODIFY, USER, id="u1", before={"id": "u1"}, operations=(TITLE,), if_match='"1"')
LATE, AWAY = NoAnswer(Loss.TIMEOUT, "no answer in time"), NoAnswer(Loss.NEVER_SENT, "no connection")


def answers(status, **body):
    """Return an answer with a JSON body."""
    return Response(status, {}, json.dumps(body).encode())


NEW = answers(201, id="u1", userName=ADA.value, meta={"created": "2100-01-01T00:00:00Z"})
NONE = answers(200, totalResults=0, Resources=[])


async def ended(step, written, read=NONE):
    """Send a step of a row that has read what it needs; return the parts, its work, and what it does next."""
    parts = await engine_parts(lambda request: read if request.method == "GET" else written)
    row = creates() if step is CREATE else changes(Verb.DELETE if step is DELETE else Verb.PATCH, number=1)
    live = {ADA: Missing() if step is CREATE else Found({"id": "u1", "userName": ADA.value})}
    work = Work(row, live=live)
    return parts, work, await parts.worker.carry_out(work, step)


@pytest.mark.parametrize(
    ("step", "written", "read", "kinds", "then"),
    [
        (CREATE, NEW, NONE, ["started", "applied", "settled"], None),
        (CREATE, Response(400), NONE, ["started", "refused"], Settle),
        (CREATE, answers(409, scimType="uniqueness"), NONE, ["started", "refused"], Wait),
        (CREATE, Response(202), NONE, ["started", "lost"], None),
        (CREATE, LATE, answers(403), ["started", "lost"], None),
        (CREATE, AWAY, NONE, ["started", "refused"], None),
        (DELETE, Response(204), NONE, ["started", "applied", "settled"], None),
        (DELETE, Response(404), NONE, ["started", "applied", "settled"], None),
        (DELETE, LATE, Response(404), ["started", "lost", "applied", "settled"], None),
        (DELETE, Response(400), NONE, ["started", "refused"], Settle),
        (PATCH, Response(412), NONE, ["started", "refused"], Wait),
    ],
    ids=[
        "created",
        "refused",
        "taken: looked up",
        "accepted: looked for at the end",
        "lost, and no read shows it",
        "never sent: the row stays pending",
        "deleted",
        "deleted before",
        "lost, and it is gone",
        "removal refused",
        "changed since it was read: read again",
    ],
)
async def test_end_of_a_step_is_journaled_and_decides_what_comes_next(step, written, read, kinds, then):
    """A row that ends by its last step does so in the same write; None: the row leaves its worker."""
    parts, _, decision = await ended(step, written, read)

    assert parts.kinds() == kinds
    assert type(decision) is (then or type(None))
    ends = {"settled": RowState.DONE, "lost": RowState.IN_DOUBT}
    assert parts.context.journal.ledger.state(1) is ends.get(kinds[-1], RowState.PENDING)


@pytest.mark.parametrize(
    ("step", "written", "read", "reason"),
    [
        (CREATE, AWAY, NONE, Stopped),
        (CREATE, Response(401), Response(401), CredentialError),
        (CREATE, Response(403), Response(403), CredentialError),
        (PATCH, Response(501), NONE, NoPatch),
        (CREATE, Response(400), NONE, None),
        (CREATE, LATE, NONE, None),
        (CREATE, Response(403), NONE, None),
    ],
    ids=[
        "no connection",
        "token rejected",
        "first answer and a read are forbidden",
        "no PATCH here",
        "refused",
        "lost",
        "forbidden, and reads are not",
    ],
)
async def test_only_what_concerns_all_rows_stops_the_run(step, written, read, reason):
    """The reason becomes the exit code."""
    parts, _, _ = await ended(step, written, read)
    stopping = parts.context.stopping

    assert stopping.requested is (reason is not None)
    assert reason is None or isinstance(stopping.reason, reason)


async def test_row_whose_answers_are_lost_again_and_again_fails():
    """Each time a lookup proves that nothing was done; the attempts are counted over all of them."""
    parts, work, decision = await ended(CREATE, LATE)
    for _ in range(LOSSES - 1):
        assert not isinstance(decision, Settle)
        work.live[ADA] = Missing()
        decision = await parts.worker.carry_out(work, CREATE)

    assert isinstance(decision, Settle)
    assert (decision.state, work.losses) == (RowState.FAILED, LOSSES)
    assert parts.kinds() == ["started", "lost", "refused"] * LOSSES


async def test_create_that_is_answered_with_an_old_resource_adopts_it():
    """The service took the name for the resource that exists; from then on each create is looked up first."""
    old = answers(201, id="u7", userName=ADA.value, meta={"created": "2019-01-01T00:00:00Z"})
    parts, work, decision = await ended(CREATE, old, answers(200, id="u7", userName=ADA.value))

    assert parts.kinds() == ["started", "refused"]
    assert (work.facts.taken.existed.id, work.facts.taken.existed.touched) == ("u7", True)
    assert parts.worker.rows.policy.looks_always
    assert isinstance(decision, Wait)
