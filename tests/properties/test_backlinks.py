"""Who refers to a resource is told rightly, whichever way it is found out, or said to be unknown."""

import asyncio
import json

from hypothesis import example, given
from hypothesis import strategies as st

from bulkscim.engine.directory.backlinks import FEW, MEMBERS, Backlinks
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads
from bulkscim.model.live import Referrers
from bulkscim.model.operation import GROUP
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Step
from bulkscim.planning.verbs.membership import joining, leaving
from bulkscim.providers.profile import Profile
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.asked import asked_for

PAGE = 4
PROFILE = Profile("generic", page_size=PAGE)
IDS = [f"u{number}" for number in range(5)]
GROUPS = st.lists(st.sets(st.sampled_from(IDS)), max_size=20)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["ask", "join", "leave", "delete", "others"]),
        st.integers(0, 30),
        st.sampled_from(IDS),
    ),
    max_size=25,
)


class Tenant:
    """Groups that answer listings and, where it `filters`, filters."""

    def __init__(self, groups, *, understands):
        self.groups = {f"g{number}": set(members) for number, members in enumerate(groups)}
        self.understands = understands
        self.asked = 0

    async def send(self, request):
        self.asked += 1
        wanted = asked_for(request.path)
        shown = [
            {"id": one, "members": [{"value": each} for each in held]} for one, held in self.groups.items()
        ]
        if wanted and not self.understands:
            return Response(400, {}, b"{}")
        if wanted:
            shown = [one for one in shown if {"value": wanted[1]} in one["members"]]
        start = int(request.path.partition("startIndex=")[2].partition("&")[0] or 1)
        body = {"totalResults": len(shown), "Resources": shown[start - 1 : start - 1 + PAGE]}
        return Response(200, {}, json.dumps(body).encode())

    def holding(self, member):
        return {group for group, held in self.groups.items() if member in held}


@example([set(), {"u0"}, {"u0"}, {"u0"}], [("ask", 0, "u0")], True, 1)
@given(GROUPS, CHANGES, st.booleans(), st.integers(1, 25))
def test_what_is_told_is_true(groups, changes, understands, due):
    """After any changes by this run; what others change is seen when a listing is taken again, or by a filter."""
    asyncio.run(_carried(Tenant(groups, understands=understands), changes, due))


async def _carried(tenant, changes, due):
    clock = VirtualClock()
    reads, links = Reads(tenant, clock, PROFILE), Backlinks(MEMBERS, clock, PROFILE, lambda: due, Store())
    asks = 0
    for what, number, member in changes:
        group = f"g{number % max(1, len(tenant.groups))}"
        held = tenant.groups.get(group)
        match what:
            case "ask":
                asks += 1
                found = await links.of(member, reads)
                assert isinstance(found, Referrers)
                assert found.ids is None or set(found.ids) == tenant.holding(member)
            case "join" if held is not None:
                held.add(member)
                links.applied(joining("part", group, member))
            case "leave" if held is not None:
                held.discard(member)
                links.applied(leaving("part", group, member))
            case "delete" if held is not None:
                del tenant.groups[group]
                links.applied(Step("delete", Action.DELETE, GROUP, id=group))
            case "others" if held is not None:
                held.symmetric_difference_update({member})
                await clock.sleep(100_000.0)
    others = sum(what == "others" for what, _, _ in changes)
    assert tenant.asked <= asks + (1 + others) * (max(due, FEW) + 4)
