"""Memberships that share requests, in tenants that take such requests in ways of their own; through crashes and rollbacks."""

from collections import Counter

import pytest

from bulkscim.engine import dispatch
from bulkscim.pacing.retry import Verdict
from tests.support.simulation.oracles import Broken
from tests.support.simulation.seeds import SHARING, case_of, live
from tests.support.simulation.shared_requests import WAYS

SEEDS, BATCH = range(SHARING + 10_000, SHARING + 12_000), 50
MOST = 40


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_promises_hold_where_rows_share_requests(first):
    """A tenant may take few members at a time, take a member that is there for an error, or do one half and refuse the rest."""
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
