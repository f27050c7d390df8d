"""How many members a step takes out of its group, and how many it adds."""

import pytest

from bulkscim.model.operation import GROUP, USER
from bulkscim.model.step import Action, Change
from bulkscim.planning.step_effects import MembersMoved, members_moved

ADA, BOB = {"value": "u1"}, {"value": "u2"}
AT_ADA, AT_BOB = 'members[value eq "u1"]', 'members[value eq "u2"]'


@pytest.mark.parametrize(
    ("action", "kind", "changes", "members", "left", "joined"),
    [
        (Action.ADD_MEMBER, GROUP, [], 3, 0, 3),
        (Action.ADD_MEMBER, GROUP, [Change(AT_ADA, None, ADA), Change(AT_BOB, None, BOB)], 0, 0, 2),
        (Action.REMOVE_MEMBER, GROUP, [], 2, 2, 0),
        (Action.MODIFY, GROUP, [Change(AT_ADA, ADA, None)], 0, 1, 0),
        (Action.MODIFY, GROUP, [Change(AT_ADA, None, ADA)], 0, 0, 1),
        (Action.MODIFY, GROUP, [Change("members", [ADA, BOB], [BOB])], 0, 1, 0),
        (Action.REPLACE, GROUP, [Change("Members", [ADA], [BOB])], 0, 1, 1),
        (Action.MODIFY, GROUP, [Change("displayName", "A", "B")], 0, 0, 0),
        (Action.MODIFY, USER, [Change("members", [ADA], None)], 0, 0, 0),
        (Action.DELETE, GROUP, [], 1, 0, 0),
    ],
)
def test_members_that_leave_and_join(action, kind, changes, members, left, joined):
    found = list(members_moved(action, kind, "g1", changes, members))

    assert (sum(one.left for one in found), sum(one.joined for one in found)) == (left, joined)


def test_a_group_that_is_created_loses_none():
    assert not list(members_moved(Action.CREATE, GROUP, None, []))


def test_a_member_that_joins_leaves_the_groups_that_it_was_in():
    """Where the tenant moves it: the step names these groups."""
    moves = Change("groups", [{"value": "g2", "display": "Sales"}], [{"value": "g1"}])

    found = members_moved(Action.ADD_MEMBER, GROUP, "g1", [Change(AT_ADA, None, ADA), moves])

    assert list(found) == [MembersMoved("g1", joined=1), MembersMoved("g2", left=1)]
