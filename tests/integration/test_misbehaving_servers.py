"""Servers that misbehave, as servers in the field do: no stranger is edited, nothing is made twice."""

import json

import pytest

from tests.support.making.records import create, deactivate, delete, group, join, retitle
from tests.support.running.command import FAST, Command, Outcome
from tests.support.servers import odd_servers as odd
from tests.support.servers import odd_writers
from tests.support.servers.small_tenant import SmallTenant

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
NEW = "new@example.com"


def run(bulkscim: Command, tenant: SmallTenant, path, *more: str) -> Outcome:
    """Run a job file against a small tenant."""
    return bulkscim("run", path, "--base-url", tenant.base_url, "--yes", *FAST, *more)


def shows_soon(bulkscim: Command) -> tuple[str, str]:
    """Return the flag for a tenant that soon shows what is written, so that what it does not show is not looked for long."""
    (bulkscim.folder / "quick.toml").write_text("visibility_lag_s = 0.5\n")
    return "--profile", str(bulkscim.folder / "quick.toml")


def posts(tenant: SmallTenant, name: str) -> int:
    """Count the requests to create a name."""
    bodies = [seen.body for seen in tenant.writes if seen.method == "POST"]
    return sum(name in (body.get("userName"), body.get("displayName")) for body in bodies)


def test_a_sane_server_is_served_without_a_note(bulkscim, job):
    """The same kinds of rows on a server without oddities all end as wanted: the other tests differ by the server."""
    path = job(
        create(NEW),
        create(ADA),
        group("Team"),
        join("Team", {"userName": BOB}),
        retitle(BOB),
        deactivate(EVE),
    )
    with SmallTenant(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "adopted", "done", "done", "done", "done"]
    assert tenant.untouched(BOB, EVE)
    assert (tenant.user(BOB)["title"], tenant.user(EVE)["active"]) == ("New", False)


def test_a_filter_that_is_ignored_never_makes_us_edit_a_stranger(bulkscim, job):
    """Where a filter returns all users, the right one is changed, and a name that does not exist changes none."""
    path = job(retitle(BOB), deactivate("absent@example.com"), delete("gone@example.com"))
    with odd.FilterIgnored(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code in {0, 3}, outcome.text
    states = bulkscim.states()
    assert states[0] == "done"
    assert states[1] == "failed"
    assert tenant.user(BOB)["title"] == "New"
    assert tenant.untouched(BOB)
    assert [seen.method for seen in tenant.writes] == ["PATCH"]


def test_a_filter_that_finds_nothing_is_not_proof_of_absence(bulkscim, job):
    """Where filters never find anybody, people are found by listing, and a taken name is adopted."""
    path = job(retitle(BOB), create(ADA), create(NEW))
    with odd.FilterEmpty(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "adopted", "done"]
    assert tenant.user(BOB)["title"] == "New"
    assert tenant.untouched(BOB)
    assert tenant.named(NEW) == 1


@pytest.mark.parametrize("verb", [deactivate, delete])
def test_users_go_where_groups_cannot_be_listed_and_the_approval_says_so(bulkscim, job, verb):
    """Each row failed after a minute. A delete is approved with the groups unknown."""
    path = job(*map(verb, (ADA, BOB, EVE)))
    with odd.GroupsUnlisted(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--max-delete", "100%")

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done"] * 3
    assert ("cannot be recorded, so an undo does not restore them: answered 500" in outcome.text) is (
        verb is delete
    )
    assert outcome.text.count("cannot be recorded here") == (
        2 if verb is delete else 1
    )  # groups; of deletes reports too
    assert len(tenant.seen) < 30


def test_a_group_is_not_made_twice_where_filters_find_nothing(bulkscim, job):
    """A group that exists is not created again only because a filter does not show it."""
    path = job(group("Team"))
    with odd.FilterEmpty(ADA).serving() as tenant:
        tenant.add("Groups", {"displayName": "Team"})
        outcome = run(bulkscim, tenant, path)

    assert tenant.named("Team") == 1
    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["adopted"]


def test_two_matches_are_ambiguous(bulkscim, job):
    """Where two users answer to the key, neither is changed and the row names both ids."""
    path = job(retitle("shared@example.com", attribute="email"), retitle("other@example.com"))
    with odd.TwoMatches().serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    first, second = bulkscim.results()
    assert outcome.code == 3, outcome.text
    assert (first["state"], second["state"]) == ("failed", "done")
    assert all(tenant.user(name)["id"] in first["detail"] for name in ("one@example.com", "two@example.com"))
    assert tenant.untouched("other@example.com")


@pytest.mark.parametrize("server", [odd.BareConflict, odd.DuplicateIs500])
def test_a_duplicate_is_adopted_however_it_is_answered(bulkscim, job, server):
    """409 without scimType and 500 for a taken name both end in the existing user adopted, asked for once.

    The tenant has too many users to list them before so few creates, and the first names alone are looked up.
    """
    path = job(*(create(f"new{number}@example.com") for number in range(10)), create(ADA), create(NEW))
    with server(ADA, BOB, *(f"other{number}@example.com" for number in range(320))).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--concurrency", "1")

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == [*["done"] * 10, "adopted", "done"]
    assert (posts(tenant, ADA), posts(tenant, NEW)) == (1, 1)
    assert tenant.untouched()


@pytest.mark.parametrize("concurrency", [1, 8, 50])
def test_a_second_import_adopts_all_where_duplicates_are_answered_with_a_page(bulkscim, job, concurrency):
    """The breaker stopped the run after 20 such pages, and rows under way then stayed in doubt."""
    names = [f"user{number}@example.com" for number in range(1000)]
    path = job(*(create(name) for name in names))
    with odd.DuplicateIsPage(*names).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--concurrency", str(concurrency))

    assert outcome.code == 0, outcome.text
    assert bulkscim.status()["adopted"] == len(names)
    assert len(tenant.writes) == len(names) - 10  # the first ten are looked up
    assert tenant.untouched()


@pytest.mark.parametrize("way", ["fail", "update"])
def test_on_exists_decides_about_a_bare_conflict(bulkscim, job, way):
    """`fail` fails the row and touches nothing; `update` brings the existing user to what the row says."""
    path = job(create(ADA, title="Wanted"))
    with odd.BareConflict(ADA, BOB).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--on-exists", way)

    expected = {"fail": (3, ["failed"], "Old"), "update": (0, ["done"], "Wanted")}[way]
    assert (outcome.code, bulkscim.states(), tenant.user(ADA)["title"]) == expected


def test_an_id_is_percent_encoded(bulkscim, job):
    """An id with `@`, `+` and `/` reaches its user: retitled, deactivated, deleted and made a member."""
    path = job(
        retitle(ADA),
        deactivate(BOB),
        delete(EVE),
        create(NEW),
        group("Team"),
        join("Team", {"userName": ADA}),
    )
    with odd.OddIds(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)
        paths = {seen.path for seen in tenant.writes}

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done"] * 6
    assert paths >= {f"/Users/{name}%2Bid%2F%40example.com" for name in ("ada", "bob", "eve")}
    assert (tenant.user(ADA)["title"], tenant.user(BOB)["active"], tenant.named(EVE)) == ("New", False, 0)


@pytest.mark.parametrize("server", [odd.SilentCreate, odd.PageAfterCreate, odd.CutAfterCreate])
def test_a_create_without_a_usable_answer_is_looked_up_and_ours(bulkscim, job, server):
    """201 without body, an HTML page and a cut connection after the create: done, not adopted, and sent once."""
    path = job(create(NEW, title="Here"), {**group("Team")})
    with server(ADA, BOB).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert (tenant.named(NEW), tenant.named("Team")) == (1, 1)
    assert (posts(tenant, NEW), posts(tenant, "Team")) == (1, 1)
    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "done"]
    held = {resource["id"] for part in tenant.held.values() for resource in part.values()}
    assert {line["id"] for line in bulkscim.results()} <= held


@pytest.mark.parametrize("way", ["204", "200 empty", "200 old"])
def test_a_patch_is_done_whatever_its_answer_shows(bulkscim, job, way):
    """204, an empty 200 and a 200 that shows the old resource all mean that the change was made."""
    path = job(retitle(ADA), deactivate(BOB))
    with odd.PatchAnswers(way, ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "done"]
    assert (tenant.user(ADA)["title"], tenant.user(BOB)["active"]) == ("New", False)
    assert len(tenant.writes) == 2


def test_a_page_for_people_never_leads_to_a_write(bulkscim, job):
    """Where every answer is an HTML page, changes are not sent and no row counts as done."""
    path = job(retitle(ADA), deactivate(BOB), delete(EVE))
    with odd.OnlyPages(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code == 2, outcome.text
    assert "not a SCIM base URL" in outcome.stderr
    assert tenant.writes == []
    assert "done" not in (bulkscim.states() if list(bulkscim.runs.glob("*")) else [])


def test_a_token_that_expires_stops_the_run_and_fails_nothing(bulkscim, job):
    """401 in the middle ends with exit 7 and the rest pending; resumed with a good token, all is done."""
    names = [f"user{number}@example.com" for number in range(30)]
    path = job(*[retitle(name) for name in names])
    with odd.Unauthorized(10, *names).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--concurrency", "2")
        stopped = bulkscim.status()
        tenant.good = 1000
        resumed = bulkscim("resume", "last", *FAST)

    assert outcome.code == 7, outcome.text
    assert (stopped["done"], stopped["failed"], stopped["in_doubt"]) == (10, 0, 0)
    assert stopped["pending"] == 20
    assert resumed.code == 0, resumed.text
    assert bulkscim.states() == ["done"] * 30
    assert {tenant.user(name)["title"] for name in names} == {"New"}


def test_403_for_one_record_fails_that_record(bulkscim, job):
    """A user that the token must not change fails alone, with what the server said; retry does it once allowed."""
    path = job(retitle(ADA), retitle(BOB), retitle(EVE))
    with odd.ForbiddenRecord(BOB, ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--concurrency", "1")
        lines = bulkscim.results()
        tenant.forbidden = ""
        retried = bulkscim("retry", "last", *FAST)

    assert outcome.code == 3, outcome.text
    assert [line["state"] for line in lines] == ["done", "failed", "done"]
    assert (lines[1]["status"], "the owner cannot be changed" in lines[1]["detail"]) == ("403", True)
    assert retried.code == 0, retried.text
    assert bulkscim.states() == ["done"] * 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(bulkscim, job, status):
    """A write that is redirected goes nowhere else, with or without the token, and is not done."""
    path = job(retitle(ADA), create(NEW))
    elsewhere, tenant = SmallTenant(ADA), odd.Redirects(status, ADA, BOB)
    with elsewhere.serving(), tenant.serving():
        tenant.elsewhere = elsewhere.base_url
        outcome = run(bulkscim, tenant, path)

    assert elsewhere.seen == []
    assert outcome.code in {3, 5, 6}, outcome.text
    assert "done" not in bulkscim.states()
    assert tenant.untouched()


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (404, ""),
        (500, "oops"),
        (200, ""),
        (200, "<html>hello</html>"),
        (200, "[1, 2]"),
        (
            200,
            json.dumps({"patch": "yes", "filter": [], "bulk": {"supported": "maybe", "maxOperations": -1}}),
        ),
        (200, json.dumps({"filter": {"supported": True, "maxResults": "many"}, "etag": None})),
    ],
)
def test_a_strange_service_provider_config_counts_as_absent(bulkscim, job, status, text):
    """Whatever ServiceProviderConfig says or does not say, the rows are done."""
    path = job(retitle(ADA), create(NEW), deactivate(BOB))
    with odd.OddConfig(status, text, ADA, BOB).serving() as tenant:
        outcome = run(bulkscim, tenant, path)

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done"] * 3
    assert any(seen.path == "/ServiceProviderConfig" for seen in tenant.seen)
    assert (tenant.user(ADA)["title"], tenant.named(NEW), tenant.user(BOB)["active"]) == ("New", 1, False)


def test_what_a_thin_answer_hides_is_read_so_that_undo_knows_it(bulkscim, job):
    """A create that is answered with little more than an id can be taken back, and no stranger with it."""
    path = job({"op": "create", "type": "User", "data": {"userName": NEW, "title": "Analyst"}})
    with odd.ThinCreate(ADA).serving() as tenant:
        run(bulkscim, tenant, path)
        outcome = bulkscim("rollback", "last", "--yes", *FAST)

    assert outcome.code == 0, outcome.text
    assert (tenant.named(NEW), tenant.untouched()) == (0, True)


def test_a_create_that_is_answered_101_is_looked_up(bulkscim, job):
    """The row failed without a lookup though the user had been made; a rollback then left it."""
    with odd.CreatedThen101(ADA).serving() as tenant:
        outcome = run(bulkscim, tenant, job(create(NEW), create(ADA)))

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "adopted"]
    assert (tenant.named(NEW), posts(tenant, NEW)) == (1, 1)


ALL = ("--max-update", "100%", "--max-delete", "100%")
PEOPLE = [f"p{number}@example.com" for number in range(9)]


def leave(team: str, name: str):
    """Ask for a membership to end."""
    return join(team, {"userName": name}) | {"op": "remove_member"}


@pytest.mark.parametrize(
    ("way", "states"),
    [
        ("keeps", ["done", "done", "failed", "failed"]),
        ("adds none", ["failed", "failed", "done", "done"]),
        ("adds one", ["done", "failed", "done", "done"]),
    ],
)
@pytest.mark.parametrize("says", [200, 204])
def test_members_that_an_answer_or_a_read_denies_fail_their_rows(bulkscim, job, way, states, says):
    """Each row ended as done, by a 200 that showed that nothing had changed, or a 204 that showed nothing."""
    path = job(
        *(join("Team", {"userName": one}) for one in PEOPLE[5:7]),
        *(leave("Others", one) for one in PEOPLE[:2]),
    )
    with odd_writers.HalfMembers(way, says, *PEOPLE).serving() as tenant:
        tenant.team("Team", *PEOPLE[:3])
        tenant.team("Others", *PEOPLE[:5])
        outcome = run(bulkscim, tenant, path, *shows_soon(bulkscim))

    assert outcome.code == 3, outcome.text
    assert bulkscim.states() == states
    assert bulkscim("verify", "last").code == 0


@pytest.mark.parametrize(
    ("way", "row"),
    [("empties", leave("Team", PEOPLE[0])), ("replaces", join("Team", {"userName": PEOPLE[8]}))],
)
@pytest.mark.parametrize("says", [200, 204])
def test_a_change_of_one_member_that_takes_out_the_others_stops_the_run(bulkscim, job, way, row, says):
    """Group by group, all members of a tenant were lost, and the run ended with 0."""
    path = job(row, *(row | {"match": {"displayName": f"Team {number}"}} for number in range(20)))
    with odd_writers.HalfMembers(way, says, *PEOPLE).serving() as tenant:
        for name in ("Team", *(f"Team {number}" for number in range(20))):
            tenant.team(name, *PEOPLE[:4])
        outcome = run(bulkscim, tenant, path, "--concurrency", "1", *shows_soon(bulkscim))
        lost = [
            name
            for name in ("Team", *(f"Team {number}" for number in range(20)))
            if PEOPLE[1] not in tenant.members(name)
        ]
        named = [tenant.user(one)["id"] for one in PEOPLE[1:4]]

    assert outcome.code == 5, outcome.text
    assert lost == ["Team"]
    assert all(one in outcome.text for one in named)


@pytest.mark.parametrize(
    ("way", "row"),
    [("empties", leave("Team", PEOPLE[0])), ("replaces", join("Team", {"userName": PEOPLE[8]}))],
)
@pytest.mark.parametrize("says", [200, 204])
def test_a_rollback_adds_the_members_that_a_change_of_others_took_out(bulkscim, job, way, row, says):
    """They were seen in the group before, and the run took them out: a rollback ended with 0 without them."""
    with odd_writers.HalfMembers(way, says, *PEOPLE).serving() as tenant:
        tenant.team("Team", *PEOPLE[:4])
        path = job(row, retitle(PEOPLE[7]))
        outcome = run(bulkscim, tenant, path, "--concurrency", "1", *shows_soon(bulkscim))
        undone = bulkscim("rollback", "last", "--yes")

        assert outcome.code == 5, outcome.text
        assert undone.code == 0, undone.text
        assert set(tenant.members("Team")) == {*PEOPLE[:4]}


def test_changes_that_are_answered_and_not_made_fail_their_rows(bulkscim, job):
    """Each row ended as done, by a 204 that showed nothing."""
    path = job(retitle(ADA), deactivate(BOB), delete(EVE))
    with odd_writers.TakesAll(ADA, BOB, EVE).serving() as tenant:
        outcome = run(bulkscim, tenant, path, *shows_soon(bulkscim))

    assert outcome.code == 3, outcome.text
    assert bulkscim.states() == ["failed"] * 3
    assert [line["detail"].partition(":")[0] for line in bulkscim.results()] == [
        "title not set",
        "active not set",
        "delete not done",
    ]


def test_what_is_deleted_may_be_shown_by_its_id(bulkscim, job):
    """Some services keep what was deleted for a while: lists do not show it, so that it counts as deleted."""
    path = job(delete(ADA), delete(BOB))
    with odd_writers.TakesAll(ADA, BOB, EVE, shows=True).serving() as tenant:
        outcome = run(bulkscim, tenant, path, *shows_soon(bulkscim))

    assert outcome.code == 0, outcome.text
    assert bulkscim.states() == ["done", "done"]


def test_one_change_of_each_kind_is_read_back_where_answers_show_nothing(bulkscim, job):
    """Whether a tenant makes what it answers is asked once for each kind of change, not for each row."""
    path = job(*(retitle(one) for one in PEOPLE), *(deactivate(one) for one in PEOPLE))
    with odd.PatchAnswers("204", *PEOPLE).serving() as tenant:
        outcome = run(bulkscim, tenant, path, "--concurrency", "1", *ALL)
        last = tenant.seen.index(tenant.writes[0])
        read = [seen.path for seen in tenant.seen[last:] if seen.method == "GET" and "/Users/" in seen.path]

    assert outcome.code == 0, outcome.text
    assert len(read) == 2
