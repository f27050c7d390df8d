"""How many members an operation removes from its group."""

import pytest

from bulkscim.model.operation import GROUP, USER, Key, Operation, PatchOperation, Reference, Role, Verb
from bulkscim.planning.leaving import removal_of

SALES = Key(GROUP, "displayName", "Sales")
ADA = Reference(Role.MEMBER, Key(USER, "userName", "ada"))


def patch(*changes):
    """Return a patch of a group."""
    return Operation(Verb.PATCH, GROUP, SALES, changes=tuple(PatchOperation(*one) for one in changes))


@pytest.mark.parametrize(
    ("operation", "lost"),
    [
        (Operation(Verb.REMOVE_MEMBER, GROUP, SALES, references=(ADA,)), 1),
        (Operation(Verb.ADD_MEMBER, GROUP, SALES, references=(ADA,)), None),
        (Operation(Verb.REPLACE, GROUP, SALES, {"members": [{"value": "1"}, {"value": "2"}]}, references=(ADA,)), 17),
        (Operation(Verb.REPLACE, GROUP, SALES, {"displayName": "Sales"}), 20),
        (Operation(Verb.REPLACE, USER, ADA.key, {"userName": "ada"}), None),
        (patch(("remove", 'members[value eq "1"]'), ("remove", 'members[value eq "2"]')), 2),
        (patch(("remove", "members", [{"value": "1"}, {"value": "2"}, {"value": "3"}])), 3),
        (patch(("remove", "members")), 20),
        (patch(("replace", "Members", [{"value": "1"}])), 19),
        (patch(("replace", None, {"members": []})), 20),
        (patch(("replace", None, {"displayName": "New"})), None),
        (patch(("add", "members", [{"value": "1"}])), None),
    ],
)  # fmt: skip
def test_members_that_leave_are_counted(operation, lost):
    """Of a group of 20."""
    removal = removal_of(operation)

    assert (removal and removal.lost(20)) == lost
