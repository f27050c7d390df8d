"""A canary is done first and read back; the other rows wait until all of it is right."""

import io
import json
from pathlib import Path

import pytest

from tests.support.making.few import few
from tests.support.making.records import create, delete, join, retitle
from tests.support.running.command import FAST
from tests.support.servers import odd_servers as odd
from tests.support.servers.small_tenant import SmallTenant, scim

SOON = ("--profile", "./quick.toml")
NAMES = [f"u{number}@example.com" for number in range(6)]


def job(*records):
    """Write a job file, and a profile of a tenant that soon shows what is written."""
    Path("quick.toml").write_text("visibility_lag_s = 0.2\n")
    Path("job.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return "job.jsonl"


class Deaf(SmallTenant):
    """Takes changes of a title and does not make them, while it is `deaf`."""

    deaf = True

    def patch(self, collection, resource_id, body):
        if self.deaf and "title" in json.dumps(body):
            return scim(200, self.held[collection][resource_id])
        return super().patch(collection, resource_id, body)


ROWS = [
    *map(retitle, NAMES[:3]),
    *(create(f"new{number}@example.com") for number in range(3)),
    delete(NAMES[5]),
]


@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_the_others_follow_where_all_of_the_canary_is_right(bulkscim, more):
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = bulkscim(
            "run", job(*ROWS), "--base-url", tenant.base_url, *SOON, *FAST, "--canary", "3", *more
        )
        done = [(one.method, one.path.split("/")[1]) for one in tenant.writes]

    assert outcome.code == (0 if more else 4), outcome.text
    assert "canary    3 rows first, which are read back before the others are sent: 1, 4, 7" in outcome.stderr
    assert sorted(done[:3]) == ([("DELETE", "Users"), ("PATCH", "Users"), ("POST", "Users")] if more else [])
    assert len(done) == (len(ROWS) if more else 0)


def not_right(bulkscim, tenant, *more):
    """Begin a run whose canary is not right; return how it ended."""
    at = ("--base-url", tenant.base_url, *SOON, *FAST, "--yes", "--canary", "3", *more)
    return bulkscim("run", job(*ROWS), *at)


def test_a_run_stops_where_the_canary_is_not_right_and_resume_asks(bulkscim):
    """A tenant that takes changes and ignores them was found out when all rows were done. The approval of the run is none of this."""
    with Deaf(*NAMES).serving() as tenant:
        stopped = not_right(bulkscim, tenant)
        written = [len(tenant.writes)]
        refused = bulkscim("resume", "last", *FAST)
        written.append(len(tenant.writes))
        resumed = bulkscim("resume", "last", *FAST, "--yes")
        written.append(len(tenant.writes))
        again = bulkscim("resume", "last", *FAST)

    assert stopped.code == 5, stopped.text
    assert "row 1: patch User u0@example.com: failed: " in stopped.stderr
    assert "title" in stopped.stderr
    nexts = [line.split()[2] for line in stopped.stderr.splitlines() if line.startswith("next: ")]
    assert nexts == ["retry", "resume"]
    assert (refused.code, resumed.code, again.code) == (4, 3, 3), refused.text + resumed.text
    assert "canary    1 of the 3 rows of the canary did not end as wanted" in refused.stderr
    assert f"Send the other {len(ROWS) - 3} rows all the same?" in refused.stderr
    assert "--yes" in refused.stderr
    assert written == [3, 3, len(ROWS)]


def test_a_stopped_run_names_the_undo_of_what_it_has_changed(bulkscim):
    """The users of the canary are there, and no line said how to take them back."""
    with Deaf(*NAMES).serving() as tenant:
        stopped = not_right(bulkscim, tenant)
        status = bulkscim("status", "last")
        (undo,) = [line for line in stopped.stderr.splitlines() if line.startswith("undo: ")]
        undone = bulkscim(*undo.split()[2:], *FAST)

    assert undo in status.text
    assert undone.code == 0, undone.text
    assert "new" in undone.text


def test_retry_repeats_the_canary_and_goes_on_where_it_is_right(bulkscim):
    with SmallTenant(*NAMES).serving() as tenant:
        rows = job(retitle("late@example.com"), *map(retitle, NAMES))
        stopped = bulkscim("run", rows, "--base-url", tenant.base_url, *SOON, *FAST, "--yes", "--canary", "1")
        again = bulkscim("retry", "last", *FAST, "--yes")
        written = len(tenant.writes)
        tenant.add("Users", {"userName": "late@example.com"})
        right = bulkscim("retry", "last", *FAST)

    assert (stopped.code, again.code, written) == (5, 5, 0), again.text
    assert "1 of the 1 rows of the canary did not end as wanted" in again.stderr
    assert right.code == 0, right.text
    assert "canary: all 1 rows are right" in right.stderr
    assert len(tenant.writes) == len(NAMES) + 1


def test_the_command_for_a_corrected_file_keeps_canary_and_guards(bulkscim):
    """It began all rows at once and without a limit, which the user had not wanted. Usual guards are not named."""
    with Deaf(*NAMES).serving() as tenant:
        stopped = not_right(bulkscim, tenant, "--max-update", "50")
        with Path("job.jsonl").open("a") as file:
            file.write(json.dumps(create("new9@example.com")) + "\n")
        refused = bulkscim("retry", "last", *FAST)

    assert (stopped.code, refused.code) == (5, 12), refused.text
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("next: bulkscim run ")]
    assert "--canary 3 --max-update 50" in line
    assert "--max-delete" not in line
    assert "--yes" not in line


def test_where_the_others_were_sent_all_the_same_a_later_session_does_not_ask(bulkscim):
    with odd.Unauthorized(10_000, *NAMES).serving() as tenant:
        rows = [retitle("absent@example.com"), *map(retitle, NAMES)]
        at = ("--base-url", tenant.base_url, *SOON, *FAST, "--yes", "--concurrency", "1")
        stopped = bulkscim("run", job(*rows), *at, "--canary", "1")
        tenant.good = len(tenant.writes) + 3
        interrupted = bulkscim("resume", "last", *FAST, "--yes", "--concurrency", "1")
        tenant.good = 10_000
        resumed = bulkscim("resume", "last", *FAST)

    assert (stopped.code, interrupted.code, resumed.code) == (5, 7, 3), interrupted.text + resumed.text
    assert "canary" not in resumed.stderr


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 3), ("no\n", 4)])
def test_resume_asks_at_a_terminal(bulkscim, monkeypatch, typed, code):
    with Deaf(*NAMES).serving() as tenant:
        not_right(bulkscim, tenant)
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        resumed = bulkscim("resume", "last", *FAST)

    assert resumed.code == code, resumed.text
    assert f"Send the other {len(ROWS) - 3} rows all the same? Type yes to go on:" in resumed.stderr


class Terminal(io.StringIO):
    """Where a user types."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "more"), few([("yes\n", True), ("\n", False), ("no\n", False), ("", False)], 2)
)
def test_the_user_is_asked_at_a_terminal_whether_the_others_follow(bulkscim, monkeypatch, typed, more):
    """An approval that was given in advance is none of a canary that is not right."""
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    with Deaf(*NAMES).serving() as tenant:
        at = ("--base-url", tenant.base_url, *SOON, *FAST, "--yes")
        outcome = bulkscim("run", job(*ROWS), *at, "--canary", "3")
        written = len(tenant.writes)

    asked = f"Send the other {len(ROWS) - 3} rows all the same? Type yes to go on:"
    assert asked in outcome.stderr
    assert "did not end as wanted" in outcome.stderr.partition(asked)[0]
    assert (outcome.code, written) == ((3, len(ROWS)) if more else (5, 3)), outcome.text


def test_rows_that_the_canary_needs_are_part_of_it(bulkscim):
    """A membership waits for its member's row, and a later row of a user for the earlier one."""
    nick = retitle(NAMES[0])
    nick["patch"] = [{"op": "replace", "path": "nickName", "value": "Nick"}]
    rows = [create("a@example.com"), create("b@example.com"), create("c@example.com")]
    rows += [retitle(NAMES[1]), retitle(NAMES[0]), nick, join("Team", {"userName": "c@example.com"})]
    with SmallTenant(*NAMES).serving() as tenant:
        tenant.add("Groups", {"displayName": "Team", "members": []})
        outcome = bulkscim(
            "run", job(*rows), "--base-url", tenant.base_url, *SOON, *FAST, "--yes", "--canary", "4"
        )

    assert outcome.code == 0, outcome.text
    assert "canary    6 rows first" in outcome.stderr, outcome.text
    assert ": 1, 3, 4, 5, 6, 7" in outcome.stderr


@pytest.mark.parametrize("planned", [False, True])
def test_rows_that_have_nothing_to_change_are_no_canary(bulkscim, planned):
    """They end as wanted at any tenant, and then all changes were sent at once."""
    with Deaf(*NAMES).serving() as tenant:
        for name in NAMES[:3]:
            tenant.user(name)["title"] = retitle(name)["patch"][0]["value"]
        at, path = ("--base-url", tenant.base_url, *SOON, *FAST), job(*map(retitle, NAMES))
        if planned:
            bulkscim("plan", path, *at, "-o", "job.plan")
            path = "job.plan"
        stopped = bulkscim("run", path, *at, "--yes", "--canary", "2")
        written = len(tenant.writes)

    assert (stopped.code, written) == (5, 2 if planned else 1), stopped.text
    assert f"are read back before the others are sent: {'4, 5' if planned else '1, 2'}" in stopped.stderr
    assert "of the 2 rows of the canary did not end as wanted" in stopped.stderr


def test_where_few_rows_change_something_the_canary_comes_to_an_end(bulkscim):
    """After ten times as many rows the others follow."""
    names = [f"u{number}@example.com" for number in range(25)]
    with SmallTenant(*names).serving() as tenant:
        for name in names[:24]:
            tenant.user(name)["title"] = retitle(name)["patch"][0]["value"]
        path = job(*map(retitle, names))
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, *SOON, *FAST, "--yes", "--canary", "2")

    assert (outcome.code, len(tenant.writes)) == (0, 1), outcome.text
    assert "canary: all 20 rows are right, 20 of them had nothing to change" in outcome.stderr


def test_rows_that_the_run_does_not_take_are_not_tried_in_place_of_others(bulkscim):
    """Looking for a change among them ended the run as a bug."""
    with SmallTenant(*NAMES).serving() as tenant:
        for name in NAMES[3:5]:
            tenant.user(name)["title"] = retitle(name)["patch"][0]["value"]
        path, at = job(*map(retitle, NAMES)), ("--base-url", tenant.base_url, *SOON, *FAST, "--yes")
        first = bulkscim("run", path, *at, "--limit", "3")
        rest = bulkscim("run", path, *at, "--not-in", "last", "--canary", "1")

    assert (first.code, rest.code, len(tenant.writes)) == (0, 0, 4), rest.text


def test_a_run_that_is_interrupted_finishes_its_canary_first(bulkscim):
    with odd.Unauthorized(2, *NAMES).serving() as tenant:
        stopped = bulkscim(
            "run",
            job(*ROWS),
            "--base-url",
            tenant.base_url,
            *FAST,
            "--yes",
            "--canary",
            "3",
            "--concurrency",
            "1",
        )
        tenant.good, written = 1000, len(tenant.writes)
        resumed = bulkscim("resume", "last", *FAST)
        after = [one.method for one in tenant.writes[written:]]

    assert stopped.code == 7, stopped.text
    assert resumed.code == 0, resumed.text
    assert "canary: all 3 rows are right" in resumed.stderr
    assert after[0] == "DELETE"


def test_a_dry_run_has_no_canary(bulkscim):
    with SmallTenant(*NAMES).serving() as tenant:
        outcome = bulkscim(
            "run", job(*ROWS), "--base-url", tenant.base_url, *SOON, *FAST, "-n", "--canary", "3"
        )

    assert (outcome.code, tenant.writes) == (0, [])
