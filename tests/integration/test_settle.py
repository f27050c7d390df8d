"""Rows that stay in doubt are decided by a person: the run goes on with what was decided, and a rollback heeds it."""

from tests.support.making.records import create, retitle
from tests.support.running.command import FAST
from tests.support.servers.odd_servers import Dark

ADA, BOB, EVE, NEW = "ada@example.com", "bob@example.com", "eve@example.com", "new@example.com"


def members(tenant):
    """Return the members of the only group."""
    (team,) = tenant.held["Groups"].values()
    return [member["value"] for member in team["members"]]


def test_what_was_settled_is_resumed_and_rolled_back(bulkscim, job):
    """Such a row could not be decided at all: each resume looked again and left it in doubt.

    Row 1 was patched, row 2 was not, and row 3 was created with a group to join.
    """
    path = job(retitle(BOB), retitle(EVE), create(NEW, groups=["Team"]))
    server = Dark((BOB, EVE, NEW), ("POST",), ADA, BOB, EVE)
    server.add("Groups", {"displayName": "Team", "members": []})
    with server.serving() as tenant:
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        assert outcome.code == 6, outcome.text
        assert bulkscim.status()["in_doubt"] == 3
        assert bulkscim("resume", "last").code == 6

        tenant.user(BOB)["title"] = "New"
        done = [bulkscim("settle", "last", "--row", row, "--as", "done", "--note", "seen") for row in "13"]
        refused = bulkscim(
            "settle", "last", "--row", "2", "--as", "not-applied", "--note", "not seen", "--json"
        )

        assert [one.code for one in done] == [0, 0], done
        assert "The row is done" in done[0].text
        assert "The row is pending: resume does what is left of it" in done[1].text
        assert (refused.code, refused.json["done"], refused.json["pending"]) == (0, 1, 2), refused.text
        assert bulkscim.states() == ["done", "pending", "pending"]
        assert bulkscim("settle", "last", "--row", "1", "--as", "done", "--note", "x").code == 2
        assert bulkscim("verify", "last").code == 0

        tenant.is_dark = False
        outcome = bulkscim("resume", "last")
        assert outcome.code == 0, outcome.text
        assert [line["detail"].partition(" by ")[0] for line in bulkscim.results()] == [
            "settled as done",
            "",
            "settled as done",
        ]
        assert tenant.user(EVE)["title"] == "New"
        assert members(tenant) == [tenant.user(NEW)["id"]]

        undone = bulkscim("rollback", "last", "--yes", *FAST)
        assert undone.code == 0, undone.text
        assert "not undone, since the id is not known: row 3" in undone.text
        assert [tenant.user(name)["title"] for name in (BOB, EVE)] == ["Old", "Old"]
        assert members(tenant) == []
