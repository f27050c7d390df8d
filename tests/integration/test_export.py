"""`export` writes job files that can be run again; `count` tells who is there."""

import csv
import json

import pytest

from tests.support.running.command import FAST

PEOPLE = 250
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture(scope="module")
def filled(tenant):
    """Put people, a manager, a formula and a group into the tenant."""
    boss = tenant.create("Users", person(0, title="=cmd|' /C calc'!A0"))
    ids = [boss]
    for number in range(1, PEOPLE):
        extension = {ENTERPRISE: {"department": "R&D", "manager": {"value": boss}}}
        more = extension if number == 1 else {}
        ids.append(tenant.create("Users", person(number, active=number % 5 != 0, **more)))
    members = [{"value": one} for one in ids[:3]]
    schema = "urn:ietf:params:scim:schemas:core:2.0:Group"
    tenant.create("Groups", {"schemas": [schema], "displayName": "Engineering", "members": members})
    return tenant


def person(number, **more):
    """Return a user."""
    schemas = [CORE, *([ENTERPRISE] if ENTERPRISE in more else [])]
    return {
        "schemas": schemas,
        "userName": f"p{number}@example.com",
        "active": True,
        "password": "hunter2",
        **more,
    }


@pytest.mark.parametrize("layout", ["jsonl", "csv"])
@pytest.mark.parametrize(("what", "rows"), [("users", PEOPLE), ("groups", 1)])
def test_an_export_run_again_changes_nothing(bulkscim, filled, layout, what, rows):
    """It is a valid job file, and what it asks is there already."""
    out = bulkscim.folder / f"{what}.{layout}"
    reached = ("--base-url", filled.base_url, *FAST)
    outcome = bulkscim("export", what, "--format", layout, "--out", out, *reached)
    assert outcome.code == 0, outcome.text
    assert f"{rows} {what} written" in outcome.stderr
    assert out.stat().st_mode & 0o077 == 0
    assert "hunter2" not in out.read_text()
    again = bulkscim("run", out, *reached, "--yes")
    assert again.code == 0, again.text
    summary = bulkscim.status()
    assert (summary["rows"], summary["noop"]) == (rows, rows), bulkscim.results()[:3]


def test_a_cell_that_a_spreadsheet_would_run_is_guarded(bulkscim, filled):
    """And a manager is named, not numbered."""
    outcome = bulkscim("export", "users", "--format", "csv", "--base-url", filled.base_url, *FAST)
    lines = {line["userName"]: line for line in csv.DictReader(outcome.stdout.splitlines())}
    assert lines["p0@example.com"]["title"].startswith("'=")
    assert lines["p1@example.com"]["manager"] == "p0@example.com"


def test_jsonl_goes_to_standard_output_line_by_line(bulkscim, filled):
    """Nothing else is there."""
    outcome = bulkscim("export", "users", "--base-url", filled.base_url, *FAST)
    names = {json.loads(line)["data"]["userName"] for line in outcome.stdout.splitlines()}
    assert len(names) == PEOPLE


def test_count_tells_active_from_inactive_and_the_size_of_groups(bulkscim, filled):
    """For programs and for people."""
    reached = ("--base-url", filled.base_url, *FAST)
    found = bulkscim("count", "--json", *reached).json
    assert found["users"] == {"active": 201, "inactive": 49, "unknown": 0}
    assert [(group["displayName"], group["members"]) for group in found["groups"]] == [("Engineering", 3)]
    text = bulkscim("count", *reached).stdout
    assert "201" in text
    assert "3  Engineering" in text


def test_an_export_that_cannot_be_whole_leaves_no_file(bulkscim, tmp_path):
    """A wrong address, and nothing half written."""
    out = tmp_path / "users.jsonl"
    outcome = bulkscim(
        "export", "users", "--out", out, "--base-url", "http://127.0.0.1:9/v2", "--timeout", "2"
    )
    assert outcome.code == 5, outcome.text
    assert not out.exists()
