"""Who refers to a resource, found in the fewest requests."""

import json
import re
from dataclasses import replace
from functools import partial

import pytest

from bulkscim.engine.directory.backlinks import MANAGER, MEMBERS, Backlinks
from bulkscim.engine.directory.coverage import COMPARED
from bulkscim.engine.directory.store import Store
from bulkscim.engine.directory.tied import Due, Tied
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Holders, Referrers, Reports, Unreadable
from bulkscim.model.operation import ENTERPRISE, GROUP, USER
from bulkscim.model.request import Request, Response
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.verbs.membership import joining, leaving
from bulkscim.providers.profile import Profile
from bulkscim.scim import paths
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.asked import asked_for

PAGE = 10
GENERIC = Profile("generic", page_size=PAGE)


class Tenant:
    """Answers listings and filters, and counts; `bend` may change an answer."""

    def __init__(self, *resources, bend=None):
        self.resources = list(resources)
        self.bend = bend or (lambda _path, _found: None)
        self.asked = []

    async def send(self, request):
        """Answer a GET."""
        self.asked.append(request.path)
        wanted, found = asked_for(request.path), self.resources
        if wanted:
            found = [one for one in found if wanted[1] in targets(one, wanted[0])]
        bent = self.bend(request.path, found)
        if isinstance(bent, int):
            return Response(bent, {}, b"{}")
        found = found if bent is None else bent
        start = int(request.path.partition("startIndex=")[2].partition("&")[0] or 1)
        body = {"totalResults": len(found), "Resources": found[start - 1 : start - 1 + PAGE]}
        return Response(200, {}, json.dumps(body).encode())


def targets(resource, path):
    found = paths.get(resource, path)
    return found if isinstance(found, list) else [found]


def holds(group, *members):
    return {"id": group, "members": [{"value": member} for member in members]}


def groups(count):
    return [
        holds(f"g{number}", f"u{number}", "everybody" if number % 2 else "some") for number in range(count)
    ]


class Asking:
    """Backlinks over a tenant, with a clock of its own."""

    def __init__(self, tenant, due, reference=MEMBERS, profile=GENERIC):
        self.tenant = tenant
        self.clock = VirtualClock()
        self.reads = Reads(tenant, self.clock, profile)
        self.due = due
        self.notes = []
        self.links = Backlinks(reference, self.clock, profile, lambda: self.due, Store(), self.notes.append)

    async def of(self, target, **asked):
        found = await self.links.of(target, self.reads, **asked)
        return set(found.ids) if isinstance(found, Referrers) and found.ids is not None else found


@pytest.mark.parametrize("asks", [False, True], ids=["listing", "filter"])
async def test_a_group_that_no_url_can_hold_makes_the_groups_unknown(asks):
    """It was recorded by its id "..": the rollback could not read its own job, and did not end."""
    asking = Asking(Tenant(*groups(30), holds("..", "u5")), due=1 if asks else 100)

    assert await asking.of("u5") == Referrers(None)


async def test_many_are_found_in_one_listing():
    """Thirty groups are four pages: cheaper than a request for each of a hundred people."""
    asking = Asking(Tenant(*groups(30)), due=100)

    for number in range(30):
        assert await asking.of(f"u{number}") == {f"g{number}"}
    assert await asking.of("absent") == set()
    assert len(asking.tenant.asked) <= 6
    assert not asking.links.asks


async def test_few_in_a_tenant_of_many_groups_are_asked_for_one_by_one():
    """The filter is first tried on a user whose answer is known."""
    asking = Asking(Tenant(*groups(300)), due=3)

    assert [await asking.of(name) for name in ("u7", "u8", "absent")] == [{"g7"}, {"g8"}, set()]
    assert len(asking.tenant.asked) == 1 + 1 + 3
    assert asking.links.asks


async def test_one_page_that_is_all_is_one_request():
    """Fewer came than were asked for, and no more are claimed."""
    asking = Asking(Tenant(*groups(4)), due=1)

    assert await asking.of("everybody") == {"g1", "g3"}
    assert len(asking.tenant.asked) == 1


async def test_one_page_of_a_tenant_that_counts_only_the_page_is_not_believed():
    """The groups beyond its only page were taken for groups that do not exist, and an undo left them out."""
    capped = Tenant(*groups(30), bend=lambda path, found: 400 if "filter" in path else found[:4])
    asking = Asking(capped, due=9, profile=replace(GENERIC, counts_all=False))
    capped.send = partial(first_page, capped.send)

    assert await asking.of("u20") == Referrers(None)
    assert len(capped.asked) <= 6


async def first_page(send, request):
    """Answer as if the first page had been asked for."""
    path = re.sub("startIndex=[0-9]+", "startIndex=1", request.path)
    return await send(Request("GET", path))


@pytest.mark.parametrize(
    "bend",
    [
        lambda path, _: 400 if "filter" in path else None,
        lambda path, _: [] if "filter" in path else None,
        lambda path, _: groups(300) if "filter" in path else None,
    ],
)
async def test_a_filter_that_does_not_work_makes_it_unknown_where_a_listing_costs_too_much(bend):
    """One that is refused, answers nothing, or answers everything is not believed."""
    asking = Asking(Tenant(*groups(300), bend=bend), due=3)

    assert [await asking.of(name) for name in ("u7", "absent")] == [Referrers(None)] * 2
    assert len(asking.tenant.asked) == 1 + 2


async def test_a_filter_that_is_ignored_is_not_believed_though_a_group_is_gone():
    """A group that was deleted since the listing seemed to be left out, and a user to be in all the others."""
    bend = lambda path, _: groups(1) + groups(300)[2:] if "filter" in path else None  # noqa: E731
    asking = Asking(Tenant(*groups(300), bend=bend), due=3)

    assert await asking.of("u7") == Referrers(None)
    assert "/Groups/g1" in asking.tenant.asked


async def test_a_filter_that_knows_no_other_parameters_is_sent_alone():
    """Each form is proved before an answer in it counts."""
    bend = lambda path, _: 400 if "excludedAttributes" in path else None  # noqa: E731
    asking = Asking(Tenant(*groups(300), bend=bend), due=3)

    assert await asking.of("u7") == {"g7"}
    assert asking.tenant.asked[-1].partition("&")[1] == ""


async def test_an_answer_that_was_cut_is_unknown():
    """More are claimed than came."""
    many = [holds(f"x{number}", "busy") for number in range(PAGE + 1)]
    asking = Asking(Tenant(*groups(300), *many), due=3)

    assert await asking.of("busy") == Referrers(None)
    assert await asking.of("u8") == {"g8"}


UNKNOWN = "the groups of users that are removed cannot be recorded here: an undo does not know them"


@pytest.mark.parametrize(
    ("tenant", "part"),
    [
        (Tenant(*groups(30), bend=lambda *_: 403), ""),
        (Tenant(*groups(300), *[holds(f"x{number}", "busy") for number in range(PAGE + 1)]), "some of "),
    ],
    ids=["refused listing", "cut answer of a filter"],
)
async def test_what_cannot_be_recorded_is_said_once(tenant, part):
    """Users were deleted without a word though nothing told which groups they were in."""
    asking = Asking(tenant, due=3)

    assert [await asking.of("busy") for _ in range(3)] == [Referrers(None)] * 3
    assert asking.notes == [part + UNKNOWN]


async def test_a_success_that_is_no_listing_is_asked_for_again():
    """The groups of a run's users counted as hidden for good, since one answer was spoilt."""
    spoilt = [True]
    asking = Asking(Tenant(*groups(4), bend=lambda *_: 200 if spoilt else None), due=9)

    assert isinstance(await asking.of("u1"), Unreadable)
    spoilt.clear()
    assert await asking.of("u1") == {"g1"}


@pytest.mark.parametrize("tie", [MEMBERS, MANAGER], ids=["members", "managers"])
async def test_what_is_never_shown_is_unknown(tie):
    """Where no listed resource refers to another, the listing most likely does not show it; nothing listed is nothing.

    A deleted manager was taken to have no reports where listings leave out managers: the rollback brought none back.
    """
    asking = Asking(Tenant(*({"id": f"x{number}"} for number in range(5))), due=100, reference=tie)

    assert await asking.of("u1") == Referrers(None)
    assert asking.notes == [f"{tie.told} cannot be recorded here ({tie.unseen}): an undo does not know them"]
    assert await Asking(Tenant(), due=100, reference=tie).of("u1") == set()


async def test_what_the_run_writes_does_not_prove_that_a_listing_shows_it():
    """Nor where it is written while the listing is taken."""
    change = Change(f"{ENTERPRISE}:manager.value", None, "u2")
    asking = Asking(Tenant(*({"id": f"u{n}"} for n in range(15))), due=100, reference=MANAGER)
    asking.tenant.bend = lambda *_: asking.links.applied(
        Step("manager", Action.MODIFY, USER, id="u1", changes=(change,))
    )

    assert await asking.of("u2") == Referrers(None)


async def test_a_listing_is_kept_up_to_date_with_the_run():
    """What the run itself changes is known without asking."""
    asking = Asking(Tenant(*groups(4)), due=9)
    assert await asking.of("everybody") == {"g1", "g3"}

    asking.links.applied(joining("member:x", "g0", "everybody"))
    asking.links.applied(leaving("member:x", "g1", "everybody"))
    asking.links.made(holds("new", "everybody"))
    asking.links.applied(Step("delete", Action.DELETE, GROUP, id="g3"))

    assert await asking.of("everybody") == {"g0", "new"}
    assert len(asking.tenant.asked) == 1


async def test_a_group_that_is_patched_or_replaced_is_kept_up_to_date():
    """By the changes that the step records, whole lists as well."""
    asking = Asking(Tenant(*groups(4)), due=9)
    await asking.of("u1")
    change = Change("members", [{"value": "u1"}, {"value": "everybody"}], [{"value": "u2"}])

    asking.links.applied(Step("replace", Action.REPLACE, GROUP, id="g1", changes=(change,)))

    assert (await asking.of("u1"), await asking.of("u2")) == (set(), {"g1", "g2"})


async def test_a_new_manager_is_known():
    """The reports of a user are those whose manager the run made it, too."""
    managed = {"id": "u3", ENTERPRISE: {"manager": {"value": "u4"}}}
    asking = Asking(Tenant({"id": "u1"}, managed), due=9, reference=MANAGER)
    await asking.of("u2")
    change = Change(f"{ENTERPRISE}:manager.value", None, "u2")

    asking.links.applied(Step("manager", Action.MODIFY, USER, id="u1", changes=(change,)))
    assert await asking.of("u2") == {"u1"}


async def test_a_listing_is_taken_again_after_a_minute_for_each_of_its_requests():
    """So no more than one request a minute goes into it, and others' changes are seen at last."""
    asking = Asking(Tenant(*groups(30)), due=100)
    await asking.of("u1")
    cost = len(asking.tenant.asked)
    asking.tenant.resources.append(holds("later", "u1"))

    await asking.clock.sleep(59.0 * cost)
    assert await asking.of("u1") == {"g1"}
    await asking.clock.sleep(cost + 1.0)
    assert await asking.of("u1") == {"g1", "later"}


async def test_a_long_listing_is_said_before_it_begins():
    """People would wonder why nothing moves."""
    asking = Asking(Tenant(*groups(150)), due=1000)
    await asking.of("u1")

    assert asking.notes == [
        "reading all Groups once, in about 16 requests, to record the groups of users that are removed"
    ]


async def test_what_may_pass_is_not_taken_for_unknown():
    """A tenant that is busy is asked again by the next row."""
    busy = [503]
    asking = Asking(Tenant(*groups(4), bend=lambda _path, _found: busy[0] if busy else None), due=9)

    assert isinstance(await asking.of("u1"), Unreadable)
    busy.clear()
    assert await asking.of("u1") == {"g1"}


async def test_a_listing_that_claims_more_than_comes_is_not_believed():
    """Groups may be hidden from this token."""

    class Short(Tenant):
        async def send(self, request):
            reply = await super().send(request)
            body = json.loads(reply.body) | ({} if "filter" in request.path else {"totalResults": 12})
            return Response(200, {}, json.dumps(body).encode())

    asking = Asking(Short(*groups(1)), due=9)
    assert await asking.of("u0") == Referrers(None)
    assert asking.notes == [UNKNOWN]
    assert await Asking(Short(*groups(4)), due=9).of("u1") == {"g1"}  # by the filter, which proves to work


def tied(tenant, profile=GENERIC, removals=9, deletions=9):
    clock = VirtualClock()
    return Tied(clock, profile, Due(lambda: removals, lambda: deletions), Store()), Reads(
        tenant, clock, profile
    )


async def test_users_that_show_their_groups_are_believed_when_they_show_none():
    """Once one was seen that does, read in the same way."""
    tenant = Tenant(*groups(4))
    ties, reads = tied(tenant)
    ties.saw(USER, {"id": "u9", "groups": [{"value": "g1"}]}, "id")

    assert await ties.read(Holders(USER, "u1", "id"), reads) == Referrers(())
    assert tenant.asked == []
    assert await ties.read(Holders(USER, "u1", "userName"), reads) == Referrers(("g1",))


async def test_groups_that_a_user_shows_are_compared_with_those_that_show_it():
    """A list of groups that was cut lost the memberships of a deleted user, and a rollback could not know them."""
    tenant = Tenant(*groups(4), holds("g9", "u1", "u3"))
    ties, reads = tied(tenant)

    whole = [await ties.read(Holders(USER, "u2", "id", ("g2",)), reads) for _ in range(COMPARED)]
    assert whole == [Referrers(("g2",))] * COMPARED
    assert await ties.read(Holders(USER, "u1", "id", ("g1",)), reads) == Referrers(("g1",))  # proved for one
    assert await ties.read(Holders(USER, "u1", "id", ("g1", "g5")), reads) == Referrers(("g1", "g5", "g9"))
    assert await ties.read(Holders(USER, "u3", "id", ("g3",)), reads) == Referrers(("g3", "g9"))


async def test_groups_that_a_user_shows_are_kept_where_no_group_can_be_asked():
    """They are known; others may be as well."""
    ties, reads = tied(Tenant(*groups(4), bend=lambda *_: 500))

    assert await ties.read(Holders(USER, "u1", "id", ("g1",)), reads) == Referrers(("g1",))
    assert await ties.read(Holders(USER, "u2", "id"), reads) != Referrers(())


class Cutting(Tenant):
    """Shows no more than ten members of a group."""

    async def send(self, request):
        """Answer a GET."""
        answer = await super().send(request)
        body = json.loads(answer.body)
        found = [one | {"members": one["members"][:10]} for one in body["Resources"]]
        return replace(answer, body=json.dumps(body | {"Resources": found}).encode())


CROWD = [f"c{number}" for number in range(10)]
SMALL = [holds("g3", "u2"), holds("g4"), holds("g5")]


async def test_who_is_not_shown_in_a_list_that_is_cut_is_found_by_the_filter():
    """The listing was believed: a deleted user was not put back into its groups."""
    asking = Asking(Cutting(holds("g1", *CROWD, "u1"), holds("g2", *CROWD, "u1"), *SMALL), due=9)

    assert await asking.of("u2") == {"g3"}
    assert await asking.of("u1") == {"g1", "g2"}
    assert asking.links.asks


async def test_lists_that_may_be_cut_are_compared_for_a_few():
    """Long groups of one size are common; the listing is believed when the filter has shown the same of some members."""
    asking = Asking(Tenant(holds("g1", *CROWD), holds("g2", *CROWD), *SMALL), due=9)

    for member in CROWD:
        assert await asking.of(member) == {"g1", "g2"}
    assert len(asking.tenant.asked) <= 1 + 1 + COMPARED + 1
    assert not asking.links.asks


async def test_where_there_are_no_groups_a_user_is_in_none():
    """Nothing is asked."""
    tenant = Tenant()
    ties, reads = tied(tenant, profile=replace(GENERIC, groups=False))

    assert await ties.read(Holders(USER, "u1", "id"), reads) == Referrers(())
    assert tenant.asked == []


async def test_where_members_are_hidden_groups_are_unknown():
    """Nothing is asked for what is never shown."""
    tenant = Tenant(*groups(4))
    ties, reads = tied(tenant, Profile("hiding", lists_members=False))

    assert await ties.read(Holders(USER, "u1", "id"), reads) == Referrers(None)
    assert tenant.asked == []


async def test_groups_and_reports_together_cost_one_request_a_user():
    """Where the groups took it, reports come from a listing or are unknown."""
    people = [{"id": f"p{n}", ENTERPRISE: {"manager": {"value": f"p{n // 2}"}}} for n in range(200)]
    tenant = Tenant(*groups(300), *people)
    tenant.bend = lambda path, found: [
        one for one in found if one["id"].startswith("g") is path.startswith("/Groups")
    ]
    ties, reads = tied(tenant, removals=3, deletions=3)

    assert await ties.read(Holders(USER, "u1", "id"), reads) == Referrers(("g1",))
    assert await ties.read(Reports("p7"), reads) == Referrers(None)
    ties.saw(USER, {"id": "u9", "groups": [{"value": "g1"}]}, "id")

    free, reads = tied(tenant, removals=3, deletions=3)
    free.saw(USER, {"id": "u9", "groups": [{"value": "g1"}]}, "id")
    assert await free.read(Holders(USER, "p7", "id"), reads) == Referrers(())
    assert await free.read(Reports("p7"), reads) == Referrers(("p14", "p15"))
