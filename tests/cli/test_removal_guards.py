"""What a job may remove at most, which users it may not harm, and by which token it may go on."""

import json
import time
from pathlib import Path

import pytest

from tests.support.making.records import create, deactivate, delete, join, retitle
from tests.support.running.command import FAST
from tests.support.servers import odd_servers as odd
from tests.support.servers.small_tenant import SmallTenant, error

NAMES = [f"u{number}@example.com" for number in range(40)]


def job(*records):
    """Write a job file."""
    Path("job.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return "job.jsonl"


def leave(team, member):
    """Ask for a membership to end."""
    return {**join(team, member), "op": "remove_member"}


def team(tenant, size, name="Team"):
    """Put the first users of a tenant into a group."""
    members = [{"value": one} for one in list(tenant.held["Users"])[:size]]
    return tenant.add("Groups", {"displayName": name, "members": members})


@pytest.mark.parametrize(
    ("size", "leaving", "more", "code"),
    [
        (30, 16, (), 4),
        (30, 15, (), 0),
        (10, 10, (), 0),
        (30, 16, ("--max-removals", "16"), 0),
        (30, 16, ("--max-removals", "50%"), 4),
    ],
)
def test_a_group_loses_no_more_than_half_of_its_members(bulkscim, size, leaving, more, code):
    """A file could empty every group of the tenant, exit 0: removals of members were not counted."""
    with SmallTenant(*NAMES).serving() as tenant:
        group = team(tenant, size)
        path = job(*[leave("Team", {"userName": name}) for name in NAMES[:leaving]])
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST, *more)

        assert outcome.code == code, outcome.text
        assert len(tenant.held["Groups"][group["id"]]["members"]) == (size if code else size - leaving)
    assert code == 0 or f"--max-removals {leaving}" in outcome.stderr


@pytest.mark.parametrize(("most", "code"), [("1", 4), ("2", 0), ("50%", 4), ("100%", 0)])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_no_more_groups_lose_all_members_than_is_allowed(bulkscim, command, most, code):
    """A group of ten could be emptied without a word, and so could a hundred of them."""
    with SmallTenant(*NAMES).serving() as tenant:
        for name in ("One", "Two", "Three"):
            team(tenant, 2, name)
        rows = [leave(name, {"userName": user}) for name in ("One", "Two") for user in NAMES[:2]]
        rows.append(leave("Three", {"userName": NAMES[0]}))
        yes = ("--yes",) if command == "run" else ()
        outcome = bulkscim(
            command, job(*rows), "--base-url", tenant.base_url, *FAST, *yes, "--max-emptied", most
        )

    assert outcome.code == code, outcome.text
    assert code == 0 or "--max-emptied 2" in outcome.stderr


def test_the_first_names_that_a_job_removes_are_shown_before_approval(bulkscim):
    """Totals alone do not show that the wrong people are in the file."""
    with SmallTenant(*NAMES).serving() as tenant:
        rows = [delete(name) for name in NAMES[:11]]
        rows.insert(1, leave("Team\x1b[2J", {"userName": NAMES[30]}))
        outcome = bulkscim("run", job(*rows), "--base-url", tenant.base_url, *FAST, "--max-delete", "11")

    assert (outcome.code, tenant.writes) == (4, [])
    lines = outcome.stderr.splitlines()
    assert "removes   delete        u0@example.com" in lines
    assert any("u30@example.com from Team" in line and "\x1b" not in line for line in lines)
    assert "          … and 2 rows more" in lines
    assert not any("u9@" in line for line in lines)


@pytest.mark.parametrize("flag", ["3", "10%"])
def test_a_stricter_limit_holds_for_few_removals(bulkscim, flag):
    """Four removals were not even counted: the limit was asked only of groups that might lose more than half of ten."""
    with SmallTenant(*NAMES).serving() as tenant:
        team(tenant, 30)
        path = job(*[leave("Team", {"userName": name}) for name in NAMES[:4]])
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST, "--max-removals", flag)

    assert outcome.code == 4, outcome.text
    assert "--max-removals 4" in outcome.stderr
    assert tenant.writes == []


def test_a_group_that_rows_name_in_two_ways_is_counted_once(bulkscim):
    """Half of the members could leave under each of its names."""
    with SmallTenant(*NAMES).serving() as tenant:
        group = team(tenant, 12)
        by_name = [leave("Team", {"userName": name}) for name in NAMES[:4]]
        by_id = [{**leave("", {"userName": name}), "id": group["id"]} for name in NAMES[4:8]]
        rows = [*by_name, *({name: value for name, value in row.items() if name != "match"} for row in by_id)]
        outcome = bulkscim("run", job(*rows), "--base-url", tenant.base_url, "--yes", *FAST)

    assert outcome.code == 4, outcome.text
    assert "8 of the 12 members of group Team" in outcome.stderr


@pytest.mark.parametrize(
    "change", [{"op": "remove", "path": "members"}, {"op": "replace", "path": "members", "value": []}]
)
def test_a_group_is_not_emptied_by_one_patch(bulkscim, change):
    """One row emptied a group of 30."""
    with SmallTenant(*NAMES).serving() as tenant:
        team(tenant, 30)
        record = {"op": "patch", "type": "Group", "match": {"displayName": "team"}, "patch": [change]}
        outcome = bulkscim("run", job(record), "--base-url", tenant.base_url, "--yes", *FAST)

    assert outcome.code == 4, outcome.text
    assert "30 of the 30 members of group Team would be removed; 15 are allowed" in outcome.stderr
    assert tenant.writes == []


@pytest.mark.parametrize(
    ("days", "more", "code", "left"),
    [
        (0, (), 0, 0),
        (0, ("--max-delete", "39"), 4, 40),
        (8, (), 4, 40),
        (8, ("--max-delete", "40"), 0, 0),
        (8, ("--soft",), 0, 40),
    ],
)
def test_the_rollback_of_an_old_run_counts_its_deletes(bulkscim, monkeypatch, days, more, code, left):
    """A rollback deleted every user that a run had created a year before, without a guard.

    For a recent run the guard holds that was asked for.
    """
    with SmallTenant().serving() as tenant:
        at = ("--base-url", tenant.base_url, "--yes", *FAST)
        assert bulkscim("run", job(*map(create, NAMES)), *at).code == 0
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
        outcome = bulkscim("rollback", "last", "--yes", *FAST, *more)

        assert outcome.code == code, outcome.text
        assert len(tenant.held["Users"]) == left
    assert code == 0 or ("--max-delete 40" in outcome.stderr and "--soft" in outcome.stderr)


class Plain(SmallTenant):
    """Shows e-mail addresses as plain strings."""

    def page(self, found, query):
        shown = [
            {**one, "emails": [mail["value"] for mail in one["emails"]]} if "emails" in one else one
            for one in found
        ]
        return super().page(shown, query)


def entry(tenant, *protect):
    """Write the tenant's entry."""
    listed = json.dumps(list(protect))
    Path("bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nrate = "500/s"\nprotect = {listed}\n'
    )


ROLES = [{"op": "replace", "path": "roles", "value": []}]
PASSWORD = [{"op": "replace", "path": "password", "value": "n3w-s3cret"}]
RENAME = [{"op": "replace", "path": "userName", "value": "chief@example.com"}]
UNNAME = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "other@example.com"}]
OTHERS = [{"op": "replace", "path": "title", "value": "Chief"}]
BOSS = {"type": "User", "match": {"userName": "boss"}}


@pytest.mark.parametrize("tenant_type", [SmallTenant, Plain])
@pytest.mark.parametrize(
    ("record", "harms"),
    [
        ({**BOSS, "op": "delete"}, True),
        ({**BOSS, "op": "deactivate"}, True),
        ({**BOSS, "op": "patch", "patch": ROLES}, True),
        ({**BOSS, "op": "patch", "patch": PASSWORD}, True),
        ({**BOSS, "op": "patch", "patch": RENAME}, True),
        ({**BOSS, "op": "patch", "patch": UNNAME}, True),
        ({**BOSS, "op": "patch", "patch": OTHERS}, False),
        (leave("Team", {"userName": "boss"}), True),
        ({"op": "patch", "type": "Group", "match": {"displayName": "Team"},
          "patch": [{"op": "replace", "path": "members", "value": []}]}, True),
    ],
)  # fmt: skip
def test_a_protected_account_is_not_harmed_under_another_name(bulkscim, tenant_type, record, harms):
    """`protect` compared the names in the file alone, and heeded delete and deactivate alone."""
    with tenant_type("boss", "bob").serving() as tenant:
        boss = tenant.user("boss")
        boss["emails"] = [{"value": "boss@example.com", "type": "work"}]
        boss["roles"] = [{"value": "admin"}]
        team(tenant, 2)
        entry(tenant, "Boss@Example.com")
        outcome = bulkscim("run", job(record), "--tenant", "acme", "--yes")

    assert outcome.code in ((3, 4) if harms else (0,)), outcome.text
    assert len(tenant.writes) == (not harms)
    shown = bulkscim("results", "last").stdout if outcome.code == 3 else outcome.stderr
    assert not harms or "protected" in shown


@pytest.mark.parametrize(
    ("protect", "more", "code", "said"),
    [
        ("bob", (), 0, ""),
        ("absent", (), 0, "`protect` names absent, which is not in the tenant"),
        ("absent@example.com", (), 4, "--protect-unknown report"),
        ("absent@example.com", ("--protect-unknown", "report"), 0, "protected, but not found: absent@example.com"),
    ],
)  # fmt: skip
def test_a_protected_name_that_may_be_hidden_refuses_removals(bulkscim, protect, more, code, said):
    """A misspelt name in `protect` protected no user, without a word.

    The users show no e-mail address here: so no address is proved absent.
    """
    with SmallTenant("ann", "bob").serving() as tenant:
        entry(tenant, protect)
        outcome = bulkscim("run", job(delete("ann")), "--tenant", "acme", "--yes", *more)
        harmless = bulkscim("run", job(retitle("bob")), "--tenant", "acme", "--yes")

    assert outcome.code == code, outcome.text
    assert said in outcome.stderr
    assert harmless.code == 0, harmless.text


def test_a_patch_that_takes_members_out_is_a_removal(bulkscim):
    """Only rows of remove_member counted, so that a patch removed members while a protected name was unknown."""
    change = {"op": "remove", "path": "members"}
    record = {"op": "patch", "type": "Group", "match": {"displayName": "Team"}, "patch": [change]}
    with SmallTenant("ann", "bob").serving() as tenant:
        team(tenant, 2)
        entry(tenant, "absent@example.com")
        outcome = bulkscim("run", job(record), "--tenant", "acme", "--yes")

    assert (outcome.code, tenant.writes) == (4, []), outcome.text
    assert "--protect-unknown report" in outcome.stderr


def test_a_user_of_the_same_display_name_is_not_protected(bulkscim):
    """The other John Smith could not be deleted."""
    with SmallTenant("john.1", "john.2").serving() as tenant:
        for name in ("john.1", "john.2"):
            tenant.user(name)["displayName"] = "John Smith"
        entry(tenant, "john.1")
        outcome = bulkscim("run", job(delete("john.2")), "--tenant", "acme", "--yes")

        assert outcome.code == 0, outcome.text
        assert len(tenant.held["Users"]) == 1


def test_a_rollback_leaves_the_membership_of_a_protected_account(bulkscim):
    """It took the account out of the group that the run had added it to."""
    with SmallTenant("boss", "bob").serving() as tenant:
        group = team(tenant, 0)
        at = ("--base-url", tenant.base_url, "--yes", *FAST)
        rows = [join("Team", {"userName": "boss"}), join("Team", {"userName": "bob"})]
        assert bulkscim("run", job(*rows), *at).code == 0
        entry(tenant, "boss")
        outcome = bulkscim("rollback", "last", "--yes")

        assert outcome.code == 0, outcome.text
        members = tenant.held["Groups"][group["id"]]["members"]
        assert [one["value"] for one in members] == [tenant.user("boss")["id"]]
    assert "protected, so left as the run made them: boss" in outcome.stderr


class Hiding(odd.Unauthorized):
    """Does not show deactivated users; refuses the token after some writes."""

    async def one(self, request, collection, resource_id, body):
        if request.method == "GET" and not self.held[collection][resource_id].get("active", True):
            return error(404, "not found")
        return await super().one(request, collection, resource_id, body)


@pytest.mark.parametrize("record", [deactivate, delete])
def test_a_token_that_can_prove_nothing_needs_the_tenants_name(bulkscim, monkeypatch, record):
    """After deletes any token was accepted; after deactivations that hide the user none ever was."""
    with Hiding(5, *NAMES).serving() as tenant:
        rows = [record(name) for name in NAMES]
        stopped = bulkscim(
            "run", job(*rows), "--base-url", tenant.base_url, "--yes", *FAST, "--max-delete", "40"
        )
        tenant.good, written = 1000, len(tenant.writes)
        monkeypatch.setenv("BULKSCIM_TOKEN", "rotated-token")
        at = ("--base-url", tenant.base_url)
        refused = bulkscim("resume", "last", *FAST, *at)
        wrong = bulkscim("resume", "last", *FAST, *at, "--same-tenant", "acme")
        assert len(tenant.writes) == written
        resumed = bulkscim("resume", "last", *FAST, "--same-tenant", f"127.0.0.1:{tenant.port}")

    assert stopped.code == 7, stopped.text
    assert refused.code == 12, refused.text
    assert "--same-tenant 127.0.0.1" in refused.stderr
    assert wrong.code == 12, wrong.text
    assert resumed.code == 0, resumed.text
