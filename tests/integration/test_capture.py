"""Who held those who go is in the journal, for few requests, on a server that shows it on no user."""

import json
from collections import Counter

from tests.support.running.command import FAST, UNBOUNDED, Command
from tests.support.servers.scim_server import Tenant

COMPARED = 8  # rows under way at once
REREAD = 8  # rows, one a worker, that wait longer than five seconds for a listing on a busy machine


def people(tenant: Tenant, prefix: str, count: int) -> dict[str, str]:
    """Make people; return their ids by name."""
    names = [f"{prefix}{number}@example.com" for number in range(count)]
    return {name: tenant.create("Users", {"userName": name, "active": True}) for name in names}


def teams(tenant: Tenant, ids: list[str], count: int) -> dict[str, set[str]]:
    """Make groups, each person in three; return the ids of each one's groups."""
    held: dict[str, set[str]] = {one: set() for one in ids}
    for number in range(count):
        members = [one for place, one in enumerate(ids) if (place - number) % count < 3]
        group = {"displayName": f"{number} of {count}", "members": [{"value": one} for one in members]}
        made = tenant.create("Groups", group)
        for one in members:
            held[one].add(made)
    return held


def taken_away(
    bulkscim: Command, tenant: Tenant, op: str, names: list[str]
) -> tuple[dict[str, set[str]], Counter]:
    """Run a job; return the groups that its journal has of each, and the requests that came in."""
    path = bulkscim.folder / f"{op}.csv"
    path.write_text("userName\n" + "\n".join(names) + "\n")
    before = Counter(tenant.requests())
    outcome = bulkscim("run", path, "--op", op, "--base-url", tenant.base_url, "--yes", *UNBOUNDED, *FAST)
    assert outcome.code == 0, outcome.text
    newest = max(bulkscim.runs.glob("*/journal.jsonl"), key=lambda journal: journal.stat().st_mtime_ns)
    lines = [json.loads(line) for line in newest.read_text().splitlines()]
    begun = [line["body"] for line in lines if line["k"] == "started"]
    return {body["id"]: set(body["ties"]["groups"]) for body in begun}, Counter(tenant.requests()) - before


def test_many_cost_a_listing_and_few_a_filter_each(tenant: Tenant, bulkscim: Command):
    """Sixty deactivations in twenty groups, then three deletes among 320: what is recorded is what was there."""
    ids = people(tenant, "capture-", 60)
    held = teams(tenant, list(ids.values()), 20)

    recorded, requests = taken_away(bulkscim, tenant, "deactivate", list(ids))

    assert recorded == held
    assert requests["GET Groups"] == 1 + 1  # a listing, and one look at what became of a group
    # Before it begins the run looks at the tenant; a few lookups are compared with reads by id.
    assert sum(requests.values()) <= 2 * 60 + 2 + 3 + COMPARED + REREAD

    teams(tenant, ["absent"], 300)
    names = list(ids)[:3]
    unchanged = tenant.writes()
    planned = bulkscim(
        "run", "deactivate.csv", "--op", "delete", "--base-url", tenant.base_url, "-n", *UNBOUNDED, *FAST
    )
    assert (planned.code, tenant.writes()) == (0, unchanged), planned.text
    recorded, requests = taken_away(bulkscim, tenant, "delete", names)

    assert recorded == {ids[name]: held[ids[name]] for name in names}
    # A page and a second look at it, a proof, one for each, and one more for each where groups are as long as others.
    assert requests["GET Groups"] <= 2 + 1 + 3 + 3
