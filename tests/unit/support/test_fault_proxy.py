"""The proxy really does what its faults say: a suite behind it would otherwise prove nothing."""

import aiohttp
import pytest

from tests.support.servers.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.support.servers.scim_server import TOKEN, Tenant, scim_server

USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
NOT_FORWARDED = {Fault.THROTTLED, Fault.THROTTLED_BARE, Fault.BUSY_BEFORE, Fault.CUT_BEFORE}


@pytest.fixture(scope="module")
def tenant(tmp_path_factory):
    """A tenant for this file."""
    with scim_server(tmp_path_factory.mktemp("tenant") / "log") as running:
        yield running


async def post(proxy: FaultProxy, name: str) -> tuple[int | None, str]:
    """Create a user through the proxy; None as status when the connection broke."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:
        try:
            async with session.post(f"{proxy.base_url}/Users", json=USER | {"userName": name}) as response:
                return response.status, await response.text()
        except aiohttp.ClientError:
            return None, ""


def names(tenant: Tenant) -> set[str]:
    """Return the userNames that the tenant holds."""
    return {user["userName"] for user in tenant.users()}


async def test_without_faults_everything_passes(tenant):
    """With no share of faults the proxy passes requests and answers on, and remembers the write."""
    with fault_proxy(tenant, shares={}) as proxy:
        status, text = await post(proxy, "plain@example.com")

    assert status == 201
    assert '"plain@example.com"' in text
    assert proxy.created() == {"plain@example.com": 1}
    assert "plain@example.com" in names(tenant)


@pytest.mark.parametrize("fault", list(Fault))
async def test_each_fault_reaches_the_tenant_or_not_as_it_says(tenant, fault):
    """A fault before the write leaves the tenant as it was, one after it does not, and neither looks like 201."""
    name = f"{fault.name}@example.com"

    with fault_proxy(tenant, shares={fault: 1.0}) as proxy:
        status, text = await post(proxy, name)

    expected = {"429": 429, "503": 503, "an H": 200}
    assert status == next((code for start, code in expected.items() if fault.value.startswith(start)), None)
    assert ("<html>" in text) == (fault is Fault.PAGE)
    assert (name in names(tenant)) == (fault not in NOT_FORWARDED)
    assert proxy.written == (fault not in NOT_FORWARDED)
    assert proxy.faults == {fault: 1}


async def test_the_same_seed_draws_the_same_faults(tenant):
    """Two proxies of one seed treat the same sequence of requests alike, and shares are kept roughly."""
    shares = {Fault.BUSY_BEFORE: 0.3, Fault.THROTTLED: 0.2}
    with fault_proxy(tenant, seed=7, shares=shares) as one, fault_proxy(tenant, seed=7, shares=shares) as two:
        first, second = [one.draw() for _ in range(1000)], [two.draw() for _ in range(1000)]

    assert first == second
    assert 250 < first.count(Fault.BUSY_BEFORE) < 350
    assert 150 < first.count(Fault.THROTTLED) < 250
