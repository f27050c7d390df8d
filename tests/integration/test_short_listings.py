"""Listings that show less than reads by id, pages that are ignored, and entries that cannot be used."""

import json

import pytest

from tests.support.making.records import create, deactivate, delete, retitle
from tests.support.running.command import FAST
from tests.support.servers import short_listings as short

NAMES = [f"u{number:03}@example.com" for number in range(30)]


def exported(bulkscim, tenant, what, *more):
    """Export to standard output; return the outcome, and the data of the records by name."""
    outcome = bulkscim("export", what, "--base-url", tenant.base_url, *FAST, *more)
    records = [json.loads(line)["data"] for line in outcome.stdout.splitlines() if line.startswith("{")]
    return outcome, {one.get("userName") or one["displayName"]: one for one in records}


@pytest.mark.parametrize(
    ("hidden", "most"), [(("members",), 10**6), ((), 0), ((), 10)], ids=["none", "empty", "cut"]
)
def test_an_export_of_groups_has_all_members_where_listings_do_not(bulkscim, hidden, most):
    """Groups were exported without members, or with ten of them, and run again such a file empties the groups."""
    sizes = {"A": 0, "B": 3, "C": 10, "D": 25, "E": 11}
    tenant = short.ShortListings()
    tenant.hidden, tenant.most_members = hidden, most
    for name, size in sizes.items():
        tenant.group(name, size)
    with tenant.serving():
        outcome, groups = exported(bulkscim, tenant, "groups")
        counted = bulkscim("count", "--json", "--base-url", tenant.base_url, *FAST)
    assert outcome.code == 0, outcome.text
    assert {name: len(one.get("members", ())) for name, one in groups.items()} == sizes
    assert {one["displayName"]: one["members"] for one in counted.json["groups"]} == sizes
    assert "does not show members" in outcome.stderr


def test_members_that_a_tenant_never_shows_are_not_counted_as_none(bulkscim):
    """Each group was told to have none. Where one shows members, the others have none."""
    tenant, sizes = short.ShortListings(), []
    for name in "AB":
        tenant.add("Groups", {"displayName": name})
    with tenant.serving():
        for members in ({}, {"members": [{"value": "u-1"}]}):
            next(iter(tenant.held["Groups"].values())).update(members)
            counted = bulkscim("count", "--json", "--base-url", tenant.base_url, *FAST)
            sizes.append({one["displayName"]: one["members"] for one in counted.json["groups"]})
            assert ("how many these have is unknown" in counted.stderr) is not bool(members)
    assert sizes == [{"A": None, "B": None}, {"A": 1, "B": 0}]


def test_an_export_of_users_has_what_only_reads_by_id_show(bulkscim):
    """Titles were left out, and run again as a replacement such a file clears them."""
    tenant = short.ShortListings(*NAMES)
    tenant.hidden = ("title", "active")
    with tenant.serving():
        outcome, users = exported(bulkscim, tenant, "users")
        counted = bulkscim("count", "--json", "--base-url", tenant.base_url, *FAST)
    assert outcome.code == 0, outcome.text
    assert {one.get("title") for one in users.values()} == {"Old"}
    assert "title" in outcome.stderr
    assert "30 requests" in outcome.stderr
    assert counted.json["users"] == {"active": 30, "inactive": 0, "unknown": 0}


def test_whole_listings_cost_three_reads_by_id(bulkscim):
    """And no more, however many groups there are, where their lists are not longer than those compared."""
    tenant = short.ShortListings(*NAMES)
    for number in range(150):
        tenant.group(f"G{number}", number % 4)
    with tenant.serving():
        outcome, groups = exported(bulkscim, tenant, "groups")
        assert (outcome.code, len(groups), tenant.by_id) == (0, 150, 3)
        outcome, users = exported(bulkscim, tenant, "users")
    assert (outcome.code, len(users), tenant.by_id) == (0, 30, 6)
    assert outcome.stderr.count("\n") == 1


def test_where_reads_by_id_are_refused_it_is_said(bulkscim):
    """Users are exported with a warning; groups without any members are not exported."""
    tenant = short.ShortListings(*NAMES)
    tenant.refuses, tenant.hidden = 405, ("members",)
    tenant.group("G", 3)
    with tenant.serving():
        outcome, users = exported(bulkscim, tenant, "users")
        assert (outcome.code, len(users)) == (0, 30)
        assert "unknown" in outcome.stderr
        outcome, groups = exported(bulkscim, tenant, "groups")
    assert (outcome.code, groups) == (5, {})
    assert "cannot be read with their members" in outcome.stderr


@pytest.mark.parametrize(
    ("users", "most", "heeds_count", "lies", "code"),
    [
        (250, 100, False, True, 5),
        (250, 100, True, False, 5),
        (250, 50, False, True, 0),
        (250, 50, True, True, 0),
        (30, 50, True, False, 0),
    ],
)
def test_a_tenant_that_shows_one_page_for_all_is_not_taken_as_complete(
    bulkscim, users, most, heeds_count, lies, code
):
    """100 of 250 users were exported as all of them. Where nothing tells, there is a warning."""
    tenant = short.SamePage(*(f"u{number}@example.com" for number in range(users)))
    tenant.most, tenant.heeds_count, tenant.lies = most, heeds_count, lies
    with tenant.serving():
        outcome, _ = exported(bulkscim, tenant, "users")
        counted = bulkscim("count", "--base-url", tenant.base_url, *FAST)
    assert (outcome.code, counted.code) == (code, code), outcome.text
    proved = heeds_count and not lies and users < most
    assert ("does not page" in outcome.stderr or "of 250" in outcome.stderr) is not proved
    assert ("warning" in outcome.stderr) is (code == 0 and not proved)


def test_a_listing_of_one_page_that_proves_nothing_makes_no_row_absent(bulkscim, job):
    """Users beyond the page that comes for all were "not there"; what the page shows is found by it."""
    tenant = FilterlessPage(*(f"u{number}@example.com" for number in range(130)))
    with tenant.serving():
        path = job(delete("u120@example.com"), deactivate("u3@example.com"), delete("u121@example.com"))
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        listings = sum("startIndex" in seen.path for seen in tenant.seen)
    assert outcome.code == 3, outcome.text
    assert bulkscim.states() == ["failed", "done", "failed"]
    assert "does not page" in bulkscim.results()[0]["detail"]
    assert (
        listings < 16
    )  # one for all changes, and one for a name that no filter finds, each as often as workers ask


class FilterlessPage(short.SamePage):
    """Refuses filters too."""

    def listing(self, collection, query):
        if "filter" in query:
            return short.error(501, "no filters")
        return super().listing(collection, query)


def test_one_page_after_which_the_tenant_refuses_more_is_whole(bulkscim):
    """The export failed by the 501 for a second page that was not needed."""
    with short.OnePage(*NAMES).serving() as tenant:
        outcome, users = exported(bulkscim, tenant, "users")
    assert (outcome.code, len(users)) == (0, 30), outcome.text
    assert "warning" not in outcome.stderr


@pytest.mark.parametrize(
    ("ghost", "filters_too"),
    [({"userName": "ghost"}, False), (None, True), ({"id": "", "userName": "ghost"}, True)],
)
def test_an_entry_that_cannot_be_used_stops_no_run(bulkscim, job, ghost, filters_too):
    """The run stopped as if the tenant did not answer, and again at each resume."""
    tenant = short.Corrupt("ada@example.com", "ghost", "bob@example.com")
    tenant.ghost, tenant.filters_too = ghost, filters_too
    with tenant.serving():
        path = job(
            delete("absent@example.com"),
            deactivate("ada@example.com"),
            retitle("ghost"),
            create("new@example.com"),
        )
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        assert outcome.code in {0, 3}, outcome.text
        states = bulkscim.states()
        assert (states[1], states[3]) == ("done", "done")
        assert states[2] == ("failed" if filters_too else "done")
        export, _ = exported(bulkscim, tenant, "users", "--out", bulkscim.folder / "users.jsonl")
    assert export.code == 5
    assert "cannot be used" in export.stderr
    assert not (bulkscim.folder / "users.jsonl").exists()


def test_a_listing_that_is_not_found_in_a_tenant_that_answers_is_empty(bulkscim, job):
    """The first user could not be looked up, and an export of an empty tenant failed."""
    with short.NotFoundWhenEmpty().serving() as tenant:
        outcome, users = exported(bulkscim, tenant, "users")
        assert (outcome.code, users) == (0, {}), outcome.text
        path = job(create("ada@example.com"), delete("absent@example.com"))
        outcome = bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        assert bulkscim.states()[0] == "done", outcome.text
        assert len(exported(bulkscim, tenant, "users")[1]) == 1


@pytest.mark.parametrize("known", [True, False], ids=["known", "not known"])
def test_a_listing_that_is_made_up_proves_no_absence(bulkscim, job, known):
    """A first name that is not there made all users of the file absent, and each row of them a noop."""
    (bulkscim.folder / "acme.toml").write_text(
        f"visibility_lag_s = 0.1\nlists_all = {str(not known).lower()}\n"
    )
    path = job(delete("ghost@example.com"), *map(delete, NAMES[:3]))
    with short.MadeUp(*NAMES[:4]).serving() as tenant:
        at = ("--base-url", tenant.base_url, "--profile", "./acme.toml")
        outcome = bulkscim("run", path, *at, "--yes", "--concurrency", "1", "--max-delete", "100%", *FAST)
        exported = bulkscim("export", "users", *at, *FAST)

    rows = [(row["state"], "may be made up" in row["detail"]) for row in bulkscim.results()]
    assert rows == [("failed", True), *[("done", False)] * 3], outcome.text
    assert [one["userName"] for one in tenant.held["Users"].values()] == NAMES[3:4]
    assert ("may be made up" in exported.stderr) is known
