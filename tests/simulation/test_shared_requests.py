"""Memberships that share requests, in tenants that take such requests in ways of their own, and have several limits.

Through crashes, 429s and rollbacks. No limit is exceeded at any time, and each promise holds.
"""

from collections import Counter

import pytest

from bulkscim.engine import dispatch
from bulkscim.pacing.retry import Verdict
from tests.support.simulation.limited import BURSTS, SHARES, SORTS
from tests.support.simulation.oracles import Broken
from tests.support.simulation.seeds import LIMITED, SHARING, case_of, live
from tests.support.simulation.shared_requests import WAYS

SEEDS, BATCH = range(LIMITED + 1000, LIMITED + 3000), 25
MOST = 40


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_promises_hold_where_rows_share_requests(first):
    """A tenant may take few members at a time, take a member that is there for an error, or do one half and refuse the rest.

    Each of its limits is counted where requests arrive, over all sessions; a wait that one asks for holds for what it counts.
    """
    for seed in range(first, first + BATCH):
        live(case_of(seed))


def test_each_way_is_drawn_many_times():
    """Two thousand seeds, of which some take each way, and some are told each number of members."""
    worlds = [case_of(seed).world for seed in SEEDS[::10]]
    ways = Counter(way for world in worlds for way in world.takes_members)
    told = Counter(world.most_members for world in worlds)

    assert len(SEEDS) == 2000
    assert all(ways[way] >= 20 for way in WAYS)
    assert all(times >= 20 for times in told.values())
    assert sum(bool(world.crashes) for world in worlds) >= 50


def test_each_sort_of_limit_is_drawn():
    """Up to four of them at once, with crashes, and with a share that may be used."""
    worlds = [case_of(seed, 1).world for seed in SEEDS[::10]]
    sorts = Counter(limit[2:] for world in worlds for limit in world.limits)

    assert sorts.keys() == set(SORTS)
    assert {len(world.limits) for world in worlds} == {1, 2, 3, 4}
    assert {world.share for world in worlds} == set(SHARES)
    assert {world.burst for world in worlds} == set(BURSTS)
    assert any(world.crashes and len(world.limits) > 2 for world in worlds)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("believed", "way"),
    [
        ({Verdict.REFUSED: Verdict.AGAIN}, "half"),
        ({Verdict.LOST: Verdict.APPLIED}, "half"),
    ],
    ids=["not applied", "applied"],
)
def test_an_answer_that_is_believed_of_all_rows_is_told(monkeypatch, believed, way):
    """A refusal of a shared request does not say that nothing of it took effect, nor a loss that all of it did."""

    def of_one(judgement, together):
        verdict = believed.get(judgement.verdict, judgement.verdict) if together > 1 else judgement.verdict
        return dispatch.replace(judgement, verdict=verdict)

    monkeypatch.setattr(dispatch, "_of_one", of_one)
    cases = (case_of(seed) for seed in range(SHARING, SHARING + 400))
    fit = [case for case in cases if way in case.world.takes_members and case.world.most_members > 1]

    with pytest.raises(Broken):
        _live_each(fit[:MOST])


def _live_each(cases):
    for case in cases:
        live(case)
