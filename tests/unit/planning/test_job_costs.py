"""What a job costs, before it is approved."""

from dataclasses import replace

import pytest

from bulkscim.model.operation import Verb
from bulkscim.planning.job_costs import Asked, costs
from tests.support.making.providers import GENERIC

SLOW = 0.6  # seconds from one request to the next
CREATE, DELETE = (Verb.CREATE, "User"), (Verb.DELETE, "User")
ADD, PATCH_GROUP = (Verb.ADD_MEMBER, "Group"), (Verb.PATCH, "Group")


@pytest.mark.parametrize(
    ("asked", "users", "total"),
    [
        (Asked({CREATE: 1000}), 0, 1001),
        (Asked({CREATE: 1000}, (40,) * 30, creates_groups=True), 0, 1001 + 30 * 2 + 2 + 10),
        (Asked({(Verb.DEACTIVATE, "User"): 1000}), 1000, 1000 + 29),
        (Asked({DELETE: 1000}), 1000, 1000 + 152 + 13),
        (Asked({ADD: 5000}, (250,) * 20, names=1000), 1000, 10 + 20 * 3),
        (Asked({CREATE: 1000}, (40,) * 30, names=900, plans=True), 0, 1 + 4),
        (Asked({(Verb.PATCH, "User"): 1000}, undoes=True), 1000, 1000 + 152),
        (Asked({DELETE: 1000, PATCH_GROUP: 30}, undoes=True), 1000, 1000 + 152 + 13 + 30 + 10),
    ],
)
def test_costs(asked, users, total):
    """Changes, lookups, and what memberships share."""
    assert costs(asked, GENERIC, users, SLOW).forecast.total == total


def test_lookups_are_those_of_the_rows_that_make_them():
    """So that a file of two verbs is forecast verb by verb."""
    found = costs(Asked({CREATE: 10, (Verb.PATCH, "User"): 100, DELETE: 100}), GENERIC, 1000, SLOW).forecast

    assert found.reads == {"create User": 10, "patch User": 11, "delete User": 24}


@pytest.mark.parametrize(("rows", "reads"), [(100, 8), (7, 7)])
def test_where_joining_a_group_may_leave_another_the_first_members_are_read(rows, reads):
    """Until a listing is proved to tell of the others."""
    moving, staying = replace(GENERIC, one_group=True), GENERIC
    asked = Asked({ADD: rows}, (rows,), names=rows)
    more, usual = (
        costs(asked, one, 10_000, SLOW).forecast.reads["add_member Group"] for one in (moving, staying)
    )

    assert more - usual == reads


def test_users_that_the_tenant_hides_are_read_one_by_one_before_they_return():
    """A listing does not show them: 1,011 requests were forecast of 2,010."""
    hiding = replace(GENERIC, filter=False, lists_inactive=False)
    asked = Asked({(Verb.PATCH, "User"): 1000}, undoes=True, hidden=1000)

    assert costs(asked, hiding, 0, SLOW).forecast.total == 2000
    assert costs(replace(asked, plans=True), hiding, 0, SLOW).forecast.total == 1000


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        (Asked({CREATE: 1000}), False),
        (Asked({(Verb.DEACTIVATE, "User"): 1000}), False),
        (Asked({ADD: 5000}, (250,) * 20, names=1000), False),
        (Asked({(Verb.UPSERT, "User"): 1000}, plans=True), True),
        (Asked({(Verb.PATCH, "User"): 1000}), True),
        (Asked({DELETE: 1000, CREATE: 1}), True),
        (Asked({DELETE: 1000}, undoes=True), True),
        (Asked({CREATE: 1000}, plans=True), False),
        (Asked({PATCH_GROUP: 1000}), False),
    ],
)
def test_what_rests_on_lists_that_may_show_less_may_take_more(asked, more):
    """Where these do not show what a read by id shows, each user is read: a rollback took twice as many as said."""
    assert costs(asked, GENERIC, 1000, SLOW).may_be_more is more


def test_a_tenant_may_take_one_member_at_a_time():
    """Then memberships share nothing."""
    alone = replace(GENERIC, most_members=1)

    assert costs(Asked({ADD: 100}, (100,)), alone, 10, SLOW).forecast.shared == 100
