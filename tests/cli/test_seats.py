"""A run does not take a seat that is not there."""

import json
from pathlib import Path

import pytest

from tests.support.making.records import create, deactivate, delete
from tests.support.running.command import FAST
from tests.support.servers.short_listings import SamePage
from tests.support.servers.small_tenant import SmallTenant

NAMES = [f"u{number}@example.com" for number in range(6)]
NEW = [f"new{number}@example.com" for number in range(4)]
OFF = create("off@example.com")
OFF["data"]["active"] = False
ON = {"op": "activate", "type": "User", "match": {"userName": NAMES[5]}}


@pytest.fixture
def tenant():
    """Serve a tenant with five active users and one that is not."""
    with SmallTenant(*NAMES).serving() as serving:
        serving.user(NAMES[5])["active"] = False
        serving.at = ("--base-url", serving.base_url, *FAST)
        yield serving


def job(*records):
    """Write a job file."""
    Path("job.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return "job.jsonl"


@pytest.mark.parametrize(
    ("records", "taken", "freed"),
    [
        (list(map(create, NEW[:2])), 2, 0),
        ([create(NEW[0]), ON], 2, 0),
        ([create(NEW[0]), create(NEW[1]), create(NEW[2]), deactivate(NAMES[0])], 3, 1),
        ([create(NEW[0]), create(NEW[1]), create(NEW[2]), delete(NAMES[0])], 3, 1),
        ([create(NEW[0]), create(NEW[1]), OFF, delete(NAMES[5])], 2, 0),
    ],
)
def test_a_plan_says_how_many_seats_are_used(bulkscim, tenant, records, taken, freed):
    refused = bulkscim("plan", job(*records), *tenant.at, "--seats", "6")
    allowed = bulkscim("plan", job(*records), *tenant.at, "--seats", "7", "-o", "job.plan")
    stale = bulkscim("run", "job.plan", *tenant.at, "--seats", "6")

    told = f"5 used + {taken} - {freed} = 7 of"
    assert (refused.code, allowed.code, stale.code, tenant.writes) == (4, 0, 4, [])
    assert f"seats: {told} 7" in allowed.stderr
    for outcome in (refused, stale):
        assert f"not enough seats: {told} 6. To allow them: --seats 7" in outcome.stderr, outcome.text


def test_a_run_stops_before_the_seat_that_is_not_there(bulkscim, tenant):
    """What a deactivation frees is there for later rows, and all sessions count."""
    rows = [deactivate(NAMES[0]), *map(create, NEW), OFF, delete(NAMES[1])]
    stopped = bulkscim("run", job(*rows), *tenant.at, "--yes", "--seats", "7", "--concurrency", "1")
    active = sum(one["active"] is not False for one in tenant.held["Users"].values() if "active" in one)
    again = bulkscim("retry", "last", *FAST)
    lifted = bulkscim("resume", "last", *FAST, "--seats", "8")

    assert (stopped.code, again.code, lifted.code) == (4, 4, 0), stopped.text + again.text + lifted.text
    assert "row 5 needs a seat, and --seats allows 7 (5 were used at the start)" in stopped.stderr
    assert "--seats 10" in stopped.stderr.partition("next: ")[2]
    assert active <= 7


@pytest.mark.parametrize(
    ("records", "told"),
    [
        (list(map(create, NEW[:2])), "5 used + 2 - 0 = 7 of 6"),
        ([ON, create(NEW[0])], "5 used + 2 - 0 = 7 of 6"),
        ([create(NAMES[0]), create(NEW[0])], ""),
        ([*map(create, NEW[:2]), deactivate(NAMES[0])], ""),
        ([deactivate(NAMES[5]), *map(create, NEW[:2])], "5 used + 2 - 0 = 7 of 6"),
        ([create(NEW[0]), create(NEW[1]), deactivate(NEW[1])], ""),
    ],
)
def test_a_run_without_enough_seats_is_refused_before_the_first_request(bulkscim, tenant, records, told):
    outcome = bulkscim("run", job(*records), *tenant.at, "--yes", "--seats", "6", "--concurrency", "1")

    assert (outcome.code == 4 and tenant.writes == []) is bool(told), outcome.text
    assert told in outcome.stderr


def test_the_tenants_entry_says_how_many_seats_there_are(bulkscim, tenant):
    Path("bulkscim.toml").write_text(
        f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nrate = "500/s"\nseats = 6\n'
    )
    outcome = bulkscim("plan", job(*map(create, NEW)), "--tenant", "acme")

    assert outcome.code == 4, outcome.text
    assert "seats     5 of 6 are used" in outcome.stderr


def test_users_that_do_not_show_whether_they_are_active_have_seats(bulkscim, tenant):
    """So that no seat is taken that is not there; one that is deactivated frees its seat."""
    for user in tenant.held["Users"].values():
        del user["active"]
    rows = [deactivate(NAMES[0]), *map(create, NEW[:2]), deactivate(NAMES[1])]
    refused = bulkscim("plan", job(*map(create, NEW[:2])), *tenant.at, "--seats", "7")
    stopped = bulkscim("run", job(*rows), *tenant.at, "--yes", "--seats", "6", "--concurrency", "1")
    lifted = bulkscim("resume", "last", *FAST, "--seats", "7")

    assert (refused.code, stopped.code, lifted.code) == (4, 4, 0), refused.text + stopped.text + lifted.text
    assert "seats     6 of 7 are used; 6 users do not show `active`, and count as active" in refused.stderr
    assert "not enough seats: 6 used + 2 - 0 = 8 of 7. To allow them: --seats 8" in refused.stderr
    assert "row 3 needs a seat, and --seats allows 6" in stopped.stderr


def test_seats_that_cannot_be_counted_are_unknown(bulkscim):
    """With --seats that is refused; a number in the tenant's entry is reported alone."""
    tenant = SamePage(*(f"u{number}@example.com" for number in range(250)))
    with tenant.serving():
        Path("bulkscim.toml").write_text(
            f'[tenant.acme]\nbase_url = "{tenant.base_url}"\nrate = "500/s"\nseats = 6\n'
        )
        told = bulkscim("plan", job(*map(create, NEW)), "--tenant", "acme")
        refused = bulkscim("plan", job(*map(create, NEW)), "--tenant", "acme", "--seats", "6")
        begun = bulkscim("run", job(create(NEW[0])), "--tenant", "acme", "--yes")
        resumed = bulkscim("resume", "last", "--seats", "6")

    assert (told.code, refused.code, begun.code, resumed.code) == (0, 4, 0, 4), told.text + refused.text
    assert "seats     unknown, since Users cannot be read to their end" in told.stderr
    assert "so the limit of 6 is not held" in told.stderr
    assert "leave --seats out" in refused.stderr
    assert "leave --seats out" in resumed.stderr
