"""Tenants whose resources have versions, and heed If-Match or do not; through crashes, other clients and rollbacks."""

from collections import Counter

import pytest

from tests.support.simulation.seeds import VERSIONED, case_of, live
from tests.support.simulation.versions import WAYS

SEEDS, BATCH = range(VERSIONED + 1000, VERSIONED + 1200), 10


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_promises_hold_where_resources_have_versions(first):
    """Whether they are heeded is found out with a change that is refused, or takes effect as it was wanted."""
    for seed in range(first, first + BATCH):
        live(case_of(seed))


def test_each_way_is_drawn():
    """Also where others change what the run has read."""
    worlds = [case_of(seed).world for seed in SEEDS[::2]]
    ways = Counter(world.versions for world in worlds)

    assert ways.keys() == set(WAYS)
    assert all(any(world.meddles for world in worlds if world.versions == way) for way in WAYS)
