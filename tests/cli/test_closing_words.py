"""What a run and a dry run say at their end is true, and is understood without the documentation."""

import io
import json
import time

import pytest

from bulkscim.commands.final_report import _summary
from bulkscim.journal import tombstone
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.tombstone import Tombstone
from bulkscim.model.run import RunState, Totals
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.next_commands import Typed
from bulkscim.runs.report import RunReport

MISSING = (
    "userName,groups\na@x.test,Alpha;Beta\nb@x.test,Alpha\nc@x.test,Beta;Gamma\nuser0@example.com,Alpha\n"
)
LEAVERS = "op,type,displayName,member\n" + "".join(
    f"remove_member,Group,{group},{member}\n"
    for group, member in (
        ("Staff", "user0@example.com"),
        ("Staff", "user1@example.com"),
        ("Staff", "user2@example.com"),
    )
)
NOT_IN = "… was not in the group"
UNKNOWN = "whether the member was in the group is not known; a rollback does not add it"


def test_a_dry_run_says_what_would_be_done_and_counts_what_was_sent(bulkscim, tenant, tmp_path):
    """It said "2 done", and its requests counted changes that were never sent."""
    (tmp_path / "people.csv").write_text("userName,title\nnew@x.test,Lead\nuser0@example.com,Old\n")

    outcome = bulkscim("run", "people.csv", "--op", "create", "-n", "--json", *tenant.reached)

    assert (outcome.code, tenant.writes) == (0, [])
    assert "dry run, nothing was changed: finished: 2 rows" in outcome.stderr
    assert ": 1 would be done, 1 would be adopted (existed already)" in outcome.stderr
    assert (outcome.json["state"], outcome.json["done"], outcome.json["adopted"]) == ("finished", 1, 1)
    looked = [
        one for one in tenant.seen if "ServiceProviderConfig" in one.path or one.path.endswith("&count=1")
    ]
    sent = len(tenant.seen) - len(looked)
    assert outcome.json["requests"] == sent
    assert f"\n{sent} requests, reads only, 0 of them repeats, 0 throttled\n" in outcome.stderr


def test_failures_are_grouped_by_the_group_that_is_missing(bulkscim, tenant, tmp_path):
    """Each combination of missing groups was a cause of its own, so that no line counted the rows of one group."""
    (tmp_path / "people.csv").write_text(MISSING)
    job = ("run", "people.csv", "--op", "upsert", *tenant.reached)

    planned, outcome = bulkscim(*job, "-n"), bulkscim(*job, "--yes", "--json")

    why = "group:{0} not set: no Group with displayName {0}; create it first, or pass --create-groups"
    for name, rows in (("Alpha", "2 rows (1, 2)"), ("Beta", "2 rows (1, 3)"), ("Gamma", "1 row (3)")):
        assert f"  would fail: 404 {why.format(name)}: " in planned.stderr
        assert f"  created; {why.format(name)}: {rows}\n" in outcome.stderr
    assert outcome.stderr.count("--create-groups creates missing groups, and then adds the members") == 1
    assert {one["count"] for one in outcome.json["causes"]} == {1, 2}
    assert outcome.json["failed"] == 4


@pytest.mark.parametrize(
    ("members", "state", "told"),
    [(1, "noop", f"{NOT_IN}: 2 rows (2, 3)"), (0, "done", f"{UNKNOWN}: 3 rows (1, 2, 3)")],
)
def test_removals_of_members_that_are_not_in_a_group_are_listed(
    bulkscim, tenant, tmp_path, members, state, told
):
    """A noop of a member that was not in the group was named in results.csv alone.

    A dry run called a removal "done" of which it did not know whether there is anything to remove.
    """
    member = {"value": tenant.user("user0@example.com")["id"]}
    tenant.add("Groups", {"displayName": "Staff", "members": [member] * members})
    (tmp_path / "leavers.csv").write_text(LEAVERS)
    job = ("run", "leavers.csv", "--max-removals", "100%", *tenant.reached)

    planned, outcome = bulkscim(*job, "-n"), bulkscim(*job, "--yes")

    assert f"  would be {state}: {told}\n" in planned.stderr
    assert f"  {state}: {told}\n" in outcome.stderr
    assert outcome.code == 0


JOINS = "op,type,displayName,member\n" + "".join(
    f"add_member,Group,Staff,user{number}@example.com\n" for number in range(2)
)


def test_a_rollback_names_groups_and_members(bulkscim, tenant, tmp_path):
    """It showed their ids alone, and --key did not know a member by the name that the file has."""
    group = tenant.add("Groups", {"displayName": "Staff", "members": []})
    (tmp_path / "joins.csv").write_text(JOINS)
    assert bulkscim("run", "joins.csv", "--run-dir", "runs/one", "--yes", *tenant.reached).code == 0

    planned = bulkscim("rollback", "one", "-n")
    none = bulkscim("rollback", "one", "--key", "user999@example.com", "--yes")
    assert (none.code, "--key user999@example.com: no user or group" in none.stderr) == (2, True), none.text
    one = bulkscim("rollback", "one", "--key", "user1@example.com", "--yes")
    rest = bulkscim("rollback", "one", "--yes")
    again = bulkscim("rollback", "one/rollback-1", "-n")

    assert "Group Staff: member user0@example.com leaves" in planned.stdout
    assert (one.code, rest.code) == (0, 0)
    assert tenant.held["Groups"][group["id"]]["members"] == []
    results = (tmp_path / "runs/one/rollback-1/results.csv").read_text()
    assert "1,patch,Group,Staff," in results
    assert "undoes row 2; member user1@example.com leaves" in results
    assert "Group Staff: member user1@example.com returns" in again.stdout
    told = bulkscim("explain", "one/rollback-2", "--row", "1").stdout
    assert "of the run: Group Staff; member user0@example.com leaves" in told


def test_a_rollback_names_the_later_runs_that_changed_the_same(bulkscim, tenant, tmp_path):
    """It blamed others for what a later run had changed, and proposed commands that change nothing."""
    for run, names in (("a", (0, 1)), ("b", (0, 1)), ("c", (2,))):
        lines = "".join(f"user{number}@example.com,{run}\n" for number in names)
        (tmp_path / "titles.csv").write_text(f"userName,title\n{lines}")
        job = ("run", "titles.csv", "--op", "patch", "--yes", "--run-dir", f"runs/{run}", *tenant.reached)
        assert bulkscim(*job).code == 0
    (tmp_path / "runs/purged").mkdir()
    tombstone.keep(tmp_path / "runs/purged", LocalDisk(), Tombstone(began=time.time() + 1))

    planned = bulkscim("rollback", "a", "-n")
    outcome = bulkscim("rollback", "a", "--yes")
    resumed = bulkscim("resume", "a")
    tenant.user("user0@example.com")["title"] = "Boss"
    by_others = bulkscim("rollback", "b", "-n")

    same = "changed the same resources (how many): b (2). Roll back the newest first:\nnext: bulkscim rollback b -n\n"
    assert same in planned.stderr
    assert "changed none of the same resources: c\n" in planned.stderr
    assert "cannot be read, so that it is not known what they changed: purged\n" in planned.stderr
    for one in (planned, outcome):
        last = one.stderr.splitlines()[-4:]
        assert last[0].startswith(
            "2 rows left, since their resources were changed after the run: by a later run (b)"
        )
        commands = ("next: bulkscim rollback b -n", "next: bulkscim rollback a --on-drift force -n")
        assert (last[1], last[3]) == commands
        assert one.stderr.count("next: ") == 3
    assert resumed.stderr.endswith("next: bulkscim rollback a/rollback-1 -n\n")
    assert "next: bulkscim rollback b\n1 row left, since others changed their resources" in by_others.stderr


def test_a_misspelled_group_is_named_with_the_group_that_may_be_meant(bulkscim, tenant, tmp_path):
    """A removal from a misspelled group ended well, and nothing named the group that was meant."""
    member = [{"value": tenant.user("user0@example.com")["id"]}]
    for name in ("Engineering", "Tier 1"):
        tenant.add("Groups", {"displayName": name, "members": member})
    groups = ("Engineering", "Enginering", "Tier 1", "Tier 2", "Tier 2", "Else")
    rows = "".join(f"{group},user0@example.com\n" for group in groups)
    (tmp_path / "leavers.csv").write_text(f"displayName,member\n{rows}")
    job = ("run", "leavers.csv", "--op", "remove_member", "--max-removals", "100%", "-n", *tenant.reached)
    creating = ("run", "leavers.csv", "--op", "add_member", "--create-groups", "-n", *tenant.reached)

    removed, added = bulkscim(*job), bulkscim(*creating)

    why = "  would be noop: no Group with displayName {}: nothing to remove: {}\n"
    found = why.format("Enginering", "1 row (2)") + '    did you mean "Engineering"?\n'
    assert found in removed.stderr
    assert why.format("Tier 2", "2 rows (4, 5)") in removed.stderr
    assert removed.stderr.count("did you mean") == 1
    assert '"Enginering"' in added.stderr
    assert '\n    did you mean "Engineering"?\n' in added.stderr


def test_going_on_says_first_what_is_left(bulkscim, tenant, tmp_path):
    """A run that had ended was told again as if its rows had just been done."""
    (tmp_path / "people.csv").write_text("userName,groups\na@x.test,Alpha\nb@x.test,\n")
    bulkscim("run", "people.csv", "--op", "create", *tenant.reached, "--yes")
    (folder,) = (tmp_path / "runs").iterdir()

    resumed = bulkscim("resume", "last", *tenant.reached)
    retried = bulkscim("retry", "last", *tenant.reached, "--create-groups", "--yes")

    assert f"run       {folder.name}: nothing is left to do: no change is sent\n" in resumed.stderr
    assert f"run       {folder.name}: 1 of 2 rows are left\n" in retried.stderr
    assert "changed   --create-groups\n" in retried.stderr


@pytest.mark.parametrize(
    ("state", "totals", "following"),
    [
        (RunState.FINISHED, Totals(rows=2, done=1, noop=1), ("bulkscim run job.csv",)),
        (RunState.FINISHED, Totals(rows=2, noop=2), ()),
        (RunState.FINISHED, Totals(rows=2, done=1, failed=1), ("bulkscim run job.csv -n",)),
        (RunState.INTERRUPTED, Totals(rows=2, done=1, pending=1), ("bulkscim run job.csv -n",)),
        (RunState.STOPPED, Totals(rows=2, pending=2), ("bulkscim run job.csv -n",)),
    ],
)
def test_a_dry_run_that_did_not_come_to_its_end_is_followed_by_another(state, totals, following):
    """The command that was printed sent the changes, of which most had not been shown."""
    report = RunReport(None, totals, state)
    people = Console(io.StringIO(), None, volume=Volume.NORMAL, yes=True)
    summary, _ = _summary(report, people, Typed((), (), "bulkscim run job.csv", "bulkscim run job.csv -n"))

    assert summary.next == following


def test_members_that_are_missing_are_named_together(bulkscim, tenant, tmp_path):
    """Each was told by itself until the text was cut, and the row was counted once for each: rows (1, 1, 1, …)."""
    members = [{"userName": f"missing{number}@x.test"} for number in range(5)]
    record = {"op": "create", "type": "Group", "data": {"displayName": "Choir", "members": members}}
    (tmp_path / "job.jsonl").write_text(json.dumps(record) + "\n")

    outcome = bulkscim("run", "job.jsonl", "--yes", *tenant.reached)

    names = ", ".join(one["userName"] for one in members)
    assert f"  created; members not set: no User with userName {names}: 1 row (1)" in outcome.stderr
    assert "1, 1" not in outcome.stderr


def test_the_common_spelling_of_a_group_is_not_said_to_be_wrong(bulkscim, tenant, tmp_path):
    """A group of one row was suggested for that of all others."""
    teams = ["Engineering"] * 3 + ["Enginering"]
    rows = "".join(f"new{number}@x.test,{team}\n" for number, team in enumerate(teams))
    (tmp_path / "job.csv").write_text(f"userName,groups\n{rows}")

    outcome = bulkscim("run", "job.csv", "--op", "create", "--create-groups", "--yes", *tenant.reached)

    assert 'did you mean "Engineering"?' in outcome.stderr
    assert 'did you mean "Enginering"' not in outcome.stderr
    assert 'or "Enginering"' not in outcome.stderr
