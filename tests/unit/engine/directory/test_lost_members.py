"""Which members a change of others seems to have taken out of a group, by the answer to it."""

import pytest

from bulkscim.engine.directory.coverage import left_unasked
from bulkscim.engine.directory.memberships import Memberships
from tests.support.running.fake_clock import VirtualClock

OLD = {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("shown", "changed", "lost"),
    [
        (OLD | {"new"}, {"new"}, set()),
        ({"new"}, {"new"}, OLD),
        (set(), {"a"}, {"b", "c", "d"}),
        ({"a", "b", "new"}, {"new"}, set()),  # a half: others may have removed them
        ({"w", "x", "y", "z", "new"}, {"new"}, set()),  # a list that is cut shows others
    ],
)
def test_most_of_the_others_are_missing(shown, changed, lost):
    assert left_unasked(OLD | changed, shown, changed) == lost


@pytest.fixture
def memberships():
    """What a run knows of memberships."""
    return Memberships(VirtualClock())


def test_an_answer_may_be_older_than_what_the_run_has_added(memberships):
    """The run stopped at a tenant whose answers show a change some seconds later, and said that members were lost."""
    for member in ("e", "f", "g", "h", "i"):
        memberships.changed("g1", member, added=True)
    known = {"a", "e", "f", "g", "h", "i"}

    assert memberships.lost("g1", known, {"a"}, {"i"}) == frozenset()


def test_members_that_were_there_before_the_run_are_lost(memberships):
    memberships.changed("g1", "new", added=True)

    assert memberships.lost("g1", OLD | {"new"}, {"new"}, {"new"}) == OLD
