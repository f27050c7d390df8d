"""Guards as a table."""

import pytest

from bulkscim.model.guard_table import Effect
from bulkscim.model.limits import Limit
from bulkscim.model.operation import GROUP, USER, Key, Operation, PatchOperation, Reference, Role, Verb
from bulkscim.planning.guards import (
    Bounds,
    JobCounts,
    Leaving,
    bounds,
    group_refusals,
    refusals,
    removal_of,
)

SALES = Key(GROUP, "displayName", "Sales")
ADA = Reference(Role.MEMBER, Key(USER, "userName", "ada"))


@pytest.mark.parametrize(
    ("limit", "users", "removals", "refused"),
    [
        (None, 120, 24, False),
        (None, 120, 25, True),
        (None, 120, 100, True),
        (None, 10, 5, False),
        (None, 10, 6, True),
        (None, 1000, 100, False),
        (None, 1000, 101, True),
        (None, None, 5, False),
        (None, None, 6, True),
        ("5%", 1000, 50, False),
        ("5%", 1000, 51, True),
        ("5%", None, 1, True),
        ("10", None, 10, False),
        ("10", None, 11, True),
        ("100%", None, 100_000, False),
        ("0", 1000, 1, True),
    ],
)
def test_removals_are_bounded(limit, users, removals, refused):
    """By default the smaller of 100 and a fifth of the users, but at least 5: 100 of 120 users could be deleted.

    A share of users that cannot be counted allows nothing.
    """
    wanted = {"max_delete": (Limit.parse(limit),) if limit else ()}
    asked = JobCounts(removals, {Effect.DELETE: removals})

    assert bool(refusals(asked, bounds(wanted, removals, users), users)) is refused


@pytest.mark.parametrize(
    ("limits", "bound"), [(("5%", "30"), 30), (("5%", "80"), 50), (("100%", "80"), 80), (("100%",), None)]
)
def test_the_strictest_of_several_limits_decides(limits, bound):
    """A tenant's entry and a job definition both hold: neither loosens what the other asks."""
    parsed = tuple(map(Limit.parse, limits))

    found = bounds({"max_delete": parsed, "max_create": parsed}, 100, 1000)

    assert (found.max_delete, found.max_create) == (bound, bound)


def test_refusal_names_the_flag_that_allows_it():
    """A message says what to type next."""
    [text] = refusals(JobCounts(300, {Effect.CREATE: 300}), Bounds(100, 200, None), 1000)

    assert "--max-create 300" in text


@pytest.mark.parametrize(
    ("limit", "records", "bound"),
    [
        ("5%", 200, 10),
        ("5%", 5, 1),
        ("0.1%", 3, 1),
        ("0%", 200, 0),
        ("0", 200, 0),
        ("100%", 5, None),
        (None, 5, None),
    ],
)
def test_share_of_errors_is_taken_of_the_job(limit, records, bound):
    """A percentage tolerates at least one row; 5 % of 5 rows was 0, so that the first failure stopped the run."""
    wanted = {"max_errors": (Limit.parse(limit),) if limit else ()}

    assert bounds(wanted, records, None).max_errors == bound


@pytest.mark.parametrize(
    ("limit", "records", "bound"),
    [
        (None, 5, 20),
        (None, 199, 20),
        (None, 1000, 100),
        ("3", 1000, 3),
        ("5%", 1000, 50),
        ("0", 9, 0),
        ("100%", 9, None),
    ],
)
def test_adopted_users_that_get_links_are_bounded(limit, records, bound):
    """By default 20, or a tenth of the job where that is more."""
    wanted = {"max_adopt": (Limit.parse(limit),) if limit else ()}

    assert bounds(wanted, records, None).max_adopt == bound


@pytest.mark.parametrize(
    ("limits", "members", "removed", "refused"),
    [
        ((), 10, 10, False),
        ((), 11, 5, False),
        ((), 11, 6, True),
        ((), 1000, 500, False),
        ((), 1000, 501, True),
        ((), None, 900, False),
        (("600",), 1000, 600, False),
        (("600",), 1000, 601, True),
        (("600",), None, 601, True),
        (("10%",), 100, 11, True),
        (("100%",), 100, 100, False),
        (("5%", "90"), 100, 6, True),
    ],
)
def test_members_that_a_group_may_lose_are_bounded(limits, members, removed, refused):
    """No guard counted removals of members: a file could empty every group."""
    found = group_refusals([Leaving("g1", "Sales", members, removed)], tuple(map(Limit.parse, limits)))

    assert bool(found) is refused
    assert all(f"--max-removals {removed}" in one and "Sales" in one and "None" not in one for one in found)


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
