"""A member that joined another group may have left its own: that one membership is unknown, and no other."""

from bulkscim.engine.directory.memberships import Memberships
from bulkscim.model.operation import GROUP
from bulkscim.model.step import Action, Change, Step
from tests.support.running.fake_clock import VirtualClock


def known():
    """Return memberships in which a group of three was read."""
    found = Memberships(VirtualClock())
    with found.reading("g1") as reading:
        found.keep(reading, {"id": "g1", "members": [{"value": one} for one in ("u1", "u2", "u3")]})
    return found


def moves(member="u1"):
    """Return the addition to another group of a member that is in `g1`."""
    left = Change("groups", [{"value": "g1"}], [{"value": "g2"}])
    return Step("member:g2", Action.ADD_MEMBER, GROUP, id="g2", member=member, changes=(left,))


def test_only_the_member_that_moved_is_unknown():
    """The whole group was read again after each user that left it."""
    memberships = known()
    memberships.applied(moves())

    assert [memberships.holds("g1", one) for one in ("u1", "u2", "u4")] == [None, True, False]
    assert memberships.held("g1", "u1") is None
    assert memberships.of("g1") is None  # not all of its members are known


def test_a_read_of_the_group_tells():
    memberships = known()
    memberships.applied(moves())
    with memberships.reading("g1") as reading:
        memberships.keep(reading, {"id": "g1", "members": [{"value": "u2"}]})

    assert memberships.holds("g1", "u1") is False


def test_a_read_that_began_before_the_move_does_not_tell():
    memberships = known()
    with memberships.reading("g1") as reading:
        memberships.applied(moves())
        memberships.keep(reading, {"id": "g1", "members": [{"value": "u1"}]})

    assert memberships.holds("g1", "u1") is None


def test_a_member_that_is_added_again_is_known():
    memberships = known()
    memberships.applied(moves())
    memberships.applied(Step("member:g1", Action.ADD_MEMBER, GROUP, id="g1", member="u1"))

    assert memberships.holds("g1", "u1") is True


def test_answers_are_not_compared_with_what_is_unknown():
    """They would have been taken for answers that leave members out, or hold more than there are."""
    memberships = known()
    memberships.applied(moves())
    memberships.answered({"id": "g1", "members": [{"value": "u2"}, {"value": "u3"}]}, {"u3"}, 0.0)
    fresh = known()
    fresh.answered({"id": "g1", "members": [{"value": one} for one in ("u1", "u2", "u3")]}, {"u3"}, 0.0)

    assert not memberships.answers.shows(2)
    assert fresh.answers.shows(2)
