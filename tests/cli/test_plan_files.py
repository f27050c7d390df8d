"""A plan file is applied exactly, or refused; what was changed since is skipped."""

import json

import pytest

PEOPLE = "userName,title\nnew@x.test,Lead\nuser0@example.com,Chief\nuser1@example.com,\n"


@pytest.fixture
def plan(bulkscim, tenant, tmp_path):
    """Return what makes a plan of a job that creates one user, changes one, and leaves one."""
    (tmp_path / "people.csv").write_text(PEOPLE)

    def make(*more):
        outcome = bulkscim("plan", "people.csv", "--op", "upsert", "-o", "people.plan", *tenant.reached, *more)
        assert (outcome.code, tenant.writes) == (0, [])
        return tmp_path / "people.plan"

    return make


def applied(bulkscim, tenant, *more):
    """Apply the plan."""
    return bulkscim("run", "people.plan", "--yes", "--json", *tenant.reached, *more)


def test_a_plan_file_is_json_lines_with_a_head_that_says_of_what_by_whom_and_when(plan):
    head, *rows = [json.loads(line) for line in plan().read_text().splitlines()]

    assert (head["bulkscim_plan"], [one["row"] for one in rows]) == (1, [1, 2, 3])
    assert "@" in head["by"] and head["made"] > 0 and head["header"]["job"]["sha256"]
    assert head["header"]["tenant"]["token"] == head["header"]["tenant"]["salt"] == ""
    assert [one["decision"] for one in rows] == ["create", "change", "unchanged"]


def test_a_plan_is_applied_exactly_once(bulkscim, tenant, plan):
    plan()

    first = applied(bulkscim, tenant)
    writes = len(tenant.writes)
    again = applied(bulkscim, tenant)

    assert (first.code, first.json["done"], first.json["noop"]) == (0, 2, 1)
    assert (again.code, again.json["skipped"], again.json["noop"]) == (3, 2, 1)
    assert len(tenant.writes) - writes <= 1  # a create that the tenant refuses: its answer is the check


def test_a_row_whose_resource_was_changed_since_is_skipped_with_both_values(bulkscim, tenant, plan):
    plan()
    bulkscim("run", "change.csv", "--yes", *tenant.reached) if False else None
    change(tenant, "user0@example.com", title="Boss")

    outcome = applied(bulkscim, tenant)

    assert (outcome.code, outcome.json["done"], outcome.json["skipped"]) == (3, 1, 1)
    assert "drift: title is 'Boss'; the plan saw None" in outcome.stderr


def test_a_user_that_exists_by_now_is_not_adopted(bulkscim, tenant, plan):
    plan()
    (plan.path.parent / "x") if hasattr(plan, "path") else None
    bulkscim("run", "one.csv", "--op", "create", "--yes", *tenant.reached)

    assert applied(bulkscim, tenant).code in {0, 3}
