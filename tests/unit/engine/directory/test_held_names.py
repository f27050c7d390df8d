"""Names that users had before a run creates any, from one listing where that is cheap."""

import json

import anyio
import pytest

from bulkscim.engine.directory.held_names import HeldUsers, Resemblances
from bulkscim.engine.directory.store import Store
from bulkscim.engine.directory.together import NamesAhead
from bulkscim.engine.reads import Reads
from bulkscim.model.live import NameHeld
from bulkscim.model.operation import GROUP, USER, Key
from bulkscim.model.request import Response
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.lookup_costs import SHARE, SINGLES, most_pages
from bulkscim.providers.profile import Profile
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock
from tests.support.servers.asked import asked_for

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
        asked = asked_for(request.path)
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


def asking(tenant, makes=60, clock=None, changes=0):
    """Return users, and the reads that they take."""
    clock = clock or VirtualClock()
    return HeldUsers(Store(), clock, GENERIC, makes=makes, changes=changes), Reads(
        tenant, clock, Profile("generic", page_size=PAGE)
    )


async def holds(names, number, reads, *, exact=False):
    """Return whether a name is held; no filter takes several names here."""

    async def joined(_key):
        return None

    return await names.holds(NameHeld(key(number), exact), reads, joined)


def patched(number):
    """Return a change of a user."""
    return Step("patch", Action.MODIFY, USER, id=f"u{number}")


async def test_names_are_listed_once_and_compared_without_case():
    """Every row asks; one listing answers them all."""
    tenant = Tenant(15)
    names, reads = asking(tenant)

    assert [await holds(names, number, reads) for number in (0, 14, 15)] == [True, True, False]
    asked = tenant.asked
    assert await holds(names, 3, reads)
    assert tenant.asked == asked


@pytest.mark.parametrize(
    ("tenant", "makes", "asked"),
    [
        (Tenant(100, filters=False), 60, 2),
        (Tenant(100, total=False, filters=False), 60, 6),
        (Tenant(5, status=403), 60, 1),
    ],
    ids=["too long", "of unknown length", "refused"],
)
async def test_a_listing_that_costs_too_much_tells_nothing(tenant, makes, asked):
    """A create then relies on the server, as before."""
    names, reads = asking(tenant, makes)

    assert [await holds(names, number, reads) for number in (0, 1)] == [False, False]
    assert tenant.asked == asked


async def test_behind_a_long_listing_the_first_names_are_asked_for_and_more_where_some_exist():
    """A job of a few creates made each user of a large tenant a second time."""
    tenant = Tenant(100)
    names, reads = asking(tenant)

    assert not any([await holds(names, number, reads) for number in range(200, 205)])
    assert all([await holds(names, number, reads) for number in range(8)])
    assert not any([await holds(names, number, reads) for number in range(200, 500)])
    assert tenant.asked == 1 + SINGLES + 8 * SHARE


async def test_a_user_is_shown_by_the_listing_until_the_run_changes_it():
    """Each row of a file that had been imported already looked its user up by itself."""
    tenant = Tenant(15)
    users, reads = asking(tenant, makes=100)

    assert [(await users.shown(key(number), reads)).id for number in range(15)] == [
        f"u{n}" for n in range(15)
    ]
    assert tenant.asked == 2
    users.changed(patched(3))
    assert await users.shown(key(3), reads) is None
    assert (await users.shown(key(4), reads)).is_listed
    users.changed(Step("delete", Action.DELETE, USER, id="u5"))
    assert await users.shown(key(4), reads) is None  # its manager may have been deleted


async def test_what_changes_while_the_listing_is_read_is_not_in_it():
    """A page may be older than the change."""

    class Changing(Tenant):
        async def send(self, request):
            users.changed(patched(1))
            return await super().send(request)

    tenant = Changing(15)
    users, reads = asking(tenant, makes=100)

    assert await users.shown(key(1), reads) is None
    assert await users.shown(key(2), reads) is not None
    assert await holds(users, 1, reads)


async def test_a_listing_grows_old():
    """A minute for each of its pages."""
    clock = VirtualClock()
    users, reads = asking(Tenant(15), 100, clock)

    assert await users.shown(key(1), reads) is not None
    clock.advance(60.0 * 3 + 1)
    assert await users.shown(key(1), reads) is None


async def test_two_users_of_a_name_are_not_shown_and_small_jobs_read_no_listing():
    """A lookup says which of them it is; one lookup costs less than a listing."""
    tenant = Tenant(15)
    tenant.users[7]["userName"] = tenant.users[8]["userName"].upper()
    users, reads = asking(tenant, makes=100)
    few, few_reads = asking(Tenant(15), makes=SHARE - 1)

    assert await users.shown(key(8), reads) is None
    assert await few.shown(key(1), few_reads) is None
    assert await holds(few, 1, few_reads)


def test_more_creates_are_worth_more_pages():
    """A page for twenty creates, three at least."""
    assert [most_pages(creates) for creates in (0, 60, 61, 2000)] == [3, 3, 3, 100]


@pytest.mark.parametrize("users", [15, 100])
async def test_a_plan_asks_for_each_name_that_no_listing_tells(users):
    """No answer to a create says there that its name is taken."""
    tenant = Tenant(users)
    names, reads = asking(tenant)

    numbers = [0, 14, 200, *range(300, 320)]
    assert [await holds(names, number, reads, exact=True) for number in numbers] == [
        True,
        True,
        *[False] * 21,
    ]
    assert tenant.asked == (2 if users == 15 else 1 + len(numbers))


def young(served=100):
    """Return what rows may use of a listing: for a minute, so many of them."""
    return NamesAhead(age_s=60.0, served=served)


async def test_a_listing_is_read_again_for_changes_while_that_is_worth_it():
    """A filter of one name each would cost a request a row."""
    tenant, clock = Tenant(30), VirtualClock()
    users, reads = asking(tenant, makes=0, changes=30, clock=clock)

    assert (await users.shown_lately(key(0), young(), reads)).id == "u0"
    asked = tenant.asked
    assert (await users.shown_lately(key(1), young(), reads)).is_listed
    assert tenant.asked == asked
    await clock.sleep(55.0)
    assert (await users.shown_lately(key(2), young(), reads)).read_at == clock.monotonic()
    assert tenant.asked == 2 * asked
    await clock.sleep(55.0)
    assert (
        await users.shown_lately(key(3), young(served=4), reads) is None
    )  # four rows are no two pages worth
    assert tenant.asked == 2 * asked


async def test_rows_wait_while_a_listing_is_read_again():
    """They looked each user up by itself, since the new listing did not show it yet."""
    tenant, clock = Tenant(30), VirtualClock()
    users, reads = asking(tenant, makes=0, changes=60, clock=clock)
    await users.shown_lately(key(0), young(), reads)
    await clock.sleep(60.0)
    found = []

    async def find(number):
        found.append(await users.shown_lately(key(number), young(), reads))

    async with anyio.create_task_group() as group:
        for number in range(20, 30):
            group.start_soon(find, number)

    assert None not in found


def by_id(number):
    return Key(USER, "id", f"u{number}")


async def test_users_are_found_by_their_ids_as_well():
    """A rollback names its users so, and read each of them by itself."""
    tenant, clock = Tenant(30), VirtualClock()
    users, reads = asking(tenant, makes=0, changes=30, clock=clock)

    await users.shown_lately(by_id(0), young(), reads)
    pages = tenant.asked
    found = [await users.shown_lately(by_id(number), young(), reads) for number in range(1, 29)]

    assert [one.id for one in found] == [f"u{number}" for number in range(1, 29)]
    assert tenant.asked == pages


async def test_a_listing_that_was_too_long_is_read_where_more_rows_can_use_it():
    """As long as images must be young, three pages for four rows are too many."""
    tenant = Tenant(30)
    users, reads = asking(tenant, makes=0, changes=30)

    assert await users.shown_lately(by_id(0), young(served=4), reads) is None
    assert await users.shown_lately(by_id(1), young(served=4), reads) is None
    assert tenant.asked == 1
    assert (await users.shown_lately(by_id(2), young(), reads)).id == "u2"


async def test_a_listing_that_shows_none_of_the_users_is_not_read_again():
    """As where deactivated users are hidden: it cost ten requests in each minute."""
    tenant, clock = Tenant(30), VirtualClock()
    users, reads = asking(tenant, makes=0, changes=60, clock=clock)
    for number in range(100, 110):
        assert await users.shown_lately(by_id(number), young(), reads) is None
    asked = tenant.asked
    for number in range(110, 130):
        await clock.sleep(60.0)
        assert await users.shown_lately(by_id(number), young(), reads) is None

    assert tenant.asked <= 2 * asked


def many(count=60):
    """Return names of rows to come."""
    return NamesAhead(lambda: map(key, range(count)), most=1)


async def test_a_listing_shows_users_that_rows_only_name_until_it_is_too_old():
    """It counts for a minute for each page; then it is read again, as long as it saves lookups."""
    clock = VirtualClock()
    tenant = Tenant(30)
    names, reads = asking(tenant, makes=0, clock=clock)

    assert (await names.named(key(3), many(), reads, together=False)).id == "u3"
    asked = tenant.asked
    assert await names.named(key(40), many(), reads, together=False) is None
    await clock.sleep(600)
    assert await names.named(key(4), many(4), reads, together=False) is None
    assert tenant.asked == asked


async def test_a_listing_is_read_again_for_many_names():
    clock = VirtualClock()
    tenant = Tenant(30)
    names, reads = asking(tenant, makes=0, clock=clock)
    await names.named(key(3), many(), reads, together=False)
    asked = tenant.asked
    await clock.sleep(600)

    assert (await names.named(key(4), many(), reads, together=False)).id == "u4"
    assert tenant.asked == 2 * asked


async def test_users_that_a_refused_step_names_are_looked_up_again():
    names, reads = asking(Tenant(30), makes=0)
    await names.named(key(3), many(), reads, together=False)
    names.refused(Step("member:g", Action.ADD_MEMBER, GROUP, id="g", member="u3"))
    names.refused(patched(4))

    assert await names.named(key(3), many(), reads, together=False) is None
    assert await names.named(key(4), many(), reads, together=False) is None
    assert (await names.named(key(5), many(), reads, together=False)).id == "u5"


async def test_names_are_not_taken_from_a_listing_once_the_run_has_renamed_a_user():
    names, reads = asking(Tenant(30), makes=0)
    await names.named(key(3), many(), reads, together=False)
    names.changed(
        Step("patch", Action.MODIFY, USER, id="u9", changes=(Change("userName", "U9@x.test", "z"),))
    )

    assert await names.named(key(3), many(), reads, together=False) is None


async def test_a_plan_of_many_changes_takes_users_of_a_listing_of_any_age():
    """A filter of 50 names for each 50 users took twice as many requests."""
    clock = VirtualClock()
    tenant = Tenant(30)
    names, reads = asking(tenant, makes=0, clock=clock, changes=1_000)
    assert (await names.shown_for_plan(key(3), reads)).id == "u3"
    asked = tenant.asked
    await clock.sleep(100_000)

    assert (await names.shown_for_plan(key(4), reads)).id == "u4"
    assert await names.shown_for_plan(key(40), reads) is None
    assert tenant.asked == asked


async def test_a_plan_of_few_changes_reads_no_listing():
    tenant = Tenant(30)
    names, reads = asking(tenant, makes=0, changes=150)

    assert await names.shown_for_plan(key(3), reads) is None
    assert not tenant.asked


async def test_a_plan_gives_up_a_listing_that_is_too_long():
    tenant = Tenant(90)
    names, reads = asking(tenant, makes=0, changes=300)

    assert [await names.shown_for_plan(key(one), reads) for one in range(3)] == [None] * 3
    assert tenant.asked == 1


@pytest.mark.parametrize(("before", "is_known"), [(200, False), (403, True)])
async def test_a_listing_that_came_before_and_is_refused_tells_nothing(before, is_known):
    """A group was created twice: a token was revoked just when names that the tenant has changed were looked for."""
    tenant = Tenant(3, status=before)
    names, reads = Resemblances(Store()), Reads(tenant, VirtualClock(), Profile("generic", page_size=PAGE))
    await names.of(key(1), reads, fresh=True)
    tenant.status = 403

    assert await names.of(key(1), reads, fresh=True) == ()
    assert (names.wrong is None) is is_known
