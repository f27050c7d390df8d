"""The undo of a deactivation where the tenant does not show the user any more."""

import pytest

from bulkscim.model.live import Missing
from bulkscim.model.operation import USER, Key, Verb
from bulkscim.model.row import Facts, Refusal, RowState
from bulkscim.planning.decision import Policy, Settle
from bulkscim.planning.hidden import HIDDEN
from bulkscim.planning.steps import next_step
from tests.support.rows import changes, done, user

OWN = Key(USER, "id", "u1")
BACK = Policy(on_drift="part")
ACTIVE = ("replace", "active", True)
TITLE = ("replace", "title", "Old")


def row(*patch, expect=None):
    """Return a record that takes back a deactivation."""
    return changes(Verb.PATCH, OWN, patch=patch or (ACTIVE,), expect=expect or {"active": False})


def refused(status):
    """Return the facts of a row whose activation was refused."""
    return Facts(refused={"activate": Refusal("activate", status, None, f"answered {status}")})


def test_hidden_user_is_activated_by_its_id():
    """It was reported as gone, by others, with a flag that cannot help; the tenant would have taken the change."""
    step = next_step(row(ACTIVE, TITLE), Facts(), {OWN: Missing()}, BACK)

    assert [(one.op, one.path, one.value) for one in step.operations] == [ACTIVE]
    assert (step.id, step.part) == ("u1", "activate")


@pytest.mark.parametrize(
    ("facts", "patch", "state", "told"),
    [
        (refused(404), (ACTIVE,), RowState.SKIPPED, HIDDEN),
        (refused(410), (ACTIVE,), RowState.SKIPPED, HIDDEN),
        (refused(400), (ACTIVE,), RowState.SKIPPED, "refused to activate"),
        (done("activate"), (ACTIVE,), RowState.DONE, ""),
        (done("activate"), (ACTIVE, TITLE), RowState.SKIPPED, "active was set; the rest was not"),
    ],
)
def test_hidden_user_is_reported_as_hidden(facts, patch, state, told):
    """What the answer to the activation says decides."""
    ended = next_step(row(*patch), facts, {OWN: Missing()}, BACK)

    assert isinstance(ended, Settle)
    assert ended.state is state
    assert told in ended.detail
    assert "drift" not in ended.detail


def test_rest_follows_once_the_user_is_shown():
    """The other values are restored under the usual rules of drift."""
    given = row(ACTIVE, TITLE, expect={"active": False, "title": "New"})
    step = next_step(given, done("activate"), {OWN: user(active=True, title="New")}, BACK)

    assert [one.path for one in step.operations] == ["title"]


@pytest.mark.parametrize(
    ("given", "policy", "state"),
    [
        (row(TITLE, expect={"title": "New"}), BACK, RowState.SKIPPED),
        (row(("replace", "active", False), expect={"active": True}), BACK, RowState.SKIPPED),
        (row(), Policy(), RowState.FAILED),
    ],
)
def test_other_rows_of_a_user_that_is_gone_send_nothing(given, policy, state):
    """Only an undo of a deactivation is sent unseen."""
    ended = next_step(given, Facts(), {OWN: Missing()}, policy)

    assert isinstance(ended, Settle)
    assert ended.state is state
