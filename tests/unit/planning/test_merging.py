"""Changes to the members of one group go into one request, of one kind."""

import pytest

from bulkscim.model.operation import GROUP, USER, PatchOperation
from bulkscim.model.step import Action, Step
from bulkscim.planning.merging import GroupChange, change_of, merged
from bulkscim.planning.verbs.membership import joining, leaving

MOST = 100


def add(member):
    """Return the step that adds a member to group g1."""
    return joining(f"member:{member}", "g1", member)


def remove(member, **how):
    """Return the step that removes a member from it."""
    return leaving(f"member:{member}", "g1", member, **how)


@pytest.mark.parametrize(
    ("step", "change"),
    [
        (add("u1"), GroupChange("g1", Action.ADD_MEMBER, MOST)),
        (remove("u1"), GroupChange("g1", Action.REMOVE_MEMBER, MOST)),
        (remove("u1", seen=False), None),  # it may not be in the group, and a refusal would be that of all
        (Step("patch", Action.MODIFY, GROUP, id="g1"), None),
        (Step("create", Action.CREATE, USER), None),
    ],
)
def test_only_changes_of_members_are_sent_together(step, change):
    assert change_of(step, MOST) == change


@pytest.mark.parametrize(
    ("steps", "operations"),
    [
        ([add("u1")], [("add", "members", [{"value": "u1"}])]),
        (
            [add("u1"), add("u2"), add("u3")],
            [("add", "members", [{"value": "u1"}, {"value": "u2"}, {"value": "u3"}])],
        ),
        (
            [remove("u1"), remove("u2")],
            [("remove", 'members[value eq "u1"]', None), ("remove", 'members[value eq "u2"]', None)],
        ),
        (
            [remove("u1", by_value=True), remove("u2", by_value=True)],
            [("remove", "members", [{"value": "u1"}, {"value": "u2"}])],
        ),
    ],
    ids=["one", "adds", "removals", "removals by value"],
)
def test_one_request_does_what_several_would(steps, operations):
    assert merged(steps).operations == tuple(PatchOperation(*one) for one in operations)
    assert merged(steps).id == "g1"
