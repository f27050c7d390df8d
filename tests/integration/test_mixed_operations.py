"""2,000 operations of every kind against a server that we did not write."""

from collections import Counter

import pytest

from tests.support.running.command import FAST, UNBOUNDED, Command, secrets_on_disk
from tests.support.running.workload import differences, mixed, state_of
from tests.support.servers.scim_server import TOKEN, Tenant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def ids(tenant: Tenant) -> set[str]:
    """Return the ids of all that the tenant holds."""
    return {resource["id"] for resource in tenant.users() + tenant.groups()}


@pytest.mark.parametrize(("seed", "scale"), [(1, 0.05), (2, 1.0)], ids=["100", "2000"])
def test_every_row_is_done_and_the_same_file_again_changes_nothing(tenant, bulkscim: Command, seed, scale):
    """After the run the tenant is what the file says; run again, all is noop, and nothing is written."""
    workload = mixed(tenant, seed=seed, prefix=f"mixed{seed}-", scale=scale)
    path = workload.write(bulkscim.folder / "job.jsonl")
    arguments = ("run", path, "--base-url", tenant.base_url, "--yes", *UNBOUNDED, *FAST)
    at_start = differences(workload.expected, state_of(tenant, f"mixed{seed}-"))

    outcome = bulkscim(*arguments, "--run-dir", bulkscim.runs / "one", "--json", timeout=400)

    assert len(at_start) > len(workload.lines) / 3
    assert differences(workload.expected, state_of(tenant, f"mixed{seed}-")) == []
    assert outcome.code == 0, outcome.text
    assert outcome.json["done"] == outcome.json["rows"] == len(workload.lines)
    assert Counter(bulkscim.states()) == {"done": len(workload.lines)}
    assert secrets_on_disk(bulkscim.folder, TOKEN) == []

    before, writes = ids(tenant), tenant.requests()
    again = bulkscim(*arguments, "--run-dir", bulkscim.folder / "two", "--json", timeout=400)

    assert again.code == 0, again.text
    assert again.json["noop"] == len(workload.lines)
    assert ids(tenant) == before
    changed = Counter(tenant.requests()) - Counter(writes)
    assert {kind for kind in changed if not kind.startswith(("GET ", "POST Users"))} == set()
    assert differences(workload.expected, state_of(tenant, f"mixed{seed}-")) == []
