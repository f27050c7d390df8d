"""A file whose users are there already: a listing shows them, and rows that change nothing ask for nothing."""

import pytest

from bulkscim.journal.entries import Kind
from tests.support.simulation.tenant import SimulatedTenant

USERS = 60  # three pages are worth it, of which one is needed
HELD = [
    {"id": f"u{number}", "userName": f"p{number}@example.com", "active": True, "title": "T"}
    for number in range(USERS)
]


class Counting(SimulatedTenant):
    """Counts lookups by name, reads by id, and writes."""

    def __init__(self, *given):
        super().__init__(*given)
        self.lookups = self.reads = self.writes = 0

    async def send(self, request):
        self.lookups += request.method == "GET" and "/Users?filter" in request.path
        self.reads += request.method == "GET" and "/Users/" in request.path
        self.writes += request.method != "GET"
        return await super().send(request)


class Moves(Counting):
    """Another user changes the title of each user after the listing."""

    async def send(self, request):
        if "/Users?filter" in request.path or "/Users/" in request.path:
            for user in self.held["Users"].values():
                user["title"] = "Theirs"
        return await super().send(request)


def rows(verb, title="T"):
    """Return a row for each user."""
    return [
        {"op": verb, "type": "User", "data": {"userName": user["userName"], "title": title}} for user in HELD
    ]


@pytest.mark.parametrize("verb", ["create", "upsert"])
async def test_a_file_that_was_imported_already_needs_no_lookups(carried, verb):
    """The same file again took a lookup for each of its rows."""
    report = await carried(rows(verb), held=HELD, kind=Counting)

    assert report.totals.noop + report.totals.adopted == USERS
    assert (carried.tenant.lookups, carried.tenant.writes) == (0, 0)
    assert carried.tenant.reads <= 10  # comparisons


async def test_nothing_is_written_from_the_listing(carried):
    """An undo would have brought back a title that others had changed meanwhile."""
    await carried(rows("upsert", "New"), held=HELD, kind=Moves)
    begun = [entry.body for entry in carried.record.entries(Kind.STARTED)]

    assert len(begun) == USERS
    assert {body.changes[0].before for body in begun} == {"Theirs"}


class Renames(Counting):
    """Users get another title from others a minute after the first request, and each write takes a while."""

    async def send(self, request):
        self.first = getattr(self, "first", self.clock.monotonic())
        if request.method != "GET":
            await self.clock.sleep(5.0)
        if self.clock.monotonic() > self.first + 60.0:
            for user in self.held["Users"].values():
                user["title"] = "Theirs" if user["title"] == "T" else user["title"]
        return await super().send(request)


async def test_users_are_changed_by_what_a_young_listing_shows(carried):
    """Each of 200 users in 2,000 that an upsert changed was looked up by itself, after the listing had shown it."""
    report = await carried(rows("upsert", "New"), held=HELD, kind=Counting)

    assert report.totals.done == USERS
    assert carried.tenant.lookups == 0


async def test_what_a_listing_shows_is_read_again_before_a_change_after_a_minute(carried):
    """Others may have changed it since."""
    await carried(rows("upsert", "New"), held=HELD, kind=Renames)
    before = [entry.body.changes[0].before for entry in carried.record.entries(Kind.STARTED)]

    assert set(before) == {"T", "Theirs"}
    assert carried.tenant.lookups >= before.count("Theirs")


async def test_users_of_an_empty_tenant_are_not_looked_up(carried):
    """Upserts of 1,000 new users took a lookup for each."""
    report = await carried(rows("upsert"), kind=Counting)

    assert report.totals.done == carried.tenant.writes == USERS
    assert carried.tenant.lookups == 0


async def test_users_that_a_listing_of_others_does_not_show_are_looked_up(carried):
    """A listing may hide users, and nothing says here that a second user of a name is refused."""
    await carried(rows("upsert"), held=[{"id": "other", "userName": "o@example.com"}], kind=Counting)

    assert carried.tenant.lookups >= USERS


async def test_rows_that_change_users_take_a_listing_where_filters_take_one_name(carried):
    """1,000 deactivations on a service that knows `eq` alone took 1,000 lookups."""
    changes = [{"op": "deactivate", "type": "User", "match": {"userName": user["userName"]}} for user in HELD]
    report = await carried(changes, held=HELD, kind=Counting)

    assert report.totals.done == carried.tenant.writes == USERS
    assert carried.tenant.lookups <= 10  # with several names, until these are given up
    assert carried.tenant.reads <= 10  # comparisons


async def test_users_that_are_there_are_listed_once_the_tenant_has_refused_a_few(carried):
    """On a service that is known to refuse a second user of a name, each create was refused, and its user looked up."""
    report = await carried(rows("create"), held=HELD, kind=Counting, profile={"assumes_unique": False})

    assert report.totals.adopted == USERS
    assert carried.tenant.writes <= 8
