"""A group that an earlier run created and that another user renamed since: a name means what has it in the tenant now."""

import csv
import json

import pytest

from tests.support.running.command import FAST, Command
from tests.support.servers.small_tenant import SmallTenant

ADA, BOB = {"userName": "ada@x.test"}, {"userName": "bob@x.test"}


def joins(group, member):
    """Return a record that adds a user to a group."""
    return {"op": "add_member", "type": "Group", "match": {"displayName": group}, "member": member}


def creates(group, *members):
    """Return a record that creates a group."""
    return {"op": "create", "type": "Group", "data": {"displayName": group, "members": list(members)}}


@pytest.fixture
def run(bulkscim: Command, tmp_path):
    """Return what runs records in a tenant of two users; it returns the rows of results.csv, and the run's name."""

    def carry(*records, more=()):
        (tmp_path / "job.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
        bulkscim("run", "job.jsonl", "--base-url", carry.tenant.base_url, "--yes", *FAST, *more)
        assert bulkscim("results", "last").code == 0
        folder = bulkscim.run_folders()[-1]
        with (folder / "results.csv").open(newline="") as file:
            return [(row["state"], row["detail"]) for row in csv.DictReader(file)], folder.name

    with SmallTenant("ada@x.test", "bob@x.test").serving() as carry.tenant:
        yield carry


def held(tenant):
    """Return the members of each group, by its name."""
    users = {one["id"]: one["userName"] for one in tenant.held["Users"].values()}
    return {
        group["displayName"]: [users[one["value"]] for one in group.get("members", ())]
        for group in tenant.held["Groups"].values()
    }


def test_a_group_that_was_renamed_since_has_its_new_name_alone(bulkscim: Command, run):
    """By its old name it is not there; by its new one it is found, and known as created by the earlier run."""
    _, first = run(joins("Sales", ADA), more=["--create-groups"])
    (group,) = run.tenant.held["Groups"].values()
    group["displayName"] = "Revenue"

    ended, _ = run(joins("Sales", BOB), creates("Revenue", BOB))

    missing = "no Group with displayName Sales; create it first, or pass --create-groups"
    assert ended == [("failed", missing), ("noop", f"created by run {first}; member bob@x.test added")]
    assert held(run.tenant) == {"Revenue": ["ada@x.test", "bob@x.test"]}
    assert run(joins("Sales", BOB), more=["--create-groups"])[0] == [("done", "")]
    assert held(run.tenant) == {"Revenue": ["ada@x.test", "bob@x.test"], "Sales": ["bob@x.test"]}

    undone = bulkscim("rollback", first, "--yes", *FAST)

    assert "displayName is 'Revenue', this run had set 'Sales'" in undone.stderr
    assert held(run.tenant) == {"Revenue": ["bob@x.test"], "Sales": ["bob@x.test"]}
