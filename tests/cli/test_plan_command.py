"""`plan` shows what a job would do, and changes nothing."""

import json
import re

import pytest

PEOPLE = "userName,title\nnew@x.test,Lead\nuser0@example.com,Chief\nuser1@example.com,Old\n"


@pytest.fixture
def job(tmp_path, tenant):
    """Return what plans a job that creates, changes and leaves users."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    return ("plan", "people.csv", "--op", "upsert", *tenant.reached)


def test_a_plan_says_what_would_become_of_each_row(bulkscim, tenant, job):
    outcome = bulkscim(*job)

    assert (outcome.code, tenant.writes) == (0, [])
    first, *lines = outcome.stdout.splitlines()
    assert first.startswith("plan: 1 to create, ")
    assert "  row 1  User new@x.test" in lines
    assert any(line.endswith('→ "Chief"') for line in lines)
    assert "next: bulkscim run people.csv" in outcome.stderr


def test_a_plan_says_what_its_run_takes(bulkscim, tenant, tmp_path):
    """It said what the plan itself takes, and an admin took that for the run."""
    people = "".join(f"new{number}@x.test,Team {number % 3}\n" for number in range(40))
    (tmp_path / "people.csv").write_text(f"userName,groups\n{people}")
    job = ("people.csv", "--op", "create", "--create-groups", *tenant.reached)

    planned, done, again = (bulkscim(*command, *job) for command in (("plan",), ("run", "--yes"), ("plan",)))

    (told,) = re.findall(r"^the run   about .*\(about (\d+) requests\)$", planned.stderr, re.MULTILINE)
    sent = int(re.findall(r"^(\d+) requests, ", done.stderr, re.MULTILINE)[0])
    assert abs(int(told) - sent) <= 0.2 * sent
    assert re.search(r"^reads     about .* requests?\)$", planned.stderr, re.MULTILINE)
    assert "takes  " not in planned.stderr
    assert again.code == 0
    assert "the run " not in again.stderr, again.text


def test_a_plan_as_json_has_an_object_for_each_row_in_their_order(bulkscim, tenant, job):
    outcome = bulkscim(*job, "--json")

    rows = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert (rows[0]["row"], rows[0]["decision"], rows[0]["key"]) == (1, "create", "new@x.test")
    assert rows[1]["changes"][0]["after"] == "Chief"
    assert "--json" not in outcome.stderr.partition("next: ")[2]


def test_a_plan_lists_all_rows_where_that_is_wanted(bulkscim, tenant, job):
    outcome = bulkscim(*job, "--all")

    assert outcome.stdout.startswith("  row 1  create  User new@x.test")
    assert "\nplan: 1 to create" in outcome.stdout


@pytest.mark.parametrize(("text", "code"), [(PEOPLE, 3), ("userName\nuser0@example.com\n", 0)])
def test_a_plan_ends_with_3_for_changes_where_that_is_wanted(bulkscim, tenant, job, tmp_path, text, code):
    (tmp_path / "people.csv").write_text(text)

    assert bulkscim(*job, "--exit-code").code == code


def test_a_guard_refuses_in_a_plan_as_in_a_run(bulkscim, tenant, tmp_path):
    (tmp_path / "leavers.csv").write_text("userName\n" + "".join(f"user{n}@example.com\n" for n in range(3)))

    outcome = bulkscim("plan", "leavers.csv", "--op", "delete", "--max-delete", "2", *tenant.reached)

    assert (outcome.code, tenant.writes) == (4, [])
    assert "--max-delete 3" in outcome.stderr
    assert "plan: 0 to create, 0 to change, 0 to deactivate, 3 to delete" in outcome.stdout


def test_a_plan_counts_what_rows_would_really_change(bulkscim, tenant, tmp_path):
    """An export could not be run where many users are inactive: the file alone does not tell that they are so already."""
    for user in tenant.held["Users"].values():
        user["active"] = False
    rows = "".join(f"user{number}@example.com,false\n" for number in range(3))
    (tmp_path / "all.csv").write_text(f"userName,active\n{rows}")
    at = ("all.csv", "--op", "upsert", "--max-delete", "2", *tenant.reached)

    refused, planned = bulkscim("run", *at, "--yes"), bulkscim("plan", *at, "-o", "all.plan")
    applied = bulkscim("run", "all.plan", "--yes", "--max-delete", "2", *tenant.reached)

    assert (refused.code, planned.code, applied.code) == (4, 0, 0), refused.text + planned.text + applied.text
    assert "a plan counts what the rows would really change" in refused.stderr
