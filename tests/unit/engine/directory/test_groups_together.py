"""Groups are read several in one request, once such answers have shown the members that are known."""

import json
from dataclasses import replace

import pytest

from bulkscim.engine.directory.absence import Absence
from bulkscim.engine.directory.compared import Compared
from bulkscim.engine.directory.earlier_runs import EarlierRuns, JournalReads
from bulkscim.engine.directory.groups_together import ways_of
from bulkscim.engine.directory.listing import Listings
from bulkscim.engine.directory.members import Members
from bulkscim.engine.directory.memberships import KEPT_S, Memberships
from bulkscim.engine.directory.store import Store
from bulkscim.engine.directory.together import NamesAhead, Purpose
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Member, Membership
from bulkscim.model.operation import GROUP, Key
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Step
from bulkscim.planning.lookup_costs import MOST
from bulkscim.scim import filters
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock

IN, OUT = Member(present=True), Member(present=False)


async def no_groups():
    """Return that the run has created none."""
    return ()


class Tenant:
    """Groups with members by id. A filter shows at most `cut` members of each; `status` is how filters are answered."""

    def __init__(self, groups, *, cut=10_000, status=200):
        self.groups, self.cut, self.status = groups, cut, status
        self.by_id, self.filters, self.pages = [], [], 0

    def shown(self, group, cut=10_000):
        """Return a group as an answer shows it."""
        return {"id": group, "members": [{"value": one} for one in self.groups[group][:cut]]}

    async def send(self, request):
        """Answer a filter, or a read by id."""
        if request.path.startswith("/Groups/"):
            group = request.path.removeprefix("/Groups/")
            self.by_id.append(group)
            return Response(200, {}, json.dumps(self.shown(group)).encode())
        if "filter" not in request.path:
            self.pages += 1
            start = int(request.path.partition("startIndex=")[2].partition("&")[0])
            listed = [self.shown(one, self.cut) for one in self.groups][start - 1 : start + 99]
            body = {"totalResults": len(self.groups), "Resources": listed}
            return Response(200, {}, json.dumps(body).encode())
        _, values = filters.any_asked_for(request.path)
        self.filters.append(values)
        found = [self.shown(one, self.cut) for one in values if one in self.groups]
        body = {"totalResults": len(found), "Resources": found}
        return Response(self.status, {}, json.dumps(body).encode())


class Rows:
    """Rows that add a member to each group of a tenant in turn."""

    def __init__(self, tenant, *, filters=True):
        self.filters = filters
        self.tenant, self.clock = tenant, VirtualClock()
        self.reads, self.memberships = Reads(tenant, self.clock, GENERIC), Memberships(self.clock)
        compared = Compared(EarlierRuns(JournalReads(), Store()))
        self.compared, ways = compared, ways_of(self.memberships, compared, GENERIC)
        listings = Listings(self.clock, Store())
        absence = Absence(self.memberships, lambda: False, no_groups)
        self.members = Members(
            self.memberships, ways, absence, lambda _: self.filters, lambda _: None, listings
        )

    def ahead(self):
        """Return the groups that rows to come name."""
        keys = [Key(GROUP, "id", group) for group in self.tenant.groups]
        return NamesAhead(lambda: iter(keys), MOST, KEPT_S)

    async def are_in(self, member="new"):
        """Return of each group whether it has the member, not whether that is proved."""
        purpose = Purpose(ahead=self.ahead())
        answers = [
            await self.members.membership(Membership(group, member), self.reads, purpose)
            for group in self.tenant.groups
        ]
        return [replace(one, proved=False) for one in answers]

    def add(self, group, *added):
        """Add members by steps of the run; return the answer to their request."""
        for member in added:
            self.memberships.changed(group, member, added=True)
        self.tenant.groups[group] += added
        return [Step(f"member:{one}", Action.ADD_MEMBER, GROUP, id=group, member=one) for one in added]


def groups(*sizes):
    return {f"g{at}": [f"m{at}-{one}" for one in range(size)] for at, size in enumerate(sizes)}


async def test_what_one_group_proves_holds_for_shorter_lists_of_others():
    tenant = Tenant(groups(5, 4, 0, 3))
    tenant.groups["g3"].append("new")

    assert await Rows(tenant).are_in() == [OUT, OUT, OUT, IN]
    assert (tenant.by_id, tenant.filters) == (["g0"], [("g0", "g1", "g2", "g3")])


async def test_the_longest_list_is_read_by_id_and_proves_the_others():
    tenant = Tenant(groups(2, 4, 30, 9, 7))

    assert await Rows(tenant).are_in() == [OUT] * 5
    assert (tenant.by_id, len(tenant.filters)) == (["g0", "g2"], 1)


async def test_of_the_longest_lists_three_must_be_equal():
    """A tenant may cut lists at this very length."""
    tenant = Tenant(groups(5, 5, 9), cut=5)

    assert await Rows(tenant).are_in("m2-8") == [OUT, OUT, IN]
    assert "g2" in tenant.by_id


class TestListing:
    """Where no filter takes several ids, one listing shows the groups."""

    async def test_a_listing_serves_where_filters_take_no_several_ids(self):
        """Each group was read by its id, 20 of them."""
        tenant = Tenant(groups(5, *([0, 1, 2, 3] * 5)))

        assert await Rows(tenant, filters=False).are_in() == [OUT] * 21
        assert (tenant.by_id, tenant.pages, tenant.filters) == (["g0"], 2, [])

    async def test_of_the_longest_lists_three_must_be_equal(self):
        tenant = Tenant(groups(5, 5, 9, 5, 5, 5), cut=5)

        assert await Rows(tenant, filters=False).are_in("m2-8") == [OUT, OUT, IN, OUT, OUT, OUT]
        assert "g2" in tenant.by_id

    async def test_a_few_groups_are_read_by_their_ids(self):
        tenant = Tenant(groups(5, 1, 2))

        assert await Rows(tenant, filters=False).are_in() == [OUT] * 3
        assert (len(tenant.by_id), tenant.pages) == (3, 0)

    async def test_a_listing_that_is_too_long_is_left(self):
        """It took a page to see it; groups that rows do not name are most of it."""
        tenant = Tenant(groups(5, *([1] * 8), *([0] * 900)))
        rows = Rows(tenant, filters=False)
        keys = [Key(GROUP, "id", f"g{at}") for at in range(9)]
        purpose = Purpose(ahead=NamesAhead(lambda: iter(keys), MOST, KEPT_S))
        for key in keys:
            answer = await rows.members.membership(Membership(key.value, "new"), rows.reads, purpose)
            assert not answer.present
        assert (len(tenant.by_id), tenant.pages) == (9, 1)

    async def test_groups_without_members_prove_nothing(self):
        tenant = Tenant(groups(*[0] * 8))

        assert await Rows(tenant, filters=False).are_in() == [OUT] * 8
        assert (len(tenant.by_id), tenant.pages) == (8, 0)


async def test_no_list_is_believed_where_one_was_cut():
    """It holds for the rest of the run, and the journal tells later sessions."""
    tenant = Tenant(groups(5, 3, 4), cut=3)
    rows = Rows(tenant)

    assert await rows.are_in("m2-3") == [OUT, OUT, IN]
    assert tenant.by_id == ["g0", "g0", "g1", "g2"]
    assert len(tenant.filters) == 1
    assert rows.compared.take_left_out() == [(GROUP, "members")]


@pytest.mark.parametrize("status", [400, 501])
async def test_a_tenant_that_refuses_such_filters_is_asked_once(status):
    tenant = Tenant(groups(5, 4, 3), status=status)

    assert await Rows(tenant).are_in() == [OUT] * 3
    assert (tenant.by_id, len(tenant.filters)) == (["g0", "g1", "g2"], 1)


async def test_groups_without_members_prove_nothing():
    tenant = Tenant(groups(0, 0, 0, 0))

    assert await Rows(tenant).are_in() == [OUT] * 4
    assert (tenant.by_id, tenant.filters) == (list(tenant.groups), [])


async def test_members_that_the_run_has_added_prove_what_they_show():
    tenant = Tenant(groups(0, 0, 0, 0))
    rows = Rows(tenant)
    await rows.members.membership(Membership("g0", "a"), rows.reads)
    rows.add("g0", "a", "b")

    assert await rows.are_in("a") == [IN, OUT, OUT, OUT]
    assert (tenant.by_id, len(tenant.filters)) == (["g0"], 1)


async def test_a_group_that_is_changed_during_the_request_is_read_again():
    tenant = Tenant(groups(5, 4, 3))
    rows = Rows(tenant)
    send = tenant.send

    async def changed(request):
        answer = await send(request)
        if request.path.startswith("/Groups?") and "new" not in tenant.groups["g2"]:
            rows.add("g2", "new")
        return answer

    tenant.send = changed

    assert await rows.are_in() == [OUT, OUT, IN]
    assert tenant.by_id == ["g0", "g2"]


async def test_groups_that_get_too_old_are_read_again_together():
    tenant = Tenant(groups(5, 4, 3))
    rows = Rows(tenant)
    await rows.are_in()
    await rows.clock.sleep(KEPT_S + 1)
    await rows.are_in()

    assert (tenant.by_id, len(tenant.filters)) == (["g0", "g0"], 2)


class TestAnswers:
    """What the answer to a change shows of its group."""

    async def read(self, tenant):
        rows = Rows(tenant)
        for group in tenant.groups:
            await rows.members.membership(Membership(group, "new"), rows.reads)
        return rows

    def change(self, rows, group, *added, shown=None):
        """Add members, whose answer shows the group as it is, or `shown` alone."""
        steps = rows.add(group, *added)
        answer = rows.tenant.shown(group)
        if shown is not None:
            answer["members"] = [{"value": one} for one in shown]
        rows.members.answered(steps, answer, rows.clock.monotonic())

    async def test_a_group_whose_answers_show_its_members_is_not_read_again(self):
        rows = await self.read(Tenant(groups(5, 2)))
        await rows.clock.sleep(KEPT_S - 1)
        self.change(rows, "g0", "a")
        self.change(rows, "g1", "b")
        await rows.clock.sleep(KEPT_S - 1)

        known = await rows.members.membership(Membership("g1", "b"), rows.reads)
        assert (known, rows.tenant.by_id) == (IN, ["g0", "g1"])

    async def test_members_that_the_request_names_prove_nothing(self):
        """The service may answer with what was sent."""
        rows = await self.read(Tenant(groups(0, 0)))
        await rows.clock.sleep(KEPT_S - 1)
        self.change(rows, "g0", "a", "b", "c")
        self.change(rows, "g1", "d")
        await rows.clock.sleep(KEPT_S - 1)
        await rows.members.membership(Membership("g1", "x"), rows.reads)

        assert rows.tenant.by_id == ["g0", "g1", "g1"]

    async def test_an_answer_that_lacks_a_member_ends_it(self):
        rows = await self.read(Tenant(groups(5, 2)))
        self.change(rows, "g0", "a")
        self.change(rows, "g0", "b", shown=["b"])
        await rows.clock.sleep(KEPT_S - 1)
        self.change(rows, "g1", "c")
        await rows.clock.sleep(KEPT_S - 1)
        await rows.members.membership(Membership("g1", "x"), rows.reads)

        assert rows.tenant.by_id == ["g0", "g1", "g1"]

    async def test_what_others_have_added_is_taken_in(self):
        rows = await self.read(Tenant(groups(5, 2)))
        self.change(rows, "g0", "a")
        rows.tenant.groups["g1"].append("foreign")
        self.change(rows, "g1", "c")

        assert await rows.members.membership(Membership("g1", "foreign"), rows.reads) == IN
        assert rows.tenant.by_id == ["g0", "g1"]


async def test_an_old_image_will_do_where_it_is_asked_for_again_before_the_step():
    tenant = Tenant(groups(5))
    rows = Rows(tenant)
    await rows.members.membership(Membership("g0", "new"), rows.reads)
    await rows.clock.sleep(KEPT_S + 1)

    adds, removes = Purpose(outdated=False), Purpose(outdated=True)
    ask = rows.members.membership
    assert await ask(Membership("g0", "new"), rows.reads, adds) == Member(present=False, is_old=True)
    assert await ask(Membership("g0", "m0-1"), rows.reads, removes) == Member(present=True, is_old=True)
    assert tenant.by_id == ["g0"]


@pytest.mark.parametrize(("member", "outdated"), [("m0-1", False), ("new", True)])
async def test_an_old_image_does_not_say_that_all_is_as_asked(member, outdated):
    rows = Rows(Tenant(groups(5)))
    await rows.members.membership(Membership("g0", "new"), rows.reads)
    await rows.clock.sleep(KEPT_S + 1)

    answer = await rows.members.membership(Membership("g0", member), rows.reads, Purpose(outdated=outdated))
    assert answer == Member(present=not outdated)
    assert rows.tenant.by_id == ["g0", "g0"]


async def test_a_user_that_the_run_has_just_created_is_in_no_group():
    """Its groups were read before it was added to them. For a removal they are: a service may put each user into one."""
    tenant = Tenant(groups(5, 4))
    rows = Rows(tenant)
    rows.members.created("new")
    need, adding = Membership("g0", "new"), Purpose(adds=True)

    assert await rows.members.membership(need, rows.reads, adding) == Member(present=False, proved=True)
    assert not tenant.by_id

    tenant.groups["g0"].append("new")
    assert (await rows.members.membership(need, rows.reads)).present
    rows.add("g0", "new")
    assert (await rows.members.membership(need, rows.reads, adding)).present
