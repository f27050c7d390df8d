"""What a run learns of a tenant once is not paid for, or failed by, in each row."""

import pytest

from tests.support.making.records import create, deactivate, group, join, retitle
from tests.support.running.command import FAST
from tests.support.servers import narrow_tenants as narrow

NAMES = [f"u{number}@example.com" for number in range(24)]


def run(bulkscim, tenant, job, rows, *more):
    """Run rows one after another, so that each can use what the ones before it have shown."""
    path = job(*rows)
    return bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST, "--concurrency", "1", *more)


@pytest.mark.parametrize("takes", ["application/json", "application/scim+json"])
def test_a_media_type_that_is_refused_is_replaced_once(bulkscim, job, takes):
    """Each row failed by 415 where the tenant takes plain JSON only."""
    tenant = narrow.OneMediaType(*NAMES)
    tenant.takes = takes
    rows = [create("new@example.com"), group("Team"), *(retitle(name) for name in NAMES)]
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, rows)
        writes = len(tenant.writes)
        undo = bulkscim("rollback", "last", "--yes")
    other = takes == "application/json"
    assert outcome.code == undo.code == 0, (outcome.text, undo.text)
    assert writes == len(rows) + other
    assert ("415" in outcome.stderr) is other
    assert tenant.untouched()


def test_a_tenant_that_takes_no_media_type_fails_the_rows(bulkscim, job):
    """Both were tried, and the answer is the reason."""
    tenant = narrow.OneMediaType(*NAMES)
    tenant.takes = "text/plain"
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, [retitle(NAMES[0])])
    assert outcome.code == 3, outcome.text
    assert [len(tenant.writes), bulkscim.results()[0]["status"]] == [2, "415"]


@pytest.mark.parametrize(
    "rows", [[deactivate(NAMES[0])], [retitle(NAMES[0])], [join("Team", {"userName": NAMES[0]})]]
)
def test_a_job_that_needs_patch_is_refused_where_the_tenant_says_that_it_has_none(bulkscim, job, rows):
    """Each row was sent and failed by 501."""
    with narrow.NoPatch(*NAMES).serving() as tenant:
        tenant.add("Groups", {"displayName": "Team"})
        outcome = run(bulkscim, tenant, job, rows)
    assert outcome.code == 4, outcome.text
    assert "PATCH" in outcome.stderr
    assert "PUT" in outcome.stderr
    assert not tenant.writes


@pytest.mark.parametrize("status", [405, 501])
def test_the_first_patch_that_is_refused_as_such_stops_the_run_once(bulkscim, job, status):
    """All rows were sent and failed, though the first one had shown that there is no PATCH."""
    tenant = narrow.NoPatch(*NAMES)
    tenant.says, tenant.status, tenant.collections = False, status, ("Users",)
    rows = [*(retitle(name) for name in NAMES[:8]), create("new@example.com")]
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, rows)
        assert outcome.code == 5, outcome.text
        assert "takes no PATCH" in outcome.stderr
        assert len(tenant.writes) == 1
        again = bulkscim("resume", "last")
    assert again.code == 3, again.text
    assert bulkscim.states() == ["failed"] * 8 + ["done"]
    assert sum(seen.method == "PATCH" for seen in tenant.writes) == 4
    assert "takes no PATCH" in bulkscim.results()[7]["detail"]


def test_a_patch_that_one_resource_refuses_is_no_reason_to_stop_where_others_took_it(bulkscim, job):
    """A 405 may concern one account alone."""
    tenant = narrow.NoPatch(*NAMES)
    tenant.says, tenant.collections = False, ()
    with tenant.serving():
        tenant.held["Users"][tenant.user(NAMES[1])["id"]]["locked"] = True
        tenant.patch = lambda collection, key, body: (
            narrow.error(405, "locked")
            if tenant.held[collection][key].get("locked")
            else narrow.SmallTenant.patch(tenant, collection, key, body)
        )
        outcome = run(bulkscim, tenant, job, [retitle(name) for name in NAMES[:6]])
    assert outcome.code == 3, outcome.text
    assert bulkscim.states() == ["done", "failed", *["done"] * 4]


@pytest.mark.parametrize(("changing", "rows"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("one_name", [False, True])
def test_versions_that_never_fit_are_sent_no_more(bulkscim, job, changing, rows, one_name):
    """Each row was refused twice before its change was sent without a version.

    What was read for many rows, in a filter or a listing, is read again for the one that is refused.
    """
    tenant = narrow.Versioned(*NAMES)
    tenant.changing, tenant.one_name = changing, one_name
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, [retitle(name) for name in NAMES[:10]])
    assert outcome.code == 0, outcome.text
    assert len(tenant.writes) == 10 + 2 * rows
    assert "If-Match" in outcome.stderr


def test_versions_that_fit_are_sent_though_one_user_refuses_them(bulkscim, job):
    """They keep a later change by another user from being overwritten."""
    tenant = narrow.Versioned(*NAMES)
    tenant.fits = (*NAMES[:3], *NAMES[5:])
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, [retitle(name) for name in NAMES[:8]])
    assert outcome.code == 0, outcome.text
    assert len(tenant.writes) == 8 + 2 * 2
    assert "If-Match" not in outcome.stderr


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_a_value_that_is_always_a_500_fails_its_rows_and_trips_no_breaker(bulkscim, job, concurrency):
    """Five attempts for each row were counted as faults of the tenant, and the run stopped; so did each resume."""
    titles = ["Fine"] * 2 + ["Boom"] * 12 + ["Fine"] * 4
    rows = [retitle(name, title) for name, title in zip(NAMES, titles, strict=False)]
    rows += [create(f"new{number}@example.com", title="Boom" if number % 2 else "Ok") for number in range(6)]
    tenant = narrow.FaultyTitle(*NAMES)
    with tenant.serving():
        outcome = run(bulkscim, tenant, job, rows, "--concurrency", concurrency)
    assert outcome.code == 3, outcome.text
    wanted = ["done"] * 2 + ["failed"] * 12 + ["done"] * 4 + ["done", "failed"] * 3
    assert bulkscim.states() == wanted
    assert len(tenant.writes) < len(rows) + 4 * 9
