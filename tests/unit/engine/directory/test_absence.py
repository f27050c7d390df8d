"""A user is taken to be outside a group only where an answer proves it: what is not shown may be there."""

import json

import pytest

from bulkscim.engine.directory.absence import Absence
from bulkscim.engine.directory.memberships import Memberships
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Member, Membership, Unreadable
from bulkscim.model.request import Response
from bulkscim.providers.profile import Profile
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.asked import asked_for

PROVED, UNKNOWN, PRESENT = Member(present=False, proved=True), Member(present=False), Member(present=True)
ADA = "u1"


class Tenant:
    """Groups with members, of which an answer shows at most `cut`; `filtered` says how filters are answered."""

    def __init__(self, *, cut=100, filtered="well", **groups):
        self.groups, self.cut, self.filtered = groups, cut, filtered
        self.asked = []

    def shown(self, group):
        """Return a group as an answer shows it."""
        members = [{"value": one} for one in self.groups[group][: self.cut]]
        return {"id": group, "displayName": group, "members": members}

    async def send(self, request):
        """Answer a listing, a filter by member, or a read by id."""
        self.asked.append(request.path)
        if request.path.startswith("/Users/"):
            return Response(404, {}, b"{}")
        if request.path.startswith("/Groups/"):
            own = request.path.removeprefix("/Groups/")
            body = self.shown(own) if own in self.groups else {}
            return Response(200 if body else 404, {}, json.dumps(body).encode())
        wanted, found = asked_for(request.path), list(self.groups)
        if wanted and self.filtered == "well":
            found = [group for group in found if wanted[1] in self.groups[group]]
        elif wanted and self.filtered == "nothing":
            found = []
        elif wanted and isinstance(self.filtered, int):
            return Response(self.filtered, {}, b"{}")
        body = {"totalResults": len(found), "Resources": [self.shown(group) for group in found]}
        return Response(200, {}, json.dumps(body).encode())


class Asking:
    """Absence over a tenant; `read` are the groups that were read by id before, the one in question the last."""

    def __init__(self, tenant, *read, shows_groups=False, own=()):
        async def own_groups():
            return own

        clock = VirtualClock()
        self.memberships, self.reads = Memberships(clock), Reads(tenant, clock, Profile("generic"))
        self.absence = Absence(self.memberships, lambda: shows_groups, own_groups)
        for group in read:
            with self.memberships.reading(group) as reading:
                self.memberships.keep(reading, tenant.shown(group))

    async def of(self, group, member=ADA):
        return await self.absence.of(Membership(group, member, proof=True), self.reads)


async def test_a_group_that_the_run_created_needs_no_request():
    """Nothing was in it before."""
    tenant = Tenant(new=[])
    asking = Asking(tenant, "new")
    asking.absence.created("new")

    assert await asking.of("new") == PROVED
    assert await Asking(tenant, "new", own=["new"]).of("new") == PROVED  # by an earlier session
    assert tenant.asked == []


async def test_a_longer_list_proves_a_shorter_one_whole():
    """Where ten members were shown, a list of three was not cut; a list as long as any may have been."""
    tenant = Tenant(cut=10, filtered=501, large=[f"m{n}" for n in range(30)], small=["m1", "m2"])

    assert await Asking(tenant, "large", "small").of("small") == PROVED
    assert await Asking(tenant, "small", "large").of("large") == UNKNOWN
    assert await Asking(tenant, "small").of("small") == UNKNOWN


async def test_a_member_that_the_answer_to_its_addition_did_not_show_is_not_proved_absent_by_what_shows_the_same():
    """A group of the run that a tenant cut lost a member that was there: its row failed."""
    tenant = Tenant(cut=1, new=["m1", ADA], other=["m1"])
    asking = Asking(tenant, "new")
    asking.absence.created("new")
    asking.memberships.doubt_added("new", ADA)
    tenant.groups["new"] = ["m1"]  # its filter does not find what is hidden

    assert await asking.of("new") == UNKNOWN


async def test_a_user_that_shows_no_groups_is_in_none_where_users_show_theirs():
    """It is asked only about users whose own groups are not shown."""
    assert await Asking(Tenant(sales=["m1"]), "sales", shows_groups=True).of("sales") == PROVED


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        (Tenant(sales=["m1"]), PROVED),
        (Tenant(sales=[], other=["m1"]), PROVED),
        (Tenant(cut=1, sales=["m1", ADA], other=["m2"]), PRESENT),
        (Tenant(cut=1, sales=["m1", ADA], other=["m2"], filtered="ignored"), UNKNOWN),
        (Tenant(sales=["m1"], filtered="nothing"), UNKNOWN),
        (Tenant(sales=["m1"], filtered=501), UNKNOWN),
        (Tenant(cut=0, sales=["m1"], other=["m2"]), UNKNOWN),
        (Tenant(sales=[]), UNKNOWN),
    ],
    ids=[
        "one group",
        "empty group",
        "cut list",
        "ignored",
        "finds nothing",
        "refused",
        "never shown",
        "no member",
    ],
)
async def test_a_filter_counts_once_it_has_found_a_member_that_is_shown(tenant, expected):
    """Before, a member that an answer did not show was taken to be no member."""
    assert await Asking(tenant, "sales").of("sales") == expected


class Showing(Tenant):
    """Users show these groups, which do not say of a group whether the user is in it directly unless it has a type."""

    user_groups = ()

    async def send(self, request):
        """Answer a read of a user, and the rest as usual."""
        if request.path != f"/Users/{ADA}":
            return await super().send(request)
        body = {"id": ADA, "userName": "ada", "groups": list(self.user_groups)}
        return Response(200, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([{"value": "outer"}, {"value": "inner"}], UNKNOWN),
        ([{"value": "outer", "type": "direct"}, {"value": "inner"}], PRESENT),
        ([{"value": "outer"}], PRESENT),
    ],
    ids=["perhaps through the other", "direct", "alone"],
)
async def test_a_group_that_a_user_is_perhaps_in_through_another_proves_no_membership(groups, expected):
    """A removal of an inherited membership was journaled as one of a direct member, and a rollback added the user."""
    tenant = Showing(filtered=501, outer=["inner"], inner=[ADA])
    tenant.user_groups = groups
    asking = Asking(tenant, "outer")

    need = Membership("outer", ADA, proof=True, asks_member=True)
    assert await asking.absence.of(need, asking.reads) == expected


@pytest.mark.parametrize(
    "need",
    [
        Membership("outer", "inner", proof=True, is_nested=True),
        Membership("outer", "inner", proof=True, asks_member=True),
    ],
    ids=["named as a group", "of a lost step"],
)
async def test_a_group_says_nothing_of_the_groups_that_it_is_in(need):
    """Where users show theirs, the removal of a group from a group that hides its members ended as a noop."""
    tenant = Showing(filtered=501, cut=0, outer=["inner"], inner=[ADA])
    asking = Asking(tenant, "outer", shows_groups=True)

    assert await asking.absence.of(need, asking.reads) == UNKNOWN


async def test_a_filter_that_is_ignored_finds_no_member_though_a_group_is_gone():
    """What was deleted since the proof seemed to be left out: a removal was journaled that a rollback turned into a member."""
    tenant = Tenant(filtered="ignored", sales=["u2"], legal=["u3"], old=[])
    asking = Asking(tenant, "sales")
    before = await asking.of("sales")

    del tenant.groups["old"]

    assert (before, await asking.of("sales")) == (UNKNOWN, UNKNOWN)


async def test_the_filter_is_proved_once():
    """One listing and one question about a user that is known to be there; then one question a user."""
    tenant = Tenant(sales=["m1"], other=["m2"])
    asking = Asking(tenant, "sales")

    for number in range(5):
        assert await asking.of("sales", f"u{number}") == PROVED
    assert len(tenant.asked) == 2 + 5


async def test_an_outage_is_no_answer():
    """It says nothing about the filter, which is asked again later."""
    tenant = Tenant(sales=["m1"], filtered=503)
    asking = Asking(tenant, "sales")

    assert isinstance(await asking.of("sales"), Unreadable)
    tenant.filtered = "well"
    assert await asking.of("sales") == PROVED
