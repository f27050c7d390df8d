"""One small job is counted, from its file to the table."""

import json

import pytest
from request_counts import as_json, as_row, counted, lines
from request_jobs import delete, grown, memberships, new_groups, onboarding, trials, upsert
from virtual import KINDS, kind_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_job_is_counted_at_the_pace_of_a_tenant(kind):
    """Every command of it ends as wanted, and its writes are the fewest; minutes are virtual."""
    found = lines(KINDS[kind], upsert(4, 2), ["slow"])

    assert [line.job.partition(": ")[2] for line in found] == ["dry run", "", "dry rollback", "rollback"]
    for line in found:
        count = line.counts["slow"]
        assert count.outcome.others == 0
        assert count.outcome.requests["PATCH Users"] == count.fewest["PATCH Users"]
        assert count.ratio >= 1
        assert 0 < count.outcome.minutes < 2


def test_a_plan_of_upserts_reads_no_listing_where_filters_cost_less():
    """It read the whole listing of the users, and dropped it since it was a page too long."""
    line, *_ = lines(KINDS["generic"], grown(upsert(200, 20), 1_000, 0), ["slow"])

    assert line.job.endswith("dry run")
    assert line.counts["slow"].outcome.requests["GET Users page"] <= 3
    assert line.counts["slow"].outcome.requests.total() <= 13


def test_groups_that_a_tenant_holds_are_found_by_id():
    """What is written into the sandbox's file beforehand is served."""
    counts = {
        line.job.partition(": ")[2]: line.counts["fast"].outcome
        for line in lines(KINDS["generic"], memberships(6, 2, each=1, by_id=True), ["fast"])
    }

    assert {outcome.others for outcome in counts.values()} == {0}
    assert counts["again"].requests["PATCH Groups"] == 0


def test_a_dry_run_reads_few_users_where_none_shows_a_group():
    """It read each user, 1,000 of 1,000, to see which group it may leave. No write follows, and the notes say what is not known."""
    dry, *_ = lines(KINDS["lucid"], memberships(20, 4, each=2), ["fast"])

    assert dry.job.endswith("dry run")
    assert dry.counts["fast"].outcome.requests["GET Users/id"] <= 3


@pytest.mark.parametrize("kind", ["generic", "lucid"])
def test_a_dry_run_of_groups_with_members_reads_listings(kind):
    """It looked each name up by itself, and at Lucid it read each user that a second group gets by its id."""
    dry, *_ = lines(KINDS[kind], new_groups(24, 10), ["fast"])

    assert dry.job.endswith("dry run")
    requests = dry.counts["fast"].outcome.requests
    assert requests["GET Users/id"] <= 3
    assert requests["GET Groups by name"] == 0


def test_groups_with_members_are_proved_absent_together():
    """Where a service may create a second group of a name, each of the first ones was looked up by itself."""
    _, run, *_ = lines(KINDS["generic"], new_groups(24, 10), ["slow"])

    count = run.counts["slow"]
    assert count.outcome.requests["GET Groups by name"] == 0
    assert count.ratio <= 1.15


def test_a_dry_run_asks_for_no_group_that_it_would_create(tmp_path):
    """It sent ids of its own to the tenant, and then read all groups again and again."""
    _, outcome = next(iter(counted(onboarding(), KINDS["lucid"], "slow", tmp_path)))

    assert outcome.outcome.requests["GET Groups by names"] == 0
    assert outcome.outcome.requests.total() <= 7


def test_a_line_is_shown_to_people_and_to_programs():
    """A row of the table, and an object that JSON can hold."""
    (first, *_) = lines(KINDS["generic"], upsert(2, 1), ["fast"])

    assert as_row(first).startswith("| generic | upsert 2, 1 changed: dry run | 2 |")
    assert json.loads(json.dumps(as_json(first)))["fast"]["minimum"] == first.counts["fast"].fewest.total()


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/Users?startIndex=1&count=1", "GET Users count"),
        ("GET", "/Users?startIndex=101&count=100", "GET Users page"),
        ("GET", "/Users/a1", "GET Users/id"),
        ("GET", "/Users?filter=userName+eq+%22a%22", "GET Users by name"),
        ("GET", "/Users?filter=userName+eq+%22a%22+or+userName+eq+%22b%22", "GET Users by names"),
        ("PATCH", "/Groups/g1", "PATCH Groups"),
        ("GET", "/ServiceProviderConfig", "GET ServiceProviderConfig"),
    ],
)
def test_kinds_of_requests(method, path, kind):
    """As a sandbox writes them down."""
    assert kind_of({"method": method, "path": path}) == kind


def test_every_job_has_a_name_of_its_own():
    """So that --job can choose it."""
    names = [trial.name for trial in trials(KINDS["lucid"])]

    assert len(set(names)) == len(names)


def test_a_larger_tenant_has_further_groups_of_further_users():
    """So that the job asks for the same."""
    small = delete(6, 3)
    large = grown(small, users=50, groups=5)

    assert (large.people, len(large.groups), large.groups[:3]) == (50, 5, small.groups)
    assert all(6 <= member < 50 for members in large.groups[3:] for member in members)
    assert (large.work.users, large.work.groups, large.work.deletes) == (50, 5, 6)
