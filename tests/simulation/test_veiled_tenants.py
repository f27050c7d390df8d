"""Tenants that show less than they hold, change names or have values of their own.

And what happens where an answer is believed in what it cannot show.
"""

from collections import Counter
from dataclasses import replace
from itertools import islice
from random import Random

import pytest

from bulkscim.engine.directory import absence, absent_names, filters
from bulkscim.engine.directory.coverage import Coverage
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.directory.earlier_runs import EarlierRuns
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.directory.own_names import OwnNames
from bulkscim.planning import compare, recover
from bulkscim.planning.undo import memberships, taking_back
from bulkscim.planning.verbs import membership
from tests.simulation.test_shared_requests import SEEDS as SHARED
from tests.support.simulation.changed_names import CHANGES, NORMALISES, stored
from tests.support.simulation.oracles import Broken
from tests.support.simulation.own_values import DERIVES, GROUPS, HIDES, more_values
from tests.support.simulation.seeds import OWN, RENAMING, VEILED, case_of, live
from tests.support.simulation.world import World

LESS, LESS_BATCH = range(VEILED + 50_000, VEILED + 50_600), 25
RENAMED = 30  # seeds, of which some change no names
MOST = 40
LOSING = World(renames=("clean", "blanks"), faults={"late_after": 0.1, "cut_after": 0.1})


@pytest.mark.slow
@pytest.mark.parametrize("first", LESS[::LESS_BATCH])
def test_promises_hold_where_tenants_show_less(first):
    """Lists are cut, members hidden, lookups short, filters compare capitals, and what is new is a 404 for a while.

    Seeds whose tenant shows all that it holds are left to other tests.
    """
    for case in map(case_of, range(first, first + LESS_BATCH)):
        if shows_less(case.world):
            live(case)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(RENAMING, RENAMING + RENAMED, 10))
def test_promises_hold_where_tenants_change_names(first):
    """In lower case, without blanks or punctuation, in another Unicode form, with a domain; through crashes and rollbacks.

    Or where another user renames groups of an earlier run.
    """
    for case in map(case_of, range(first, first + 10)):
        if case.world.renames or case.world.regroups:
            live(case)


def shows_less(world):
    """Return whether a tenant shows less than it holds, or otherwise than it was sent."""
    hides = world.veils or world.late_s or world.hides_inactive
    return bool(hides or world.renames or world.derives or world.shows_groups)


EACH_WAY = [
    *(World(veils=(veil,)) for veil in ("cut", "hidden", "short", "capitals", "one page")),
    World(veils=("short", "cut"), bare_answers=True),
    World(renames=("clean", "blanks")),
    World(derives=DERIVES, derives_late=True),
    *(World(shows_groups=how) for how in GROUPS),
    World(veils=("hidden",), shows_groups="plain", filters_links=True),
]


@pytest.mark.slow
@pytest.mark.parametrize("world", EACH_WAY, ids=str)
def test_a_run_and_its_rollback_leave_what_stood_there(world):
    """In each way of showing less, without faults: what GET by id shows is restored, and no member is added that was not seen."""
    for seed in range(VEILED, VEILED + 6):
        case = case_of(seed)
        lines = tuple(more_values(case.lines, Random(seed))) if world.derives else case.lines
        live(replace(case, lines=lines, world=replace(world, rollbacks=1)))


@pytest.mark.slow
def test_two_thousand_tenants_show_less_each_in_some_way():
    """So many are lived here and by the seeds of rows that share requests, and each way of showing less many times."""
    worlds = [case_of(seed).world for seed in (*LESS, *SHARED)]
    ways = Counter(way for world in worlds for way in ways_of(world))

    assert sum(map(shows_less, worlds)) >= 2000
    assert {way for way, times in ways.items() if times >= 30} >= WAYS


WAYS = {"cut", "hidden", "short", "capitals", "one page", "late", "renames", "inactive", "derives", "groups"}


def ways_of(world):
    """Return the ways in which a tenant shows less."""
    named = {
        "late": world.late_s,
        "renames": world.renames,
        "inactive": world.hides_inactive,
        "derives": world.derives,
        "groups": world.shows_groups,
    }
    return {*world.veils, *(way for way, holds in named.items() if holds)}


def test_seeds_draw_each_value_of_the_service():
    """With each other way of showing less; the seeds before draw none."""
    worlds = [case_of(seed).world for seed in range(OWN, OWN + 200)]

    assert {one for world in worlds for one in world.derives} == {*DERIVES}
    assert {world.derives_late for world in worlds if world.derives} == {True, False}
    assert {world.shows_groups for world in worlds} == {"", *GROUPS}
    assert {world.hides for world in worlds if world.hides_inactive} == {*HIDES}
    owns = [world for world in worlds if world.derives or world.shows_groups or world.hides]
    assert {veil for world in owns for veil in world.veils} >= {
        "cut",
        "hidden",
        "short",
        "capitals",
        "one page",
    }
    assert any(world.meddles and world.rollbacks and world.crashes for world in owns)
    before = [case_of(seed).world for seed in range(OWN - 50, OWN)]
    assert not any(world.derives or world.shows_groups or world.hides for world in before)


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
    for module in (filters, absent_names):
        patch.setattr(module, "in_other_capitals", lambda _: None)


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
    for module in (filters, absent_names):
        patch.setattr(module, "other_form", lambda _: None)


def count_derived_values_as_drift(patch):
    """Take what the service derives for a change by others."""
    patch.setattr(compare, "may_be_derived", lambda _: False)


def add_who_inherits(patch):
    """Take each group that a user shows for one that it is in directly."""
    for module in (absence, memberships):
        patch.setattr(module, "perhaps_through", lambda *_: ())


def take_hidden_users_for_absent(patch):
    """Take a user for absent that the run deactivated and no lookup shows."""

    async def none(*_):
        return []

    patch.setattr(EarlierRuns, "hidden", none)


def take_hidden_users_for_deleted(patch):
    """Take a user for deleted that is not shown since the run deactivated it."""
    patch.setattr(taking_back, "undoes_deactivation", lambda _: False)


def want_values_as_they_were_sent(patch):
    """Take a lost change for one without effect where the service has dropped a value, or written it in another spelling."""
    in_effect = recover._in_effect

    def whole(*given):
        told = in_effect(*given)
        return recover.NotApplied() if isinstance(told, recover.Ours) and told.unlike else told

    patch.setattr(recover, "is_respelled", lambda *_: False)
    patch.setattr(recover, "_in_effect", whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutation", "has", "oracles"),
    [
        (count_derived_values_as_drift, lambda world: world.derives and world.derives_late, {"undo"}),
        (add_who_inherits, lambda world: world.shows_groups == "plain", {"undo"}),
        (take_hidden_users_for_absent, lambda world: world.hides == ("untold",), {"blame", "state"}),
        (take_hidden_users_for_deleted, lambda world: world.hides == ("reads",), {"undo"}),
        (want_values_as_they_were_sent, lambda world: {"phone", "dropped"} <= {*world.derives}, {"undo"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_value_of_the_service_is_no_change_by_others(mutation, has, oracles):
    """Created users stayed, inherited memberships became direct ones, hidden users counted as gone."""
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        case, broken = _broken_own(has)

    assert broken.oracle in oracles, broken
    live(case)


def _broken_own(has):
    """Return the first case of these worlds in which an oracle is broken, and which; without crashes, with many lost answers."""
    cases = (case_of(seed) for seed in range(OWN, OWN + 1000))
    for case in islice((one for one in cases if has(one.world) and one.world.rollbacks), MOST):
        world = replace(
            case.world.calm, faults={"late_after": 0.1, "cut_after": 0.1}, rollbacks=1, meddles=0.0
        )
        losing = replace(case, world=world)
        try:
            live(losing)
        except Broken as broken:
            return losing, broken
    raise AssertionError("no oracle is broken")


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
        (believe_a_cut_list, "cut", {"blame", "state", "undo", "wrong"}),
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
