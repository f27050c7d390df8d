"""Tenants that show less than they hold or change names, and what happens where an answer is believed in what it cannot show."""

from dataclasses import replace

import pytest

from bulkscim.engine.directory import filters
from bulkscim.engine.directory.coverage import Coverage
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.directory.own_names import OwnNames
from bulkscim.planning.verbs import membership
from tests.support.changed_names import CHANGES, NORMALISES, stored
from tests.support.simulated_oracles import Broken
from tests.support.simulated_seeds import RENAMING, VEILED, case_of, live
from tests.support.simulated_world import World

SEEDS, BATCH = 120, 30
RENAMED = 30  # seeds, of which some change no names
MOST = 40
LOSING = World(renames=("clean", "blanks"), faults={"late_after": 0.1, "cut_after": 0.1})


@pytest.mark.slow
@pytest.mark.parametrize("first", range(VEILED + 2000, VEILED + 2000 + SEEDS, BATCH))
def test_promises_hold_where_tenants_show_less(first):
    """Lists are cut, members hidden, lookups short, and filters compare capitals."""
    for seed in range(first, first + BATCH):
        live(case_of(seed))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(RENAMING, RENAMING + RENAMED, 10))
def test_promises_hold_where_tenants_change_names(first):
    """In lower case, without blanks or punctuation, in another Unicode form, with a domain; through crashes and rollbacks.

    Or where another user renames groups of an earlier run.
    """
    for case in map(case_of, range(first, first + 10)):
        if case.world.renames or case.world.regroups:
            live(case)


def test_seeds_draw_each_change_of_a_name():
    """With each other way of showing less; the seeds before draw none."""
    worlds = [case_of(seed).world for seed in range(RENAMING, RENAMING + 200)]
    drawn = {one for world in worlds for one in world.renames}

    assert drawn == {*CHANGES, NORMALISES}
    assert {veil for world in worlds for veil in world.veils if world.renames} >= {
        "cut",
        "hidden",
        "short",
        "capitals",
    }
    assert any(world.regroups for world in worlds)
    before = [case_of(seed).world for seed in range(RENAMING - 50, RENAMING)]
    assert not any(world.renames or world.regroups for world in before)
    names = [
        ("Users", " N1  X@Example.COM"),
        ("Users", "jose\u0301"),
        ("Groups", "R&D \u00e9/x"),
        ("Groups", "a_b"),
    ]
    for change in CHANGES:
        for collection, name in names:
            once = stored((change,), collection, name)
            assert stored((change,), collection, once) == once


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
    leaving = membership.leaving
    patch.setattr(membership, "leaving", lambda *args, **given: leaving(*args, **{**given, "seen": True}))


def look_by_the_name_again(patch):
    """Look for what the run made by its name in the file, and not by its id."""

    async def unknown(*_):
        return None

    patch.setattr(OwnNames, "id_of", unknown)


def believe_that_names_are_kept(patch):
    """Take a lost create for one without effect where no lookup finds its name."""

    async def kept(*_):
        return False

    async def none(*_):
        return ()

    patch.setattr(Directory, "misses", kept)
    patch.setattr(Directory, "perhaps_made", none)


def ask_in_one_unicode_form(patch):
    """Take a name for absent that a filter does not find in the form of the file."""
    patch.setattr(filters, "_other_form", lambda _: None)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutation", "world", "oracles", "first"),
    [
        (look_by_the_name_again, World(renames=("clean", "blanks")), {"once"}, 0),
        (believe_that_names_are_kept, LOSING, {"once"}, 0),
        (ask_in_one_unicode_form, World(renames=("nfd",), faults={"late_after": 0.3}), {"guess"}, 36),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_name_that_the_tenant_has_changed_is_not_looked_for(mutation, world, oracles, first):
    """Groups were made twice, or stayed in doubt; the same case holds without the mutation.

    `first` is the seed that showed the mutation when this was written.
    """
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        case, broken = _broken(world, RENAMING + first)

    assert broken.oracle in oracles, broken
    live(case)


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


def _broken(world, first=VEILED):
    """Return the first case in which an oracle is broken, and which."""
    for seed in range(first, first + MOST):
        case = replace(case_of(seed), world=world)
        try:
            live(case)
        except Broken as broken:
            return case, broken
    raise AssertionError("no oracle is broken")
