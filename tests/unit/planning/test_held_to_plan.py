"""A row that is carried out by a plan sends what the plan says, or it ends as changed since."""

from dataclasses import replace

import pytest

from bulkscim.model.operation import GROUP, USER
from bulkscim.model.plan import PlannedChange, PlannedMember, PlannedRow, Will
from bulkscim.model.row import Applied, Facts, RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.decision import Settle, Wait
from bulkscim.planning.held_to_plan import AS_WANTED, held, without_steps

NOTHING = Facts()
SETS = PlannedChange("update", "title", "Engineer", "Lead")
CHANGES = PlannedRow(1, Will.CHANGE, "upsert", USER, "ada", "u1", parts=("update",), changes=(SETS,))
DELETES = PlannedRow(1, Will.DELETE, "delete", USER, "ada", "u1", parts=("delete",))
JOINS = PlannedRow(
    1,
    Will.MEMBERS,
    "add_member",
    GROUP,
    "Sales",
    "g1",
    parts=("member:Sales",),
    members=(PlannedMember("member:Sales", "Sales", "ada", joins=True, group_id="g1"),),
)
CREATES = replace(
    JOINS,
    decision=Will.CREATE,
    op="create",
    type=USER,
    key="ada",
    id=None,
    parts=("create", "manager", "member:Sales"),
)
NEW_GROUP = replace(JOINS, id=None, members=(replace(JOINS.members[0], group_id=None),))

CREATE = Step("create", Action.CREATE, USER)
DELETE = Step("delete", Action.DELETE, USER, id="u1")
ADD = Step("member:Sales", Action.ADD_MEMBER, GROUP, id="g1")


MOVES = replace(JOINS, members=(replace(JOINS.members[0], leaves=("g2",)),))


def moving(*groups):
    """Return a step by which a user leaves other groups."""
    before = [{"value": one} for one in groups]
    return replace(ADD, changes=(Change("groups", before, [{"value": "g1"}]),))


def update(*changes, of="u1", part="update"):
    """Return a step that changes a user."""
    return Step(part, Action.MODIFY, USER, id=of, changes=changes)


def applied(*parts):
    """Return the facts of a row of which these parts took effect."""
    return Facts({part: Applied(part, "u1") for part in parts})


TITLE = Change("title", "Engineer", "Lead")


@pytest.mark.parametrize(
    ("plan", "step"),
    [
        (CREATES, CREATE),
        (CHANGES, update(TITLE)),
        (replace(CHANGES, id=None, after_row=3), update(TITLE, of="u9")),
        (replace(CHANGES, changes=(replace(SETS, before="[secret]"),)), update(TITLE)),
        (
            replace(CHANGES, changes=(PlannedChange("update", 'members[value eq "planned-3"]', None, {}),)),
            update(Change('members[value eq "u7"]', None, {"value": "u7"})),
        ),
        (DELETES, DELETE),
        (JOINS, ADD),
        (NEW_GROUP, replace(ADD, id="g9")),
        (MOVES, moving("g2")),
        (MOVES, moving("g2", "g3")),
        (MOVES, ADD),
        (JOINS, moving("g3")),
        (NEW_GROUP, Step("group:Sales", Action.CREATE, GROUP)),
    ],
)
def test_a_step_of_the_plan_is_sent(plan, step):
    assert held(plan, NOTHING, step) is step


@pytest.mark.parametrize(
    "step",
    [
        update(Change("manager.value", None, "u2"), part="manager"),
        ADD,
        Step("group:Sales", Action.CREATE, GROUP),
    ],
)
def test_links_of_what_a_plan_creates_are_sent_after_it_is_created_alone(step):
    """A user that others had created joined its groups, and the row was skipped then."""
    plan = replace(CREATES, members=NEW_GROUP.members) if step.action is Action.CREATE else CREATES
    assert held(plan, applied("create"), step) is step
    ended = held(plan, NOTHING, step, "u1")

    told = "drift: it exists now as id u1; the plan creates it"
    assert ended == Settle(RowState.SKIPPED, told, "u1", found=True)


@pytest.mark.parametrize(
    ("plan", "step", "told"),
    [
        (CREATES, update(TITLE), "it exists now as id u1; the plan creates it"),
        (CHANGES, update(Change("title", "Chief", "Lead")), 'title is "Chief"; the plan saw "Engineer"'),
        (CHANGES, update(TITLE, of="u2"), "it is another resource now, id u2; the plan has u1"),
        (CHANGES, update(Change("title", None, "Lead")), 'title is nothing; the plan saw "Engineer"'),
        (CHANGES, CREATE, "create was not needed when the plan was made"),
        (
            CHANGES,
            update(TITLE, Change("nickName", "A", "B")),
            'nickName is "A"; the plan does not change it',
        ),
        (
            replace(CHANGES, changes=(SETS, PlannedChange("update", "nickName", "A", "B"))),
            update(TITLE),
            'nickName is "B", as the plan wants it; the plan saw "A"',
        ),
        (
            replace(CHANGES, changes=(PlannedChange("update", "roles", [{"value": "a"}], [{"value": "b"}]),)),
            update(Change("roles", [{"value": "a"}, {"value": "admin"}], [{"value": "b"}])),
            'roles is [{"value":"a"},{"value":"admin"}]; the plan saw [{"value":"a"}]',
        ),
        (DELETES, replace(DELETE, id="u2"), "it is another resource now, id u2; the plan has u1"),
        (MOVES, moving("g3"), "it is in group g3 now; the plan saw it in g2"),
        (JOINS, replace(ADD, id="g2"), "the group of this name is g2 now; the plan has g1"),
        (
            JOINS,
            Step("group:Sales", Action.CREATE, GROUP),
            "group:Sales was not needed when the plan was made",
        ),
    ],
)
def test_a_row_whose_resource_was_changed_since_is_skipped(plan, step, told):
    ended = held(plan, NOTHING, step)

    assert (ended.state, ended.detail) == (RowState.SKIPPED, f"drift: {told}")
    assert ended.found == (step.id is not None)  # rows that refer to it go on


@pytest.mark.parametrize(
    ("plan", "facts", "end", "state", "told"),
    [
        (CREATES, applied("create", "manager", "member:Sales"), Settle(RowState.DONE), RowState.DONE, ""),
        (
            CREATES,
            applied("create", "manager"),
            Settle(RowState.DONE),
            RowState.DONE,
            f"member:Sales: {AS_WANTED}",
        ),
        (CHANGES, NOTHING, Settle(RowState.NOOP), RowState.NOOP, AS_WANTED),
        (CREATES, NOTHING, Settle(RowState.ADOPTED, ""), RowState.NOOP, AS_WANTED),
        (
            CREATES,
            NOTHING,
            Settle(RowState.NOOP, "created by run r1"),
            RowState.NOOP,
            f"{AS_WANTED}; created by run r1",
        ),
        (
            CREATES,
            NOTHING,
            Settle(RowState.ADOPTED, "title differs", differs=True),
            RowState.SKIPPED,
            "drift: it exists now as id u1; the plan creates it (title differs)",
        ),
    ],
)
def test_a_row_that_is_as_its_plan_wants_it_has_nothing_to_do(plan, facts, end, state, told):
    """A plan that was applied twice ended with drift."""
    ended = held(plan, facts, replace(end, id="u1"))

    assert (ended.state, ended.detail) == (state, told)


@pytest.mark.parametrize("decision", [Settle(RowState.FAILED, "no"), Wait(None)])
def test_what_fails_or_waits_is_left_as_it_is(decision):
    assert held(CHANGES, NOTHING, decision) is decision


@pytest.mark.parametrize(
    ("row", "state", "detail"),
    [
        (PlannedRow(1, Will.UNCHANGED, id="u1"), RowState.NOOP, ""),
        (PlannedRow(1, Will.ADOPT, id="u1", detail="differs: title"), RowState.ADOPTED, "differs: title"),
        (
            PlannedRow(1, Will.MISSING, detail="no user: nothing to delete"),
            RowState.NOOP,
            "no user: nothing to delete",
        ),
        (
            PlannedRow(1, Will.CONFLICT, problem="2 match"),
            RowState.SKIPPED,
            "the plan leaves it as it is: 2 match",
        ),
    ],
)
def test_a_row_of_which_a_plan_sends_nothing_ends_without_a_read(row, state, detail):
    ended = without_steps(row)

    assert (ended.state, ended.detail, ended.id) == (state, detail, row.id)


def test_a_row_that_sends_something_is_decided_by_what_is_there():
    assert without_steps(CHANGES) is None
