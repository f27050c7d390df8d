"""Which kinds of changes the answer to a step does not show."""

import pytest

from bulkscim.model.operation import GROUP, USER
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.unshown import Kind, unshown

ADDED, REMOVED = (
    Change('members[value eq "u1"]', None, {"value": "u1"}),
    Change('members[value eq "u1"]', {"value": "u1"}, None),
)


def modify(*changes, kind=USER, action=Action.MODIFY):
    """Return a step that makes some changes."""
    return Step("patch", action, kind, id="r1", changes=changes)


@pytest.mark.parametrize(
    ("step", "shown", "paths"),
    [
        (modify(Change("title", "Old", "New")), None, [":title"]),
        (modify(Change("title", "Old", "New")), {"id": "r1"}, [":title"]),
        (modify(Change("title", "Old", "New")), {"id": "r1", "title": "Old"}, []),
        (modify(Change("title", "Old", None)), None, [":title"]),
        (modify(Change("title", "Old", None)), {"id": "r1"}, []),  # it shows that there is none
        (modify(Change("active", True, False), Change("title", None, "New")), None, [":active"]),
        (modify(Change("emails", [{"value": "a"}], [{"value": "b"}])), None, []),  # may be cut
        (modify(Change("password", MASK, MASK)), None, []),
        (modify(ADDED, kind=GROUP, action=Action.ADD_MEMBER), None, [":members"]),
        (modify(ADDED, kind=GROUP, action=Action.ADD_MEMBER), {"id": "r1"}, [":members"]),
        (modify(ADDED, kind=GROUP, action=Action.ADD_MEMBER), {"id": "r1", "members": []}, []),
        (modify(REMOVED, kind=GROUP, action=Action.REMOVE_MEMBER), None, [":members"]),
        (
            modify(Change('members[value eq "u1"]', None, None), kind=GROUP, action=Action.REMOVE_MEMBER),
            None,
            [],  # it was not seen there before
        ),
        (modify(action=Action.DELETE), None, [""]),
        (modify(action=Action.DELETE), {"id": "r1"}, [""]),
        (Step("create", Action.CREATE, USER, body={"userName": "ada"}), None, []),
    ],
)
def test_what_an_answer_does_not_show_and_a_read_may(step, shown, paths):
    assert unshown(step, shown) == {Kind(step.type, step.action, path) for path in paths}
