"""Tenants whose answers are huge, cut off, nested, of wrong types, or with ids that no URL can hold; through crashes."""

from dataclasses import replace

import pytest

from tests.support.making.few import few
from tests.support.simulation import world as simulated_world
from tests.support.simulation.seeds import HOSTILE, case_of, live

BROKEN_ONCE = (
    # undo: a create was recorded under an id that no URL can hold, or under none where a lookup was not readable
    (1010041, 0.02, 0.05),
    # state: such an id went into a group as a member
    (1010053, 0.02, 0.05),
)


def lived(seed, hostile, odd_ids):
    """Live a seed's job in its world with such a tenant."""
    case = case_of(seed)
    return live(replace(case, world=simulated_world.hostile(case.world, hostile, odd_ids)))


@pytest.mark.parametrize("seed", few(range(HOSTILE, HOSTILE + 3), 1))
def test_promises_hold_against_a_hostile_tenant(seed):
    """A few, for a quick look; from these seeds on, some worlds are hostile."""
    assert lived(seed, 0.1, 0.05).faults > 0


@pytest.mark.slow
@pytest.mark.parametrize("first", [HOSTILE + 110, HOSTILE + 130])
def test_promises_hold_against_hostile_tenants(first):
    """More of them, and more often hostile."""
    for seed in range(first, first + 10):
        lived(seed, 0.15, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("case", BROKEN_ONCE)
def test_hostile_seed_that_broke_a_promise_once_holds(case):
    """Each ended in a tenant or a rollback that a promise excludes."""
    lived(*case)


def test_seeds_before_are_as_they_were():
    """What CI has lived for long replays unchanged."""
    worlds = [case_of(seed).world for seed in range(HOSTILE - 50, HOSTILE + 50)]

    assert not any(world.hostile for world in worlds[:50])
    assert any(world.hostile and world.odd_ids for world in worlds[50:])
