"""The real command, killed at random moments behind a proxy that fails at random, resumed until done."""

import pytest

from tests.support.running.command import Command
from tests.support.running.rounds import each_on_a_tenant, round_of
from tests.support.servers.scim_server import Tenant

ROUNDS, PARTS = 12, 3
KILLS = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_lost_or_made_twice_whenever_the_command_is_killed(tmp_path, seeds, part):
    """After kills and resumes every row is done, each name was created once, and the tenant is what the file says."""

    def killed_often(tenant: Tenant, seed: int) -> None:
        with round_of(tenant, Command(tmp_path / str(seed)), seed) as one:
            kills = sum(one.killed() for _ in range(KILLS))
            assert kills, "the command was never killed at work"
            one.finish()
            assert sum(one.proxy.faults.values()) > 3, "the proxy did not fail"

    each_on_a_tenant(killed_often, seeds(ROUNDS, part, PARTS), tmp_path)
