"""A proxy that cuts the connection, or answers 503, when the tenant has done what was asked."""

from tests.support.running.command import Command
from tests.support.running.rounds import each_on_a_tenant, round_of
from tests.support.servers.fault_proxy import Fault
from tests.support.servers.scim_server import Tenant

ROUNDS = 5
SHARES = {Fault.CUT_AFTER: 0.15, Fault.BUSY_AFTER: 0.1}


def test_answers_that_are_lost_after_the_write_lead_to_no_second_one(tmp_path, seeds):
    """A quarter of all answers is lost; each row is done once all the same."""

    def cut_off(tenant: Tenant, seed: int) -> None:
        with round_of(tenant, Command(tmp_path / str(seed)), seed, SHARES) as one:
            one.finish()
            assert sum(one.proxy.faults.values()) > 10, "the proxy did not fail"

    each_on_a_tenant(cut_off, seeds(ROUNDS), tmp_path)
