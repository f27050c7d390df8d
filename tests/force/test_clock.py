"""The clock on the wall jumps during the run and between its sessions, forward and back."""

from dataclasses import replace

from tests.support.running.command import Command
from tests.support.running.rounds import Round, each_on_a_tenant, round_of
from tests.support.servers.scim_server import Tenant

ROUNDS = 5
DAY = 86_400.0
JUMPS = (DAY, -DAY, 3_600.0, -3_600.0, 30.0, -30.0)
JUMPING = """
import time
real, began = time.time, time.monotonic()
time.time = lambda: real() + ({0} if time.monotonic() - began > {1} else {2})
"""


def test_a_clock_that_jumps_neither_holds_a_run_up_nor_misleads_it(tmp_path, seeds):
    """A run whose clock jumps, is killed, and goes on at yet another time, ends as any other and as soon."""

    def jumping(tenant: Tenant, seed: int) -> None:
        with round_of(tenant, Command(tmp_path / str(seed)), seed) as one:
            for session in range(3):
                set_clock(one, JUMPS[(seed + session) % len(JUMPS)], session)
                one.killed()
            set_clock(one, 0.0, 0)
            one.finish()

    each_on_a_tenant(jumping, seeds(ROUNDS), tmp_path)


def set_clock(one: Round, jump: float, session: int) -> None:
    """Let the command's clock be wrong by some hours, and jump at a random moment."""
    after = 0.3 + one.chance.random()
    one.command = replace(one.command, prelude=JUMPING.format(jump, after, -session * 3_600.0))
