"""A file whose users are there already: a listing shows them, and rows that change nothing ask for nothing."""

import pytest

from bulkscim.journal.entries import Kind
from tests.support.simulated_tenant import SimulatedTenant

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
