"""Tenants with several limits: none is exceeded at any time, over crashes, 429s and rollbacks, and each promise holds."""

from collections import Counter

import pytest

from tests.support.simulation.limited import BURSTS, SHARES, SORTS
from tests.support.simulation.seeds import LIMITED, case_of, live

SEEDS, BATCH, OPERATIONS = range(LIMITED + 1000, LIMITED + 1200), 20, 20


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_no_limit_is_exceeded(first):
    """Each is counted where requests arrive, over all sessions; a wait that one asks for holds for what it counts."""
    for seed in range(first, first + BATCH):
        live(case_of(seed, OPERATIONS))


def test_each_sort_of_limit_is_drawn():
    """Up to four of them at once, with crashes, and with a share that may be used."""
    worlds = [case_of(seed, 1).world for seed in SEEDS[::5]]
    sorts = Counter(limit[2:] for world in worlds for limit in world.limits)

    assert sorts.keys() == set(SORTS)
    assert {len(world.limits) for world in worlds} == {1, 2, 3, 4}
    assert {world.share for world in worlds} == set(SHARES)
    assert {world.burst for world in worlds} == set(BURSTS)
    assert any(world.crashes and len(world.limits) > 2 for world in worlds)
