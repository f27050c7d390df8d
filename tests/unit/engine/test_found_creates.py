"""What a create that was found after its answer was lost has set: no more than each create of the row."""

import pytest

from bulkscim.engine.recording import Sent, note_creates
from bulkscim.engine.work import Work
from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.operation import USER
from bulkscim.model.step import Action, Step
from tests.support.rows import creates


@pytest.mark.parametrize(
    ("earlier", "left"),
    [
        ([], ("manager",)),
        ([["manager"]], ("manager",)),
        ([[]], ()),  # the first one, without the manager, may be the one that took effect
        ([["manager"], []], ()),
    ],
)
def test_part_that_an_earlier_create_did_not_set_is_not_taken_for_set(earlier, left):
    """A user was found that the first POST had made, and the manager of the third was called set."""
    work = Work(creates(number=1))
    note_creates(
        work,
        [
            Entry(
                Kind.STARTED,
                ((1, "create"),),
                1,
                body={"part": "create", "action": "create", "covers": covers},
            )
            for covers in earlier
        ],
    )
    step = Step("create", Action.CREATE, USER, covers=("manager",))
    work.begins(step.part, step.covers)

    assert Sent(work, step, 9).found().step.covers == left


def test_other_steps_keep_what_they_cover():
    """Only creates are sent more than once."""
    step = Step("patch", Action.MODIFY, USER, covers=("manager",), id="u1")
    assert Sent(Work(creates(number=1)), step, 9).found().step.covers == ("manager",)
