"""What a plan says of a row, from the entries of its dry run."""

import pytest

from bulkscim.journal.bodies import Applied, Member, Settled, Started, WasMember
from bulkscim.journal.entries import Entry
from bulkscim.model.plan import PlannedChange, PlannedRow, Will
from bulkscim.model.row import RowState
from bulkscim.model.step import Action, Change
from bulkscim.reporting.plan_text import overview_lines, overview_of, summary_line
from bulkscim.reporting.planned import planned_row

NAME = "ada@example.com"
SALES = {
    "externalId": "E1",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
}


def history(*steps, state=RowState.DONE, op="upsert", kind="User", key=NAME, **end):
    """Return the entries of row 1: each step as (part, what begins it), then how the row ends."""
    told = []
    for number, (part, begun) in enumerate(steps, 1):
        told += [
            Entry(begun, ((1, part),), number),
            Entry(Applied(begun.id or "planned-1"), ((1, part),), number),
        ]
    return [*told, Entry(Settled(state, op=op, type=kind, key=key, **end), ((1, ""),))]


def changing(path, before, after, action=Action.MODIFY):
    """Return what begins a change of a user."""
    return Started(action, "User", "u1", changes=(Change(path, before, after),), before=SALES)


def joining(member=None, was=WasMember.NO, action=Action.ADD_MEMBER):
    """Return what begins a change of a membership."""
    return Started(action, "Group", "g1", members=(Member("u1", member, was),))


def decided(*steps, state=RowState.DONE, **end):
    """Return what is decided for a row with these steps."""
    return planned_row(1, state, history(*steps, state=state, **end))


@pytest.mark.parametrize(
    ("steps", "end", "expected"),
    [
        ([("create", Started(Action.CREATE, "User"))], {}, Will.CREATE),
        ([("update", changing("title", "Engineer", "Lead"))], {}, Will.CHANGE),
        ([("update", changing("title", "Engineer", "Lead", Action.REPLACE))], {}, Will.CHANGE),
        ([("update", changing("active", True, False))], {}, Will.DEACTIVATE),
        ([("update", changing("active", "False", "True"))], {}, Will.ACTIVATE),
        ([("delete", Started(Action.DELETE, "User", "u1"))], {"op": "delete"}, Will.DELETE),
        ([("member:Sales", joining())], {}, Will.MEMBERS),
        ([("group:Sales", Started(Action.CREATE, "Group")), ("member:Sales", joining())], {}, Will.MEMBERS),
        ([("member:Sales", joining())], {"state": RowState.ADOPTED}, Will.ADOPT),
        ([("manager", changing("manager.value", None, "u2"))], {"state": RowState.ADOPTED}, Will.ADOPT),
        ([], {"state": RowState.ADOPTED, "detail": "differs: title"}, Will.ADOPT),
        ([], {"state": RowState.NOOP}, Will.UNCHANGED),
        ([], {"state": RowState.NOOP, "detail": "no User with userName x: nothing to delete"}, Will.MISSING),
        ([], {"state": RowState.FAILED, "status": 409}, Will.CONFLICT),
        ([], {"state": RowState.FAILED, "detail": "User userName x is ambiguous: ids u1, u2"}, Will.CONFLICT),
        ([], {"state": RowState.FAILED, "status": 404}, Will.MISSING),
        ([], {"state": RowState.FAILED, "detail": "x is protected: delete was not sent"}, Will.PROTECTED),
        ([], {"state": RowState.FAILED, "detail": "x could not be read: 500", "status": 500}, Will.UNKNOWN),
        ([], {"state": RowState.SKIPPED, "detail": "drift: title is 'A', expected 'B'"}, Will.DRIFT),
        ([], {"state": RowState.SKIPPED, "detail": "row 3 failed: no"}, Will.WAITING),
    ],
)
def test_a_row_is_what_its_steps_and_its_end_make_of_it(steps, end, expected):
    assert decided(*steps, **end).decision is expected


def test_a_row_says_each_value_before_and_after_the_users_department_and_external_id():
    row = decided(("update", changing("title", "Engineer", "Lead")), id="u1")

    assert row.changes == (PlannedChange("update", "title", "Engineer", "Lead"),)
    assert (row.id, row.department, row.external_id) == ("u1", "Sales", "E1")


def test_a_membership_is_said_by_the_names_of_the_file():
    user = decided(("member:Sales", joining()))
    own = decided(("member", joining("bo@example.com")), op="add_member", kind="Group", key="Sales")

    assert [(one.group, one.member, one.joins) for one in user.members] == [("Sales", NAME, True)]
    assert [(one.group, one.member) for one in own.members] == [("Sales", "bo@example.com")]


def test_a_row_of_a_group_names_its_members():
    """The member was taken for the group."""
    made = Entry(Started(Action.CREATE, "Group"), ((1, "create"),), 1)
    applied = Entry(Applied("planned-1", covers=("member:ada@x.test",)), ((1, "create"),), 1)
    end = Entry(Settled(RowState.DONE, op="create", type="Group", key="Choir"), ((1, ""),))
    first = planned_row(1, RowState.DONE, [made, applied, end]).members
    [later] = decided(("member:ada@x.test", joining()), kind="Group", key="Choir").members

    assert [(one.group, one.member, one.joins) for one in first] == [("Choir", "ada@x.test", True)]
    assert (later.group, later.member, later.group_id) == ("Choir", "ada@x.test", "g1")


def test_of_a_shared_step_a_row_has_its_own_member():
    shared = Started(Action.ADD_MEMBER, "Group", "g1", members=(Member("u1", "a"), Member("u2", "b")))
    rows = ((7, "member"), (1, "member"))
    end = Settled(RowState.DONE, op="add_member", type="Group", key="Sales")
    entries = [Entry(shared, rows, 1), Entry(Applied("g1"), rows, 1), Entry(end, ((1, ""),))]

    assert [one.member for one in planned_row(1, RowState.DONE, entries).members] == ["b"]


def test_a_part_that_fails_is_a_problem_of_a_row_that_is_created():
    row = decided(
        ("create", Started(Action.CREATE, "User")),
        state=RowState.FAILED,
        detail="created; manager not set: no",
    )

    assert (row.decision, row.problem) == (Will.CREATE, "created; manager not set: no")
    assert summary_line(overview_of([row])).endswith(", 1 of these not in all parts")


def test_the_summary_says_five_counts_always_and_others_where_there_are_any():
    rows = [
        PlannedRow(1, Will.CREATE, "create", "User", NAME),
        PlannedRow(2, Will.CONFLICT, "create", "User", "b"),
    ]

    assert summary_line(overview_of([])) == (
        "0 to create, 0 to change, 0 to deactivate, 0 to delete, 0 unchanged"
    )
    assert summary_line(overview_of(rows)) == (
        "1 to create, 0 to change, 0 to deactivate, 0 to delete, 0 unchanged, 1 conflict"
    )


def test_an_overview_shows_the_first_rows_of_a_kind_and_counts_the_others():
    rows = [
        PlannedRow(row, Will.DEACTIVATE, "deactivate", "User", f"u{row}", department="Sales")
        for row in range(1, 6)
    ]
    lines = list(overview_lines(overview_of(rows)))

    assert lines[1:] == [
        "deactivate: 5 rows",
        "  row 1  User u1",
        "  row 2  User u2",
        "  row 3  User u3",
        "  … and 2 more",
        "by department:",
        "  Sales: 5 to deactivate",
    ]


def test_text_of_a_server_begins_no_line():
    row = PlannedRow(
        1, Will.CHANGE, "patch", "User", "a\nb", changes=(PlannedChange("patch", "title", "x\n\x1b[2J", "y"),)
    )

    assert all("\n" not in line and "\x1b" not in line for line in overview_lines(overview_of([row])))
