"""A tenant may take an addition of who is in the group for an error: the row is as asked then."""

import pytest

from bulkscim.model.live import Member, Membership
from bulkscim.model.operation import Reference, Role
from bulkscim.model.row import Applied, Facts, Refusal, RowState
from bulkscim.planning.decision import Policy, Settle
from bulkscim.planning.next_step import next_step
from tests.support.making.rows import ADA, SALES, creates, group, joins, user

LIVE = {SALES: group(), ADA: user(), Membership("g1", "u1"): Member(present=False)}
PART = "member:Sales"


def ended(row, detail, status=409, applied=()):
    """Return how a row ends whose addition was refused so."""
    facts = Facts({one.part: one for one in applied}, {PART: Refusal(PART, status, None, detail)})
    decision = next_step(row, facts, LIVE, Policy())
    assert isinstance(decision, Settle)
    return decision.state


@pytest.mark.parametrize(
    ("detail", "status", "state"),
    [
        ("u1 is already a member of the group", 409, RowState.NOOP),
        ("User already in group", 400, RowState.NOOP),
        ("a member with this alias already exists", 409, RowState.FAILED),  # it may be of someone else
        ("already a member of another group", 409, RowState.FAILED),
        ("you are already a member", 403, RowState.FAILED),
        ("no", 409, RowState.FAILED),
    ],
)
def test_an_addition_of_a_member_is_as_asked_only_where_the_tenant_says_so(detail, status, state):
    assert ended(joins(), detail, status) is state


def test_so_is_the_group_of_a_user_that_is_created():
    made = Applied("create", "u1", 201)
    row = creates(Reference(Role.GROUP, SALES))

    assert ended(row, "u1 is already a member", applied=[made]) is RowState.DONE
    assert ended(row, "no", applied=[made]) is RowState.FAILED
