"""Names that users had before a run creates any, from one listing where that is cheap."""

import json

import pytest

from bulkscim.engine.directory.held_names import SHARE, SINGLES, HeldNames, most_pages
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads
from bulkscim.model.operation import USER, Key
from bulkscim.model.request import Response
from bulkscim.providers.profile import Profile
from bulkscim.scim import filters
from tests.support.fake_clock import VirtualClock

PAGE = 10


class Tenant:
    """So many users, in pages; `total` is what it claims, `status` how it answers."""

    def __init__(self, users, *, total=True, status=200, filters=True):
        self.users = [{"id": f"u{number}", "userName": f"U{number}@x.test"} for number in range(users)]
        self.total, self.status, self.asked = total, status, 0
        self.filters = filters

    async def send(self, request):
        """Answer a page."""
        self.asked += 1
        asked = filters.asked_for(request.path)
        if asked and not self.filters:
            return Response(400, {}, b"{}")
        if asked:
            found = [one for one in self.users if one["userName"].casefold() == asked[1].casefold()]
            return Response(200, {}, json.dumps({"totalResults": len(found), "Resources": found}).encode())
        start = int(request.path.partition("startIndex=")[2].partition("&")[0] or 1)
        body = {"Resources": self.users[start - 1 : start - 1 + PAGE]}
        body |= {"totalResults": len(self.users)} if self.total else {}
        return Response(self.status, {}, json.dumps(body).encode())


def key(number):
    return Key(USER, "userName", f"u{number}@X.TEST")


def asking(tenant, most=3):
    """Return names, and the reads that they take."""
    return HeldNames(Store(), most), Reads(tenant, VirtualClock(), Profile("generic", page_size=PAGE))


async def test_names_are_listed_once_and_compared_without_case():
    """Every row asks; one listing answers them all."""
    tenant = Tenant(15)
    names, reads = asking(tenant)

    assert [await names.holds(key(number), reads) for number in (0, 14, 15)] == [True, True, False]
    asked = tenant.asked
    assert await names.holds(key(3), reads)
    assert tenant.asked == asked


@pytest.mark.parametrize(
    ("tenant", "most", "asked"),
    [
        (Tenant(100, filters=False), 3, 2),
        (Tenant(100, total=False, filters=False), 3, 5),
        (Tenant(5, status=403), 3, 1),
        (Tenant(5), 0, 0),
    ],
    ids=["too long", "of unknown length", "refused", "not wanted"],
)
async def test_a_listing_that_costs_too_much_tells_nothing(tenant, most, asked):
    """A create then relies on the server, as before."""
    names, reads = asking(tenant, most)

    assert [await names.holds(key(number), reads) for number in (0, 1)] == [False, False]
    assert tenant.asked == asked


async def test_behind_a_long_listing_the_first_names_are_asked_for_and_more_where_some_exist():
    """A job of a few creates made each user of a large tenant a second time."""
    tenant = Tenant(100)
    names, reads = asking(tenant)

    assert not any([await names.holds(key(number), reads) for number in range(200, 205)])
    assert all([await names.holds(key(number), reads) for number in range(8)])
    assert not any([await names.holds(key(number), reads) for number in range(200, 500)])
    assert tenant.asked == 1 + SINGLES + 8 * SHARE


def test_more_creates_are_worth_more_pages():
    """A page for twenty creates, three at least."""
    assert [most_pages(creates) for creates in (0, 60, 61, 2000)] == [3, 3, 3, 100]
