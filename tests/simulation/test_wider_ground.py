"""Seeds from 1,000,000 up: what else they draw, and mutations that only they find.

`scripts/simulate --minutes` draws from them without end; a few hundred are run here.
"""

import json
from collections import Counter
from dataclasses import fields, replace

import pytest

from bulkscim.engine.asking import Asking
from bulkscim.engine.directory import filters, listing
from bulkscim.model.live import Ambiguous, Found
from bulkscim.pacing import retry
from bulkscim.pacing.retry import Verdict
from bulkscim.planning import drift, lookups, order
from bulkscim.planning.newness import Age
from bulkscim.planning.verbs import modify
from bulkscim.runs import inverse_job
from bulkscim.runs.child_runs import Recreated
from tests.support.making.few import few
from tests.support.simulation.oracles import Broken
from tests.support.simulation.seeds import NARROWED, SHARING, WIDER, Case, case_of, live, simulate
from tests.support.simulation.world import World

LINKING = World(duplicates=201)
UNSURE = World(duplicates=201, held_s=10_000.0, rollbacks=1)
SEEDS, BATCH = 200, 20
MOST = 30  # seeds, before a mutation counts as not caught


@pytest.mark.slow
@pytest.mark.parametrize("first", range(WIDER, WIDER + SEEDS, BATCH))
def test_promises_hold_on_the_wider_ground(first):
    """Twins, nested groups, other integrations, other clients, limits, and rollbacks of rollbacks, through crashes."""
    for seed in range(first, first + BATCH):
        simulate(seed)


@pytest.mark.parametrize("seed", few(range(WIDER, WIDER + 4), 2))
def test_promises_hold_in_some_worlds_of_the_wider_ground(seed):
    """A few of the seeds, for a quick look."""
    simulate(seed)


@pytest.mark.parametrize("seed", few([WIDER + 3, SHARING + 1004], 1))
def test_seed_of_the_wider_ground_replays_exactly(seed):
    """The same seed gives the same requests at the same times, also where reads before a rollback are repeated."""
    assert simulate(seed) == simulate(seed)


def test_wider_ground_draws_each_of_its_features():
    """What is never drawn is not tested."""
    cases = [case_of(seed) for seed in range(WIDER, WIDER + 200)]
    plain, drawn = World(), Counter()
    for case in cases:
        changed = (
            one.name for one in fields(World) if getattr(case.world, one.name) != getattr(plain, one.name)
        )
        drawn.update(changed)
    text = json.dumps([case.lines for case in cases])

    for name in (
        "slows",
        "drift",
        "leap",
        "accepted",
        "on_exists",
        "filters_links",
        "meddles",
        "limit",
        "rollbacks",
        "throttles",
    ):
        assert drawn[name] > 10, name
    for part in (
        '"Twin 0"',
        '"E-shared"',
        '"Outer 0"',
        '"Nest ',
        '"x0@example.com"',
        '"op": "delete", "type": "Group"',
    ):
        assert part in text, part
    assert max(len(case.lines) for case in cases) >= 300


def take_the_first_of_two(patch):
    """Take one of several resources of a name."""
    judge = lookups.judge

    def hasty(key, resources, read_at):
        judged = judge(key, resources, read_at)
        return Found(resources[0], read_at) if isinstance(judged, Ambiguous) else judged

    patch.setattr(filters, "judge", hasty)
    patch.setattr(listing, "Ambiguous", lambda ids: Found({"id": ids[0]}, 0.0))


def overwrite_what_others_changed(patch):
    """Put back what a run changed, whatever is there."""
    patch.setattr(modify, "divided", lambda view, live, due: (due, ()))
    patch.setattr(drift, "drifted", lambda *_: None)
    patch.setattr("bulkscim.planning.next_step.drifted", lambda *_: None)


def forget_new_ids(patch):
    """Name what was made again by the id that it had before."""
    patch.setattr(Recreated, "now", lambda recreated, resource_id: resource_id)


def let_upserts_overtake(patch):
    """Take the name of an upsert for one that has no resource behind it."""
    claims = order.claims

    def untraced(row, **given):
        own = row.operation.target
        return tuple(
            one._replace(traced=False) if row.operation.makes and one.need == own else one
            for one in claims(row, **given)
        )

    patch.setattr("bulkscim.engine.pipeline.claims", untraced)


def believe_each_201(patch):
    """Take each resource that a create is answered with for a new one."""

    async def age(*_):
        return Age.NEW

    patch.setattr(Asking, "age", age)


def take_back_what_may_have_existed(patch):
    """Delete what a create was answered with, though it seems older than the create."""
    patch.setattr(inverse_job, "_certain", lambda steps, *_: steps)


def take_an_accepted_write_for_a_lost_one(patch):
    """Send a write again that the tenant has accepted and does not show."""
    judge = retry.judge

    def hasty(action, reply, **more):
        judgement = judge(action, reply, **more)
        accepted = judgement.verdict is Verdict.ACCEPTED
        return replace(judgement, verdict=Verdict.LOST) if accepted else judgement

    patch.setattr("bulkscim.engine.sending.judge", hasty)


def count_explained_losses(patch):
    """Count an answer of 5xx to a create as a fault though a lookup shows that the user exists."""
    patch.setattr("bulkscim.engine.outcomes.is_explained", lambda told, read: False)


def second_import(seed):
    """Return a job that creates users who are all there."""
    names = [f"again{number}@example.com" for number in range(50)]
    held = tuple(("Users", {"id": f"old{place}", "userName": name}) for place, name in enumerate(names))
    lines = tuple({"op": "create", "type": "User", "data": {"userName": name}} for name in names)
    return Case(seed, held, lines, World(), f"chance {seed}")


def named_in_two_ways(seed):
    """Return a job that upserts users by userName, and then patches them by externalId."""
    held, lines = [], []
    for number in range(10):
        name = f"both{number}@example.com"
        held.append(
            ("Users", {"id": f"b{number}", "userName": name, "externalId": f"E-{name}", "title": "Old"})
        )
        data = {"userName": name, "title": "upserted"}
        patch = [{"op": "replace", "path": "title", "value": "patched"}]
        lines.append({"op": "upsert", "type": "User", "data": data})
        lines.append({"op": "patch", "type": "User", "match": {"externalId": f"E-{name}"}, "patch": patch})
    return Case(seed, tuple(held), tuple(lines), World(), f"chance {seed}")


def _told(world, first, draw=case_of):
    """Return the first case in which an oracle is broken, and which."""
    for seed in range(first, first + MOST):
        case = replace(draw(seed), world=world)
        try:
            live(case)
        except Broken as broken:
            return case, broken
    raise AssertionError(f"no oracle is broken from seed {first} on")


@pytest.mark.parametrize(
    ("mutation", "world", "oracles", "first"),
    few(
        [
            (take_the_first_of_two, World(), {"wrong", "state"}, WIDER),
            (believe_each_201, LINKING, {"guess"}, WIDER),
            (take_back_what_may_have_existed, UNSURE, {"undo"}, WIDER),
            (take_an_accepted_write_for_a_lost_one, World(accepted=0.3, dropped=0.5), {"accepted"}, WIDER),
            (overwrite_what_others_changed, World(meddles=0.3, rollbacks=1), {"undo"}, WIDER),
            (forget_new_ids, World(rollbacks=3), {"undo", "finish"}, WIDER),
        ],
        4,
    ),
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_mutation_is_caught_on_the_wider_ground(mutation, world, oracles, first):
    """What the simulation cannot see would not be seen if it broke one day; the same case holds without the mutation."""
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch)
        case, broken = _told(world, first)

    assert broken.oracle in oracles, broken
    live(case)


def test_upserts_that_are_overtaken_are_caught():
    """The patch of the same user, by its other name, is the last word."""
    world = World(concurrency=8, latency_s=1.0)
    with pytest.MonkeyPatch.context() as patch:
        let_upserts_overtake(patch)
        case, broken = _told(world, WIDER, named_in_two_ways)

    assert broken.oracle == "state", broken
    live(case)


@pytest.mark.parametrize("filters", few(["good", "ignored", "refused", "nothing"], 2))
@pytest.mark.parametrize("duplicates", [500, "page", "unsaid"])
def test_second_import_adopts_all_through_crashes(duplicates, filters):
    """The run stopped for faults of the tenant; where a 400 gave no reason, the rows failed."""
    world = World(duplicates=duplicates, filters=filters, crashes=3, concurrency=8)
    for seed in range(WIDER, WIDER + 2):
        live(replace(second_import(seed), world=world))


def test_explained_losses_that_count_as_faults_are_caught(monkeypatch):
    """The oracle sees a run that stops for what a lookup explains; here no listing keeps the creates from being sent."""
    count_explained_losses(monkeypatch)
    world = World(duplicates=500, concurrency=8, veils=("one page",), page=3)
    _, broken = _told(world, WIDER, second_import)

    assert broken.oracle == "stop", broken


@pytest.mark.parametrize("seed", few(range(NARROWED, NARROWED + 8), 2))
def test_tenants_that_take_plain_json_or_show_one_page_are_carried_through(seed):
    """Each row failed by 415, or could not be looked up."""
    live(case_of(seed))
