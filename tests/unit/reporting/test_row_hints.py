"""A row that did not end as wanted comes with something to do."""

import pytest

from bulkscim.model.row import RowState
from bulkscim.reporting.hints import hint_of


@pytest.mark.parametrize("state", [RowState.DONE, RowState.ADOPTED, RowState.NOOP])
def test_good_end_needs_no_hint(state):
    """Nothing is to be done for a row that ended well."""
    assert hint_of(state, 200, "", "last") == ""


@pytest.mark.parametrize(
    ("state", "status", "scim_type", "word"),
    [
        (RowState.PENDING, None, "", "bulkscim resume last"),
        (RowState.IN_DOUBT, None, "", "bulkscim resume last"),
        (RowState.SKIPPED, None, "", "bulkscim retry last"),
        (RowState.FAILED, 409, "", "--on-exists"),
        (RowState.FAILED, 400, "uniqueness", "--on-exists"),
        (RowState.FAILED, 400, "mutability", "cannot be changed"),
        (RowState.FAILED, 403, "", "token"),
        (RowState.FAILED, 418, "", "bulkscim retry last"),
        (RowState.FAILED, None, "", "bulkscim retry last"),
    ],
)
def test_any_other_end_names_what_to_do(state, status, scim_type, word):
    """The hint is a command, or the thing to mend."""
    assert word in hint_of(state, status, scim_type, "last")


def test_what_the_tenant_keeps_is_no_name_that_is_taken():
    """The same status means another thing for a delete."""
    assert "name is taken" in hint_of(RowState.FAILED, 409, "", "r1", "create")
    assert "keeps it" in hint_of(RowState.FAILED, 409, "", "r1", "delete")
