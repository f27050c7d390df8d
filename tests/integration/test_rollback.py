"""A run taken back on servers that do not know of it: all of it, through kills, and what refuses."""

import json
from collections import Counter

import pytest

from tests.support.making.records import create
from tests.support.running.command import FAST, UNBOUNDED, Command
from tests.support.running.workload import differences, mixed, state_of
from tests.support.servers.odd_writers import Late
from tests.support.servers.scim_server import Tenant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def crews(tenant: Tenant, prefix: str) -> list[dict[str, object]]:
    """Put everybody into groups, and leavers over some; return a record that deletes one of these groups."""
    people = {user["id"]: user["userName"] for user in tenant.users() if user["userName"].startswith(prefix)}
    leavers = [key for key, name in people.items() if "delete" in name]
    others = [key for key, name in people.items() if "patch" in name]
    for number in range(3):
        members = [{"value": user, "type": "User"} for user in list(people)[number::2]]
        tenant.create("Groups", {"displayName": f"{prefix}crew{number}", "members": members})
    for report, leaver in zip(others, leavers, strict=False):
        manager = {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": leaver}}
        tenant.patch("Users", report, manager)
    return [{"op": "delete", "type": "Group", "match": {"displayName": f"{prefix}crew0"}}]


def test_a_thousand_mixed_operations_are_taken_back(tenant: Tenant, bulkscim: Command):
    """Deletes of people in groups and of groups among them: every attribute and every membership is as before."""
    workload = mixed(tenant, seed=5, prefix="back-", scale=0.5)
    path = bulkscim.folder / "job.jsonl"
    lines = [*workload.lines, *crews(tenant, "back-")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    before = state_of(tenant, "back-")
    asked = ("run", path, "--base-url", tenant.base_url, "--yes", *UNBOUNDED, "--create-groups")
    assert len(lines) > 1000
    assert bulkscim(*asked, *FAST).code == 0
    assert len(differences(before, state_of(tenant, "back-"))) > 500

    written = tenant.writes()
    planned = bulkscim("rollback", "last", "-n", *FAST)
    unchanged = tenant.writes()
    outcome = bulkscim("rollback", "last", "--yes", "--json", *FAST, timeout=200)

    assert planned.code == 0, planned.text
    assert planned.stdout.count("created again") == Counter(line.get("op") for line in lines)["delete"]
    assert unchanged == written
    assert differences(before, state_of(tenant, "back-")) == [], outcome.text
    assert outcome.code == 0, outcome.text
    assert outcome.json["failed"] == outcome.json["skipped"] == 0
    again = bulkscim("rollback", "last", "--yes")
    assert again.code == 0
    assert "nothing is left to undo" in again.stderr


def company(tenant: Tenant, prefix: str, people: int = 40) -> list[str]:
    """Make people in two groups, the first ten of them managers of the others; return the names of the managers."""
    names = [f"{prefix}{number}@example.com" for number in range(people)]
    ids: list[str] = []
    for number, name in enumerate(names):
        user = {"userName": name, "active": True, "title": "Engineer"}
        user |= {ENTERPRISE: {"manager": {"value": ids[number % 10]}}} if number >= 10 else {}
        ids.append(tenant.create("Users", user))
    for number in range(2):
        members = [{"value": user, "type": "User"} for user in ids[number::2]]
        tenant.create("Groups", {"displayName": f"{prefix}team{number}", "members": members})
    return names[:10]


def test_deleted_managers_return_to_their_groups_and_reports(tenant: Tenant, bulkscim: Command, job):
    """The new id stands wherever the old one stood."""
    managers = company(tenant, "boss-")
    before = state_of(tenant, "boss-")
    path = job(*({"op": "delete", "match": {"userName": name}} for name in managers))
    assert (
        bulkscim("run", path, "--base-url", tenant.base_url, "--yes", "--max-delete", "10", *FAST).code == 0
    )

    outcome = bulkscim("rollback", "last", "--yes", *FAST)

    assert outcome.code == 0, outcome.text
    assert differences(before, state_of(tenant, "boss-")) == []


def test_a_rollback_that_is_killed_goes_on(tenant: Tenant, bulkscim: Command, job):
    """Killed again and again, then resumed: each step back is taken once, and all is as before."""
    managers = company(tenant, "kill-")
    before = state_of(tenant, "kill-")
    news = ({"op": "create", "data": {"userName": f"kill-new{number}@example.com"}} for number in range(40))
    leavers = ({"op": "delete", "match": {"userName": name}} for name in managers)
    assert (
        bulkscim(
            "run", job(*news, *leavers), "--base-url", tenant.base_url, "--yes", "--max-delete", "10", *FAST
        ).code
        == 0
    )
    child, at = "last/rollback-1", tenant.writes()

    killed = bulkscim.kill_when(
        lambda: tenant.writes() > at + 10, "rollback", "last", "--yes", "--rate", "100/s"
    )
    refused = bulkscim("resume", "last")
    again = bulkscim("rollback", "last", "--yes")
    at = tenant.writes()
    bulkscim.kill_when(lambda: tenant.writes() > at + 10, "resume", child, "--rate", "100/s")
    outcome = bulkscim("resume", child, "--json", *FAST)

    assert killed
    assert refused.code == again.code == 4, again.text
    assert "rollback-1" in refused.stderr
    assert "bulkscim resume" in again.stderr
    assert outcome.code == 0, outcome.text
    assert differences(before, state_of(tenant, "kill-")) == []


def test_runs_are_taken_back_one_after_the_other(tenant: Tenant, bulkscim: Command, job):
    """A user that a later run had deleted and its rollback had recreated stayed, and so did the group: exit 0, and "gone"."""
    names = [f"chain-{number}@example.com" for number in range(4)]
    before = state_of(tenant, "chain-")
    news = [
        *({"op": "create", "data": {"userName": name}, "ref": name} for name in names),
        {
            "op": "create",
            "type": "Group",
            "data": {"displayName": "chain-all", "members": [{"ref": n} for n in names]},
        },
    ]
    one, two = bulkscim.folder / "one", bulkscim.folder / "two"
    to = ("--base-url", tenant.base_url, "--yes", *FAST)
    first = bulkscim("run", job(*news), *to, "--run-dir", one)
    leavers = ({"op": "delete", "match": {"userName": name}} for name in names[:2])
    second = bulkscim("run", job(*leavers), *to, "--run-dir", two)

    too_early = bulkscim("rollback", one, "-n", *FAST)
    outcomes = [first, second, *(bulkscim("rollback", run, "--yes", *FAST) for run in (two, one))]

    assert f"changed the same resources (how many): {two} (2). Roll back the newest first" in too_early.stderr
    assert "later runs" not in outcomes[-1].stderr
    assert [outcome.code for outcome in outcomes] == [0, 0, 0, 0], outcomes[-1].text
    assert differences(before, state_of(tenant, "chain-")) == [], outcomes[-1].text


def test_drift_is_left_named_and_forced(tenant: Tenant, bulkscim: Command, job):
    """What another user has changed since is left as it is (3), both values are said, and force overwrites it."""
    ids = {name: tenant.create("Users", {"userName": f"{name}@drift", "title": "Old"}) for name in "ab"}
    changes = [
        {"op": "patch", "id": ids[name], "data": {"title": "Lead", "nickName": "Nick"}} for name in "ab"
    ]
    assert bulkscim("run", job(*changes), "--base-url", tenant.base_url, "--yes").code == 0
    tenant.patch("Users", ids["a"], {"op": "replace", "path": "title", "value": "Boss"})

    first = bulkscim("rollback", "last", "--yes")
    skipped = bulkscim("results", "last/rollback-1")
    half = tenant.call("GET", f"/Users/{ids['a']}")[1]
    forced = bulkscim("rollback", "last", "--yes", "--on-drift", "force")
    whole = tenant.call("GET", f"/Users/{ids['a']}")[1]

    assert first.code == 3, first.text
    results = (bulkscim.run_folder() / "rollback-1" / "results.csv").read_text()
    assert f"1,patch,User,b@drift,{ids['b']},done,204,,undoes row 2,1" in results
    assert skipped.code == 0
    assert "drift: title is 'Boss', this run had set 'Lead'; left as it is" in results
    assert (half.get("title"), half.get("nickName")) == ("Boss", None)
    assert forced.code == 0, forced.text
    assert whole["title"] == "Old"
    assert tenant.call("GET", f"/Users/{ids['b']}")[1]["title"] == "Old"


def test_an_inverse_as_a_file_is_a_job(tenant: Tenant, bulkscim: Command, job):
    """--out sends nothing and needs no approval; its file does what the rollback would."""
    path = job({"op": "create", "data": {"userName": "out@example.com", "title": "New"}})
    assert (
        bulkscim("run", path, "--base-url", tenant.base_url, "--yes", "--run-dir", bulkscim.runs / "one").code
        == 0
    )
    writes, undo = tenant.writes(), bulkscim.folder / "undo.jsonl"

    written = bulkscim("rollback", bulkscim.runs / "one", "--out", undo)
    unsent = tenant.writes()
    carried = bulkscim("run", undo, "--base-url", tenant.base_url, "--yes", "--json")

    assert written.code == 0, written.text
    assert unsent == writes
    assert undo.stat().st_mode & 0o777 == 0o600
    assert carried.json["done"] == 1, carried.text
    assert "out@example.com" not in {user["userName"] for user in tenant.users()}
    assert bulkscim("rollback", "nowhere").code == 10


def test_nothing_is_sent_without_approval_or_while_the_run_is_held(tenant: Tenant, bulkscim: Command, job):
    """4 and the flag where no user answers; 11 while a process works on the run; its plan asks nothing."""
    path = job(*({"op": "create", "data": {"userName": f"held{number}@example.com"}} for number in range(30)))
    asked = ("run", path, "--base-url", tenant.base_url, "--yes", "--run-dir", bulkscim.runs / "one")
    written = tenant.writes()  # other tests share the tenant
    with bulkscim.running(*asked, "--rate", "1/s") as process:
        while tenant.writes() == written:
            assert process.poll() is None
        held = bulkscim("rollback", bulkscim.runs / "one", "--yes")
        process.kill()
    unapproved = bulkscim("rollback", bulkscim.runs / "one", *FAST)
    planned = bulkscim("rollback", bulkscim.runs / "one", "-n", *FAST)
    before = {user["userName"] for user in tenant.users()}

    done = bulkscim("rollback", bulkscim.runs / "one", "--yes", *FAST)

    assert held.code == 11, held.text
    assert unapproved.code == 4, unapproved.text
    assert "--yes" in unapproved.stderr
    assert planned.code == 0, planned.text
    assert done.code == 0, done.text
    assert any(name.startswith("held") for name in before)
    assert not any(user["userName"].startswith("held") for user in tenant.users())


def test_a_rollback_in_production_wants_the_tenants_name(tenant: Tenant, bulkscim: Command, job):
    """As the run did, also where that was begun by its URL."""
    path = job({"op": "create", "data": {"userName": "production@example.com"}})
    assert bulkscim("run", path, "--base-url", tenant.base_url, "--yes").code == 0
    entry = f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nproduction = true\n'
    (bulkscim.folder / "bulkscim.toml").write_text(entry)

    refused = bulkscim("rollback", "last", "--yes")
    approved = bulkscim("rollback", "last", "--yes-production", "acme")

    assert refused.code == 4, refused.text
    assert "--yes-production acme" in refused.stderr
    assert approved.code == 0, approved.text
    assert "acme" in approved.stderr


def test_what_is_shown_late_is_taken_back(bulkscim: Command, job):
    """A rollback just after the run took new users for gone: "nothing is left to undo", exit 0, and they stayed."""
    with Late().serving() as tenant:
        tenant.late_s = 1.2
        at = ("--base-url", tenant.base_url, *FAST)
        ran = bulkscim("run", job(create("ada@example.com"), create("bob@example.com")), *at, "--yes")
        undone = bulkscim("rollback", "last", *FAST, "--yes")

    assert (ran.code, undone.code) == (0, 0), ran.text + undone.text
    assert tenant.held["Users"] == {}
