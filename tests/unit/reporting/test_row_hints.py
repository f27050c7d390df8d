"""A row that did not end as wanted comes with something to do."""

import pytest

from bulkscim.model.row import RowState
from bulkscim.planning.one_group import ONE_GROUP
from bulkscim.reporting.hints import hint_of
from bulkscim.reporting.results import Result

MISSING = "no Group with displayName Sales; create it first, or pass --create-groups"


def hint(state, status=None, scim_type="", run="last", **more):
    """Return the hint of a row as the errors file shows it."""
    return str(hint_of(Result(1, state, status=status, scim_type=scim_type, **more), run))


@pytest.mark.parametrize("state", [RowState.DONE, RowState.ADOPTED, RowState.NOOP])
def test_good_end_needs_no_hint(state):
    """Nothing is to be done for a row that ended well."""
    assert hint(state, 200) == ""


@pytest.mark.parametrize(
    ("state", "status", "scim_type", "word"),
    [
        (RowState.PENDING, None, "", "next: bulkscim resume last"),
        (RowState.IN_DOUBT, None, "", "next: bulkscim resume last"),
        (RowState.SKIPPED, None, "", "next: bulkscim retry last"),
        (RowState.FAILED, 409, "", "name is taken"),
        (RowState.FAILED, 400, "uniqueness", "name is taken"),
        (RowState.FAILED, 400, "mutability", "cannot be changed"),
        (RowState.FAILED, 403, "", "token"),
        (RowState.FAILED, 418, "", "next: bulkscim retry last"),
        (RowState.FAILED, None, "", "next: bulkscim retry last"),
    ],
)
def test_any_other_end_names_what_to_do(state, status, scim_type, word):
    """The hint is a command, or what to correct."""
    assert word in hint(state, status, scim_type)


def test_what_the_tenant_keeps_is_no_name_that_is_taken():
    """The same status means another thing for a delete."""
    assert "name is taken" in hint(RowState.FAILED, 409, op="create")
    assert "refuses to delete it" in hint(RowState.FAILED, 409, op="delete")


def test_a_hint_ends_with_the_command_that_helps():
    """A missing group said "pass --create-groups", and retry did not take it."""
    taken = hint(RowState.FAILED, 409, op="create", id="42", run="my runs/one")

    assert hint(RowState.FAILED, 404, detail=MISSING).endswith("next: bulkscim retry last --create-groups")
    assert taken.endswith("next: bulkscim retry 'my runs/one' --on-exists adopt")


def test_drift_is_not_called_a_wait():
    """The hint was to correct what the row had waited for; it had waited for nothing."""
    assert hint(RowState.SKIPPED, detail="drift: userName is 'a', expected 'b'") == (
        "the resource differs from the record; check which of them is right"
    )


def test_a_retry_does_not_put_a_user_into_two_groups_where_one_is_allowed():
    assert hint(RowState.FAILED, detail=f"not in group Sales: … {ONE_GROUP}") == (
        "name one group for each user in the file"
    )


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("the plan leaves it as it is: no User with userName a", "correct the record, and plan again"),
        ('drift: title is "a"; the plan saw "b"', "changed it since the plan"),
        ("drift: it exists now as id 1; the plan creates it", "changed it since the plan"),
    ],
)
def test_what_a_plan_left_or_others_changed_is_planned_again(detail, told):
    """The hint was to correct the row that it needs, and a retry applied the same plan."""
    found = hint(RowState.SKIPPED, detail=detail)

    assert told in found
    assert "next: " not in found
