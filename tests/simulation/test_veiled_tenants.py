"""Tenants that show less than they hold, and what happens where an answer is believed in what it cannot show."""

from dataclasses import replace

import pytest

from bulkscim.engine.directory import filters
from bulkscim.engine.directory.coverage import Coverage
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.planning import members
from tests.support.simulated_oracles import Broken
from tests.support.simulated_seeds import VEILED, case_of, live
from tests.support.simulated_world import World

SEEDS, BATCH = 120, 30
MOST = 40


@pytest.mark.slow
@pytest.mark.parametrize("first", range(VEILED + 2000, VEILED + 2000 + SEEDS, BATCH))
def test_promises_hold_where_tenants_show_less(first):
    """Lists are cut, members hidden, lookups short, and filters compare capitals."""
    for seed in range(first, first + BATCH):
        live(case_of(seed))


def believe_a_filter(patch):
    """Take what a lookup shows for all that there is."""
    patch.setattr(Coverage, "shows", lambda *_: True)


def believe_a_cut_list(patch):
    """Take each list of members for a complete one."""
    patch.setattr(Memberships, "is_complete", lambda *_: True)


def believe_a_miss_in_other_capitals(patch):
    """Take a filter that finds a name for one that finds it in any capitals."""
    patch.setattr(filters, "_in_other_capitals", lambda _: None)


def add_who_was_not_seen(patch):
    """Take a removal of what was not seen for one of a member."""
    leaving = members.leaving
    patch.setattr(members, "leaving", lambda *args, **given: leaving(*args, **{**given, "seen": True}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutation", "veil", "oracles"),
    [
        (believe_a_filter, "short", {"undo", "before", "state"}),
        (believe_a_cut_list, "cut", {"state", "undo", "wrong"}),
        (believe_a_miss_in_other_capitals, "capitals", {"blame", "state", "wrong"}),
        (add_who_was_not_seen, "hidden", {"undo"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_belief_in_what_an_answer_cannot_show_is_caught(mutation, veil, oracles):
    """The same case holds without the mutation."""
    world = World(veils=(veil,), rollbacks=1)
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        case, broken = _broken(world)

    assert broken.oracle in oracles, broken
    live(case)


def _broken(world):
    """Return the first case in which an oracle is broken, and which."""
    for seed in range(VEILED, VEILED + MOST):
        case = replace(case_of(seed), world=world)
        try:
            live(case)
        except Broken as broken:
            return case, broken
    raise AssertionError("no oracle is broken")
