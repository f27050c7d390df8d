"""The command is put to sleep, as by a laptop's lid, its connections die, and it wakes up."""

import signal
import time

from tests.support.running.command import FAST, Command
from tests.support.running.rounds import Round, each_on_a_tenant, round_of
from tests.support.servers.scim_server import Tenant

ROUNDS = 5
TIMEOUT_S = 1.0  # of a request; the sleep is longer, so that all timers have run out


def test_a_run_that_was_asleep_is_done_in_the_end(tmp_path, seeds):
    """What was under way when the lid closed is looked up; nothing is lost or made twice."""

    def asleep(tenant: Tenant, seed: int) -> None:
        with round_of(tenant, Command(tmp_path / str(seed)), seed, {}) as one:
            one.pace = (*FAST, "--timeout", f"{TIMEOUT_S}")
            put_to_sleep(one)
            one.finish()

    each_on_a_tenant(asleep, seeds(ROUNDS), tmp_path)


def put_to_sleep(one: Round) -> None:
    """Start, stop at a random moment, let the connections die, and let it go on."""
    with one.command.running(*one.run) as process:
        one.command.wait_for(one.moment(), process)  # or it has ended, on a machine that is very busy
        process.send_signal(signal.SIGSTOP)
        time.sleep(TIMEOUT_S + 0.5)
        one.proxy.hang_up()
        process.send_signal(signal.SIGCONT)
        outcome = one.command.finish(process, timeout=120)
    assert outcome.code in {0, 5, 6}, outcome.text
