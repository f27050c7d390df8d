"""Reading back, on tenants that answer late, lose answers and stop: it blames no row that took effect, and misses none that did not."""

from dataclasses import replace
from random import Random

import pytest

from bulkscim.journal import journal
from bulkscim.model.row import RowState
from tests.support.making.few import few
from tests.support.simulation import world as simulated_world
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.machine import machine, simulate

HONEST = [seed for seed in range(40) if not simulated_world.draw(Random(seed)).lies][:12]


@pytest.mark.parametrize("seed", few(HONEST, 2))
def test_no_row_fails_by_what_was_done(seed):
    """Crashes, stops, passes and later rows of the same people are no reason to blame the tenant."""
    world = replace(simulated_world.draw(Random(seed)), read_back="all")

    simulate(seed, world=world)


@pytest.mark.parametrize("seed", few([0, 1, 3, 4, 5, 6], 2))  # where some write is only said to be done
def test_no_delete_that_was_only_said_is_done(seed):
    """Every tenth write is answered with 200 and not done; sessions stop and die in between."""
    world = replace(simulated_world.draw(Random(seed)), lies=0.1, read_back="all", max_errors=None)
    one = machine(seed, world=world)
    one.until_done()

    plan, kept = one.ready.plan, {user["userName"] for user in one.tenant.directory.held["Users"].values()}
    with journal.read(FOLDER, one.disk) as recorded:
        states = {row: recorded.ledger.state(row) for row in range(1, recorded.ledger.rows + 1)}
    asked = ((row, line.get("match", {})) for row, line in enumerate(plan.lines, 1) if line["op"] == "delete")
    said = {match.get("userName") for row, match in asked if states[row] is RowState.DONE}

    assert one.tenant.lied
    assert said & kept == set()
