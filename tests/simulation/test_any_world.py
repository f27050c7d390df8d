"""Jobs, worlds and deaths chosen by hypothesis, so that what fails is shrunk to what matters."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.simulation.machine import JOBS, Machine, job
from tests.support.simulation.world import FAULTS, RATES, World

pytestmark = pytest.mark.slow

WORLDS = st.builds(
    World,
    rate=st.sampled_from(RATES),
    concurrency=st.integers(1, 8),
    latency_s=st.sampled_from((0.2, 0.02, 3.0)),
    lag_s=st.sampled_from((0.0, 0.5, 1.9)),
    page=st.sampled_from((100, 10, 3)),
    hides_inactive=st.booleans(),
    filters=st.sampled_from(("good", "refused", "ignored", "nothing")),
    duplicates=st.sampled_from((409, 400, 500, 200)),
    unique_groups=st.booleans(),
    shows_created=st.booleans(),
    bare_answers=st.booleans(),
    faults=st.dictionaries(st.sampled_from(FAULTS), st.sampled_from((0.02, 0.08)), max_size=4),
    read_faults=st.sampled_from((0.0, 0.08)),
    retry_after=st.sampled_from(("seconds", "fraction", "date", "absent", "long")),
    outage=st.none() | st.tuples(st.floats(0, 30), st.sampled_from((5.0, 300.0)), st.sampled_from(("unreached", "busy", "late", "page"))),
    revoked=st.none() | st.tuples(st.integers(5, 120), st.sampled_from((401, 403))),
    power=st.sampled_from((0.0, 0.5, 1.0)),
    sync_s=st.sampled_from((0.0, 0.02, 5.0)),
    bad_disk=st.sampled_from((0.0, 0.01)),
)  # fmt: skip


@settings(max_examples=50, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    number=st.integers(0, JOBS - 1),
    operations=st.sampled_from((12, 30)),
    world=WORLDS,
    deaths=st.lists(st.integers(1, 2500), max_size=4),
    chance=st.integers(0, 1000),
)
def test_no_world_breaks_a_promise(number, operations, world, deaths, chance):
    """Whatever the tenant does, and wherever the process dies."""
    Machine(chance, job(number, operations), world, Random(chance), list(deaths)).until_done()
