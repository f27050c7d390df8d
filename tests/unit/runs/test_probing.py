"""What a probe says of tenants: what was seen is so, and what was not proved is unknown."""

from dataclasses import replace
from random import Random

import pytest

from bulkscim.model.request import Request
from bulkscim.providers.decoding import decoded
from bulkscim.providers.probing.questions import names
from bulkscim.providers.probing.traits import findings
from bulkscim.providers.probing.writing import text_of, with_seen
from bulkscim.providers.profile import narrow, without_fact
from bulkscim.runs.probing import OnlyReads, gathered
from bulkscim.scim.discovery import Capabilities
from bulkscim.tenants.profiles import profile_named, provider_named
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers import read_tenant as tenants
from tests.support.servers.sandbox_transport import SandboxTransport

SANE = {
    "/ServiceProviderConfig": True,
    "/ResourceTypes": True,
    "/Schemas": True,
    "media type of answers": "application/scim+json",
    "versions of resources": False,
    "sorting": False,
    "reads by id": True,
    "count is heeded": True,
    "startIndex is heeded": True,
    "totalResults is the whole number": True,
    "cursors": False,
    "listings show all attributes": True,
    "attributes is heeded": True,
    "filters": True,
    "filter userName eq": True,
    "filter for an absent name": "no result",
    "filter userName: capitals count": False,
    "filter id eq": True,
    "filter externalId eq": True,
    "filter emails.value eq": True,
    "filter or": True,
    "filter and": True,
    "filter sw": True,
    "filter co": True,
    "filter pr": True,
    "listings show deactivated users": True,
    "filters find deactivated users": True,
    "groups": True,
    "groups show members": True,
    "listings of groups show members": True,
    "users show their groups": True,
    "excludedAttributes is heeded": True,
    "filter displayName eq": True,
    "filter for an absent group": "no result",
    "filter displayName: capitals count": False,
    "filter members.value eq": True,
}
FILTERS = [topic for topic in SANE if topic.startswith("filter")]
OF_USERS = [
    one for one in FILTERS if "displayName" not in one and "group" not in one and "members" not in one
]
OF_GROUPS = [topic for topic in SANE if "group" in topic or "displayName" in topic or "members" in topic]
NO_GROUPS = dict.fromkeys(OF_GROUPS) | {"excludedAttributes is heeded": None}
WORN = ("generic", "lucid", "aws-identity-center", "databricks", "wso2", "github-enterprise")


async def probed(tenant, profile="generic"):
    """Probe a tenant; return what was found, by trait."""
    record = await gathered(OnlyReads(tenant), profile_named(profile), {})
    return {one.topic: one for one in findings(record)}


async def values(tenant):
    """Return what was seen, without what is unknown."""
    found = await probed(tenant)
    return {topic: one.seen.value for topic, one in found.items() if one.seen.value is not None}


CASES = [
    (tenants.ReadTenant, {}),
    (
        tenants.FilterIgnored,
        dict.fromkeys(FILTERS)
        | {
            "filters": False,
            "filter userName eq": False,
            "filter for an absent name": "other resources",
            "filter displayName eq": False,
            "filter for an absent group": "other resources",
            "filter members.value eq": False,
            "filters find deactivated users": None,
        },
    ),
    (
        tenants.FilterRefused,
        dict.fromkeys(FILTERS)
        | {
            "filters": False,
            "filter userName eq": False,
            "filter values without quotes": False,
            "filter for an absent name": "refused",
            "filter displayName eq": False,
            "filter for an absent group": "refused",
            "filter members.value eq": False,
        },
    ),
    (
        tenants.OnlyEq,
        dict.fromkeys(("filter or", "filter and", "filter sw", "filter co", "filter pr"), False)
        | {"filter userName: capitals count": True, "filter displayName: capitals count": True},
    ),
    (
        tenants.MembersById,
        {
            "listings of groups show members": False,
            "users show their groups": False,
            "excludedAttributes is heeded": None,
        },
    ),
    (
        tenants.MembersNever,
        {
            "groups show members": False,
            "listings of groups show members": None,
            "excludedAttributes is heeded": None,
            "filter members.value eq": None,
        },
    ),
    (tenants.MembersCut, {"groups show all members": False, "users show their groups": False}),
    (tenants.ShortLists, {"listings show all attributes": False, "filter pr": None}),
    (
        tenants.PagingIgnored,
        {
            "count is heeded": False,
            "startIndex is heeded": False,
            "totalResults is the whole number": None,
            "cursors": None,
            "attributes is heeded": False,
            "excludedAttributes is heeded": False,
        },
    ),
    (tenants.CountsPage, {"totalResults is the whole number": False}),
    (
        tenants.HidesInactive,
        {"listings show deactivated users": False, "filters find deactivated users": None},
    ),
    (
        tenants.Failing,
        dict.fromkeys(
            (
                *FILTERS,
                "reads by id",
                "listings show all attributes",
                "listings show deactivated users",
                "versions of resources",
                "groups show members",
                "listings of groups show members",
                "users show their groups",
            )
        ),
    ),
    (
        tenants.Cursors,
        {
            "cursors": True,
            "startIndex is heeded": False,
            "attributes is heeded": False,
            "excludedAttributes is heeded": False,
        },
    ),
    (tenants.NoGroups, NO_GROUPS | {"groups": False, "users show their groups": True}),
    (tenants.NotFoundWhenEmpty, NO_GROUPS),
    (
        tenants.NewUsers,
        dict.fromkeys(
            (
                "reads by id",
                "versions of resources",
                "listings show all attributes",
                "listings show deactivated users",
                "users show their groups",
            )
        ),
    ),
    (tenants.NoId, {"startIndex is heeded": None, "attributes is heeded": None}),
    (tenants.HiddenExternalIds, {"listings show all attributes": False}),
    (tenants.OnlyFirstPage, {"startIndex is heeded": False}),
    (tenants.Twins, {"user names are unique": False}),
]


@pytest.mark.parametrize(("kind", "otherwise"), CASES, ids=lambda one: getattr(one, "__name__", ""))
async def test_what_is_seen_is_so(kind, otherwise):
    """Each tenant differs from a sane one in what it does otherwise, and what that hides is unknown."""
    expected = {topic: value for topic, value in (SANE | otherwise).items() if value is not None}

    assert await values(kind()) == expected


async def test_a_listing_that_is_made_up_does_not_disprove_filters():
    """What it shows cannot be read, nor found."""
    found = await values(tenants.MadeUpListing())

    assert "listings show deactivated users" not in found
    assert {topic for topic in found if topic.startswith("filter")} == {
        "filter for an absent name",
        "filter for an absent group",
    }


async def test_a_page_that_is_cut_tells_how_large_pages_are():
    """Sorting and limit headers are seen too."""
    found = await values(tenants.Capped(12))

    assert found["largest page"] == 5
    assert found["sorting"] is True
    assert found["limit headers"] == "x-ratelimit-remaining"
    assert found["totalResults is the whole number"] is True


async def test_little_is_known_of_a_tenant_with_one_user_or_none():
    """What an empty tenant answers is what any other answers too."""
    none, one = await values(tenants.ReadTenant(0)), await values(tenants.ReadTenant(1))

    assert {topic for topic in none if topic.startswith("filter")} <= set(OF_GROUPS)
    assert one["filter userName eq"] is True  # since a name that is not there is not found
    assert "startIndex is heeded" not in one
    assert "filter or" not in one


async def test_only_reads_are_sent_and_each_once():
    """A probe costs about as many requests as there are questions."""
    tenant = tenants.ReadTenant()
    await probed(tenant)

    assert {one.method for one in tenant.sent} == {"GET"}
    assert len(tenant.sent) == len({one.path for one in tenant.sent}) <= len(list(names()))
    with pytest.raises(ValueError, match="no other request than GET"):
        await OnlyReads(tenant).send(Request("DELETE", "/Users/u1"))


async def test_what_differs_is_marked():
    """What the profile documents is compared with what was seen, and with what the tenant states."""
    sane, odd = await probed(tenants.ReadTenant(), "lucid"), await probed(tenants.OnlyEq(), "generic")

    assert (
        sane["listings show deactivated users"].documented,
        sane["listings show deactivated users"].differs,
    ) == (False, True)
    assert sane["groups show members"].differs is False
    assert (odd["filters"].stated, odd["filters"].seen.value, odd["filters"].differs) == (False, True, True)
    assert odd["Bulk"].seen.value is None


async def test_no_personal_data_is_in_what_was_seen():
    """A table of traits can be shown to others."""
    for kind, _ in CASES:
        tenant = kind()
        told = str([(one.seen.how, one.seen.text) for one in (await probed(tenant)).values()])
        names_there = [
            one.get("userName") or one["displayName"] for part in tenant.held.values() for one in part
        ]
        assert [name for name in names_there if name in told] == []


@pytest.mark.parametrize("name", WORN)
async def test_nothing_that_is_seen_contradicts_the_profile_that_a_sandbox_wears(name, tmp_path):
    """The sandbox does what the profile documents."""
    provider = provider_named(name)
    transport = SandboxTransport(
        tmp_path / "kept", replace(provider.quirks, needs_user_agent=False), VirtualClock(), Random(1)
    )
    for one in tenants.users(6):
        transport.make("User", {key: value for key, value in one.items() if key != "id"})
    if provider.profile.groups:
        transport.make("Group", {"displayName": "Team"})

    found = await probed(transport, name)

    seen = {topic: one for topic, one in found.items() if one.seen.value is not None}
    wrong = {topic for topic, one in seen.items() if one.documented not in (None, one.seen.value)}
    assert wrong - {"versions of resources"} == set()
    assert len(seen) > 15


async def test_what_is_seen_is_written_as_a_profile():
    """Keys follow what was seen, with a fact each; the facts of others give these keys up."""
    for kind, _ in CASES:
        provider = provider_named("lucid")
        found = tuple((await probed(kind(), "lucid")).values())
        read = decoded(text_of(provider, found, "2026-11-27"), "acme", "acme.toml")

        assert read.profile == replace(with_seen(provider.profile, found, "2026-11-27"), name="acme")
        assert without_fact(read.profile) == []

    assert (read.profile.lists_inactive, read.profile.enforces_unique) == (True, {"Group"})
    facts = [fact for fact in read.profile.facts if "lists_inactive" in fact.of]
    assert [(fact.basis.name, fact.source) for fact in facts] == [("SEEN", "bulkscim probe, 2026-11-27")]


async def test_what_was_seen_counts_more_than_what_the_tenant_states():
    """Filters that are stated and refused are not tried, and those that work are used."""
    stated = Capabilities(filter=True)
    for kind, works in ((tenants.FilterRefused, False), (tenants.OnlyEq, True)):
        found = tuple((await probed(kind())).values())
        profile = with_seen(profile_named("generic"), found, "2026-11-27")

        assert narrow(profile, replace(stated, filter=not works)).filter is works


async def test_a_file_that_is_probed_again_has_each_fact_once():
    """What was seen later is what counts."""
    profile = profile_named("generic")
    for kind in (tenants.FilterRefused, tenants.ReadTenant):
        found = tuple((await probed(kind())).values())
        profile = with_seen(profile, found, "2026-11-27")

    topics = [fact.topic for fact in profile.facts]
    assert len(topics) == len(set(topics))
    assert profile.filter
