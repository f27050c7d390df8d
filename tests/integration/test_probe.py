"""`probe` against servers: what it prints is so, and nothing is written."""

import copy

import pytest

from tests.support.running.command import Command
from tests.support.servers import odd_servers as odd
from tests.support.servers import odd_writers as writers
from tests.support.servers.short_listings import OnePage, SamePage
from tests.support.servers.small_tenant import SmallTenant

USERS = [f"{3 * letter}.user@example.com" for letter in "caebd"]
FAST = ("--rate", "2000/s")


def seen(bulkscim: Command, tenant, *more: str) -> dict:
    """Probe a tenant; return what was seen, by trait."""
    outcome = bulkscim("probe", "--base-url", tenant.base_url, "--json", *FAST, *more)
    assert outcome.code == 0, outcome.text
    told = outcome.json
    assert told["throttled"] == 0
    return {one["trait"]: one["seen"] for one in told["traits"] if one["seen"] != "unknown"}


def test_scim2_server_is_as_it_is(bulkscim, tenant):
    """A server that we did not write: what it does was found by hand."""
    ids = [tenant.create("Users", user(name)) for name in USERS]
    tenant.create(
        "Groups",
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Team",
            "members": [{"value": ids[0]}],
        },
    )
    before = tenant.writes()

    found = seen(bulkscim, tenant)

    assert tenant.writes() == before
    assert (
        found.items()
        >= {
            "media type of answers": "application/scim+json",
            "versions of resources": True,
            "sorting": True,
            "filters": True,
            "filter or": True,
            "filter and": True,
            "filter sw": True,
            "filter co": True,
            "filter userName: capitals count": False,
            "count is heeded": True,
            "startIndex is heeded": True,
            "totalResults is the whole number": True,
            "listings show all attributes": True,
            "groups show members": True,
            "attributes is heeded": True,
            "excludedAttributes is heeded": True,
        }.items()
    )
    assert "PATCH" not in found


def user(name):
    """Return a user to create."""
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "title": "Lead"}


@pytest.mark.parametrize(
    ("kind", "otherwise"),
    [
        (SmallTenant, {"filters": True}),
        (odd.FilterIgnored, {"filters": False, "filter for an absent name": "other resources"}),
        (odd.FilterEmpty, {"filters": False, "filter for an absent name": "no result"}),
        (odd.GroupsUnlisted, {"filters": True, "groups": None}),
        (SamePage, {"startIndex is heeded": False}),
        (OnePage, {"startIndex is heeded": False}),
        (odd.OddIds, {"reads by id": True}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_servers_that_misbehave_are_seen_to_do_so(bulkscim, kind, otherwise):
    """Nothing is sent but GETs."""
    with kind(*USERS).serving() as tenant:
        found = seen(bulkscim, tenant)

    assert {topic: found.get(topic) for topic in otherwise} == otherwise
    assert tenant.writes == []


def test_the_table_is_printed_with_what_differs_marked(bulkscim):
    """A person reads it."""
    with odd.FilterIgnored(*USERS).serving() as tenant:
        outcome = bulkscim("probe", "--base-url", tenant.base_url, *FAST)

    lines = [line.split() for line in outcome.stdout.splitlines()]
    assert outcome.code == 0
    assert [line[:2] for line in lines if line[:2] == ["!", "filters"]] == [["!", "filters"]]
    assert " reads" in outcome.stderr
    assert not any(name in outcome.text for name in USERS)


def test_a_profile_is_written_checked_and_used(bulkscim, job):
    """A run takes what was seen from the file."""
    with odd.FilterIgnored(*USERS).serving() as tenant:
        out = bulkscim.folder / "acme.toml"
        written = bulkscim("probe", "--base-url", tenant.base_url, "-o", "acme.toml", *FAST)
        checked = bulkscim("profiles", "check", "./acme.toml")
        again = bulkscim(
            "probe", "--base-url", tenant.base_url, "--profile", "./acme.toml", "-o", "acme.toml", *FAST
        )
        path = job({"op": "create", "type": "User", "data": {"userName": "new@example.com"}})
        ran = bulkscim("run", path, "--base-url", tenant.base_url, "--profile", "./acme.toml", "--yes", *FAST)

    assert (written.code, checked.code, ran.code) == (0, 0, 0), written.text + checked.text + ran.text
    assert "next: bulkscim profiles check acme.toml" in written.stderr
    assert "no fact says" not in checked.text
    assert again.code == 2  # it is not replaced without --force
    assert "filter = false" in out.read_text()
    assert not any("filter=" in seen.path for seen in tenant.seen[-8:])
    assert not any(name in out.read_text() for name in USERS)


def test_only_a_profile_is_written(bulkscim):
    """The name of the file is that of the profile."""
    outcome = bulkscim("probe", "--base-url", "http://127.0.0.1:9", "-o", "acme.json")

    assert outcome.code == 2
    assert "acme.toml" in outcome.text


ADDRESS = "probe@example.com"


def test_writes_are_tried_on_one_user_and_taken_back(bulkscim, tenant):
    """The server that we did not write is as it was, and what only a write tells is seen."""
    before = tenant.users(), tenant.groups()

    found = seen(bulkscim, tenant, "--write", "--as", ADDRESS, "--yes")

    assert (tenant.users(), tenant.groups()) == before
    assert found["a new user is found"].startswith("within ")
    assert (
        found.items()
        >= {
            "PATCH": True,
            "a create answers": 201,
            "groups show members": True,
            "filters find deactivated users": True,
            "a deactivated user can be read by its id": True,
            "of a deleted user is kept": False,
            "of a deleted group is kept": False,
            "user names are unique": True,
            "a group is created with its members": True,
        }.items()
    )


def test_a_user_of_that_address_is_left_untouched(bulkscim):
    """It is a real one."""
    with SmallTenant(ADDRESS, *USERS).serving() as tenant:
        outcome = bulkscim("probe", "--base-url", tenant.base_url, "--write", "--as", ADDRESS, "--yes", *FAST)

    assert outcome.code == 0, outcome.text
    assert "the address may be taken" in outcome.stderr
    assert tenant.untouched()
    assert tenant.held["Groups"] == {}
    assert not any(
        each.path.startswith("/Users") and each.method in {"PATCH", "DELETE"} for each in tenant.writes
    )


def test_nothing_is_written_without_approval(bulkscim):
    """Seat and invitation are said before."""
    with SmallTenant(*USERS).serving() as tenant:
        outcome = bulkscim("probe", "--base-url", tenant.base_url, "--write", "--as", ADDRESS, *FAST)
        alone = bulkscim("probe", "--base-url", tenant.base_url, "--write", *FAST)

    assert outcome.code == 4, outcome.text
    assert "may take a seat or a licence, and the service may send an invitation" in outcome.stderr
    assert alone.code == 2
    assert tenant.writes == []


TRIED = (
    "user names are unique",
    "group names are unique",
    "an old version is refused",
    "a group is created with its members",
    "a member is added again",
    "PATCH",
)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (writers.LateAndDerived, (True, False, None, True, "taken", True)),
        (writers.MakesTwice, (False, False, False, False, "twice in the group", True)),
        (writers.TakesOver, (False, False, True, True, "refused", True)),
        (writers.Refusing, (None, True, None, None, "taken", True)),
        (writers.WithoutPatch, (True, False, None, True, None, None)),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_tenants_that_answer_writes_otherwise_are_seen_to_do_so_and_left_as_they_were(bulkscim, kind, values):
    """Second resources of a name are taken back as well."""
    with kind(*USERS).serving() as tenant:
        before = copy.deepcopy(tenant.held)
        found = seen(bulkscim, tenant, "--write", "--as", ADDRESS, "--yes")

        assert tenant.held == before
    assert tuple(found.get(topic) for topic in TRIED) == values


def test_changes_that_are_shown_late_are_waited_for(bulkscim):
    """Groups were said to show no members, and a deleted user to be kept."""
    with writers.LateChanges(*USERS).serving() as tenant:
        found = seen(bulkscim, tenant, "--write", "--as", ADDRESS, "--yes")

    kept = [found.get(f"of a deleted {kind} is kept") for kind in ("user", "group")]
    assert (found["groups show members"], found["a group is created with its members"]) == (True, True)
    assert kept == [False, False]


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [
        (writers.Accepts, 6, "took effect is not known; it may be shown later"),
        (
            writers.HidesDeactivated,
            3,
            "could be undone: undoes row 1; this tenant does not show the user since",
        ),
    ],
)
def test_what_may_be_left_is_told(bulkscim, kind, code, told):
    """A create that is only accepted, and a user that is hidden once it is deactivated."""
    (bulkscim.folder / "quick.toml").write_text("visibility_lag_s = 0.2\n")
    asked = ("--profile", "./quick.toml", "--write", "--as", ADDRESS, "--yes", *FAST)
    with kind(*USERS).serving() as tenant:
        outcome = bulkscim("probe", "--base-url", tenant.base_url, *asked)

    assert outcome.code == code, outcome.text
    assert told in outcome.stderr
    assert "next: bulkscim rollback " in outcome.stderr
    assert tenant.untouched()
    assert tenant.held["Groups"] == {}


@pytest.mark.parametrize(("profile", "kept"), [("lucid", False), ("slack", True)])
def test_what_a_service_keeps_is_told(bulkscim, profile, kept):
    """A delete at Slack deactivates; the group at Lucid is deleted once it is empty."""
    bulkscim("sandbox", "start", "--profile", profile, "--speed", "100")
    outcome = bulkscim(
        "probe", "--tenant", "sandbox", "--profile", profile, "--write", "--as", ADDRESS, "--json"
    )

    told = {one["trait"]: one["seen"] for one in outcome.json["traits"]}
    assert outcome.code == 0, outcome.text
    assert (told["of a deleted user is kept"], told["of a deleted group is kept"]) == (kept, False)


def test_a_written_profile_takes_no_more_requests_than_the_one_that_comes_with_the_program(
    bulkscim, job, tenant
):
    """The same job at the same tenant, once by each."""
    seen(bulkscim, tenant, "--write", "--as", ADDRESS, "--yes", "-o", "seen.toml")
    people = [f"row{number}@example.com" for number in range(12)]
    path = job(
        *({"op": "create", "type": "User", "data": {"userName": name, "title": "Lead"}} for name in people),
        {"op": "create", "type": "Group", "data": {"displayName": "Rows"}},
        *(
            {
                "op": "add_member",
                "type": "Group",
                "match": {"displayName": "Rows"},
                "member": {"userName": name},
            }
            for name in people
        ),
    )
    taken = []
    for profile in ("generic", "./seen.toml"):
        before = sum(tenant.requests().values())
        ran = bulkscim("run", path, "--base-url", tenant.base_url, "--profile", profile, "--yes", *FAST)
        taken.append(sum(tenant.requests().values()) - before)
        undone = bulkscim("rollback", "last", "--yes", *FAST)
        assert (ran.code, undone.code) == (0, 0), ran.text + undone.text

    assert taken[1] <= taken[0]
