"""A run that removes leaves what it removes in a file that any program reads."""

import json
from pathlib import Path

from tests.support.making.records import create, deactivate, delete, join, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant


def test_what_a_run_removes_is_in_before_jsonl(bulkscim):
    """The journal has it too, and needs bulkscim to be understood."""
    with SmallTenant("ann", "bob", "cid", "dan").serving() as tenant:
        ids = {name: tenant.user(name)["id"] for name in ("ann", "bob", "cid", "dan")}
        for name in ids:
            tenant.user(name)["password"] = "s3cret-of-old"
        tenant.add(
            "Groups", {"displayName": "Sales", "members": [{"value": ids["ann"]}, {"value": ids["cid"]}]}
        )
        leave = {**join("Sales", {"userName": "cid"}), "op": "remove_member"}
        rows = [delete("ann"), deactivate("bob"), leave, retitle("dan"), create("new@example.com")]
        Path("job.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        at = ("--base-url", tenant.base_url, *FAST)
        planned = bulkscim("plan", "job.jsonl", *at)
        outcome = bulkscim("run", "job.jsonl", *at, "--yes")

    (found,) = Path("runs").glob("*/before.jsonl")
    kept = {one["row"]: one for one in map(json.loads, found.read_text().splitlines())}
    assert (planned.code, outcome.code, sorted(kept)) == (0, 0, [1, 2, 3]), outcome.text
    assert kept[1]["resource"]["userName"] == "ann"
    assert (kept[1]["op"], kept[1]["id"], len(kept[1]["groups"])) == ("delete", ids["ann"], 1)
    assert kept[2]["resource"]["active"] is True
    assert (kept[3]["name"], kept[3]["member"]) == ("Sales", ids["cid"])
    assert "s3cret" not in found.read_text()
    assert found.stat().st_mode & 0o077 == 0
