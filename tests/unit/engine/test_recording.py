"""What a step and a row leave in the journal, and what is read back from it."""

from dataclasses import replace

import pytest

from bulkscim.engine import recording
from bulkscim.engine.recording import Sent
from bulkscim.engine.work import Moment, Work
from bulkscim.journal.bodies import Applied, Lost, Member, Refused, WasMember
from bulkscim.journal.entries import Kind
from bulkscim.model.operation import GROUP, USER, Key, Operation, Reference, Role, Verb
from bulkscim.model.row import Applied as AppliedPart
from bulkscim.model.row import Existed, Row, RowState
from bulkscim.model.run import Counters
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step, Ties
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.decision import Settle
from tests.support.making import journals

ADA = Key(USER, "userName", "ada@example.com")
INTENT = Moment(1795299003.1254)
GROUP_KEY = Key(GROUP, "displayName", "Sales")
MEMBERSHIP = Operation(Verb.REMOVE_MEMBER, GROUP, GROUP_KEY, references=(Reference(Role.MEMBER, ADA),))


def sent(step, operation=None):
    """Return a step of row 4 under number 9."""
    row = Row(4, operation or Operation(Verb.CREATE, USER, ADA))
    return Sent(Work(row, counters=Counters(2, 1), step_attempts=3), step, 9)


def test_a_start_tells_what_undo_and_recovery_need():
    """Secrets are masked, and the counters go with the entry."""
    changes = (Change("title", "Old", "New"), Change("password", None, "pw"))
    before = {"id": "u1", "userName": "ada@example.com", "password": "pw"}
    step = Step("patch", Action.MODIFY, USER, id="u1", changes=changes, before=before, if_match='W/"1"')
    one = sent(step)
    entry = recording.started(one, INTENT, [("User", "title")], 1.26)

    assert (entry.rows, entry.step, entry.counters) == (((4, "patch"),), 9, Counters(2, 1))
    assert one.work.counters == Counters()
    body = entry.body
    assert body.changes == (Change("title", "Old", "New"), Change("password", MASK, MASK))
    assert "pw" not in str(body)
    assert (body.image_age, body.server_time, body.local, body.if_match) == (
        1.3,
        1795299003.125,
        False,
        'W/"1"',
    )
    assert body.left_out == (("User", "title"),)


@pytest.mark.parametrize(
    ("action", "before", "was"),
    [
        (Action.ADD_MEMBER, None, WasMember.NO),
        (Action.REMOVE_MEMBER, {"value": "u1"}, WasMember.YES),
        (Action.REMOVE_MEMBER, None, WasMember.UNKNOWN),
    ],
)
@pytest.mark.parametrize(("operation", "name"), [(MEMBERSHIP, "ada@example.com"), (None, None)])
def test_a_member_is_told_with_what_it_was(action, before, was, operation, name):
    """Its name stands only where neither the part nor the row's key has it."""
    change = Change('members[value eq "u1"]', before, None if before else {"value": "u1"})
    step = Step("member:Sales", action, GROUP, id="g1", member="u1", changes=(change,))

    assert recording.started(sent(step, operation), INTENT).body.members == (Member("u1", name, was),)


def test_an_addition_whose_absence_was_not_proved_is_unknown():
    """The group may hide the member: it says no more than that it did not show it."""
    step = Step("member:Sales", Action.ADD_MEMBER, GROUP, id="g1", member="u1", unsure=True)

    assert recording.started(sent(step, None), INTENT).body.members == (
        Member("u1", None, WasMember.UNKNOWN),
    )


CREATE = Step("create", Action.CREATE, USER, identity=(ADA,), covers=("manager",), body={"userName": "ada"})


@pytest.mark.parametrize(
    ("entry", "body"),
    [
        (
            recording.applied(
                sent(CREATE), AppliedPart("create", "u1", 201), {"id": "u1", "userName": "ada"}
            ),
            Applied("u1", 201, attempts=3, covers=("manager",), after={"userName": "ada", "id": "u1"}),
        ),
        (
            recording.refused(sent(CREATE), Judgement(Verdict.REFUSED, 400, detail="no")),
            Refused(400, detail="no", attempts=3),
        ),
        (
            recording.refused(sent(CREATE), Judgement(Verdict.REFUSED, 200), Existed("u7", touched=True)),
            Refused(200, attempts=3, existed="u7", touched=True),
        ),
        (
            recording.lost(sent(CREATE), Judgement(Verdict.ACCEPTED, 202), "u1"),
            Lost(202, attempts=3, id="u1", accepted=True),
        ),
        (recording.lost(sent(CREATE), Judgement(Verdict.LOST)), Lost(attempts=3)),
    ],
    ids=["applied", "refused", "met", "accepted", "lost"],
)
def test_an_end_tells_what_came_of_the_step(entry, body):
    """Its attempts are those of the step."""
    assert (entry.body, entry.rows, entry.step) == (body, ((4, "create"),), 9)


def test_the_end_of_a_row_is_bounded():
    """A detail may quote values of any size."""
    work = sent(CREATE).work
    end = recording.settled(work, Settle(RowState.FAILED, detail="x" * 9_000)).body

    assert (end.state, end.op, end.type, end.key) == (RowState.FAILED, "create", USER, ADA.value)
    assert len(end.detail) == recording.MOST_DETAIL


def test_a_step_is_read_back_without_what_was_masked():
    """What undo cannot know is no change to it."""
    changes = (Change("title", "Old", "New"), Change("password", None, "pw"))
    step = Step("deactivate", Action.MODIFY, USER, id="u1", changes=changes, ties=Ties(("g1",), None))
    begun = recording.started(sent(step), INTENT).body
    found = recording.step_of(begun, "deactivate")

    assert (found.changes, found.ties, found.id) == ((Change("title", "Old", "New"),), step.ties, "u1")


@pytest.mark.parametrize(
    ("step", "body"),
    [
        (CREATE, {"userName": "ada@x.test", "title": "New"}),
        (replace(CREATE, part="group:Sales", type=GROUP, identity=(GROUP_KEY,)), {"displayName": "Sales"}),
        (Step("patch", Action.MODIFY, USER, id="u1"), {}),
    ],
    ids=lambda one: one.part if isinstance(one, Step) else "",
)
def test_a_create_that_is_read_back_knows_what_was_sent(step, body):
    """What a later session found of it was recorded as nothing, and a rollback left it as changed by others."""
    begun = recording.started(sent(step), INTENT).body
    data = {"userName": "ada@x.test", "title": "New"}

    assert recording.step_of(begun, step.part, data).body == body


CREATED = [journals.started(4, 1), journals.applied(4, 1)]
WAS_LOST = [journals.started(4, 1), journals.lost(4, 1)]
NOT_APPLIED = [
    journals.started(4, 1),
    journals.lost(4, 1),
    journals.entry_of(Kind.REFUSED, ((4, "create"),), 1, body={"detail": "not applied: timed out"}),
]
REFUSED = [
    journals.started(4, 1),
    journals.entry_of(Kind.REFUSED, ((4, "create"),), 1, body={"status": 400, "attempts": 2}),
]
REOPENED = [*REFUSED, journals.done(4, RowState.FAILED), journals.entry_of(Kind.REOPENED, ((4, ""),))]


@pytest.mark.parametrize(
    ("history", "applied", "attempts", "losses", "is_new"),
    [
        ([], set(), 0, 0, True),
        (CREATED, {"create"}, 1, 0, False),
        (WAS_LOST, set(), 1, 1, False),
        (NOT_APPLIED, set(), 1, 1, False),
        (REFUSED, set(), 2, 0, False),
        ([*NOT_APPLIED, *REOPENED], set(), 2, 0, False),
        ([*CREATED, *REOPENED], {"create"}, 2, 0, False),
    ],
    ids=["new", "created", "lost", "not applied", "refused", "retried", "created and retried"],
)
def test_a_row_is_taken_up_again_with_what_its_journal_says(history, applied, attempts, losses, is_new):
    """What took effect is not sent again; what was refused may be. A retry gives a new budget of losses."""
    work = recording.work_of(Row(4, Operation(Verb.CREATE, USER, ADA)), history)

    assert (work.facts.applied.keys(), work.facts.refused) == (applied, {})
    assert (work.attempts, work.losses, work.is_new) == (attempts, losses, is_new)
