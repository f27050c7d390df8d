"""What a create that was found after its answer was lost has set: no more than each create of the row."""

import pytest

from bulkscim.engine.recording import Sent, work_of
from bulkscim.engine.work import Work
from bulkscim.journal.entries import Kind
from bulkscim.model.operation import USER
from bulkscim.model.step import Action, Step
from tests.support.making.journals import entry_of
from tests.support.making.rows import creates


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
    work = work_of(
        creates(number=1),
        [
            entry_of(
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


def test_attempts_of_earlier_sessions_count():
    """results.csv said two attempts of a row that had used up its five over three sessions."""
    kinds = [
        (Kind.STARTED, 1, {"part": "create", "action": "create"}),
        (Kind.LOST, 1, {"attempts": 2}),
        (Kind.REFUSED, 1, {"attempts": 0}),
        (Kind.STARTED, 2, {"part": "create", "action": "create"}),  # its process died
        (Kind.STARTED, 3, {"part": "create", "action": "create"}),
        (Kind.APPLIED, 3, {"part": "create", "attempts": 3}),
    ]
    history = [entry_of(kind, ((1, "create"),), step, body=body) for kind, step, body in kinds]

    assert work_of(creates(number=1), history).attempts == 6
