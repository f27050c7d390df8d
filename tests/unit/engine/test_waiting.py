"""Rows that wait for rows."""

from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u1", "userName": "ada@example.com", "externalId": "E1", "title": "Old"}


def patch(match, value):
    """Return a record that sets a title."""
    operation = {"op": "replace", "path": "title", "value": value}
    return {"op": "patch", "type": "User", "match": match, "patch": [operation]}


async def test_row_freed_in_two_ways_at_once_goes_on_once(carried):
    """The second row waits for the first by the name that it gives, and by the name that it is found by."""
    renames = {
        "op": "replace",
        "type": "User",
        "match": {"externalId": "E1"},
        "data": {"userName": "eve@example.com", "title": "New"},
    }
    report = await carried([patch({"userName": "eve@example.com"}, "Lead"), renames], held=[ADA])

    assert report.exit_reason is None
    assert (report.totals.failed, report.totals.done) == (1, 1)


async def test_changes_of_one_person_under_three_names_keep_their_order(carried):
    """The last row of the file has the last word, however each row names the person."""
    names = [{"userName": "ada@example.com"}, {"externalId": "E1"}, {"id": "u1"}]
    rows = [patch(names[number % 3], f"title {number}") for number in range(30)]
    report = await carried([*rows, patch(names[0], "last"), patch(names[1], "last")], held=[ADA])

    assert (report.totals.done, report.totals.noop) == (31, 1)


class SlowByUserName(SimulatedTenant):
    """Answers lookups by userName with what stood there, but long after; changes take a while."""

    async def send(self, request):
        await self.clock.sleep(5 if request.method == "PATCH" else 0)
        reply = await super().send(request)
        await self.clock.sleep(10 if "userName" in request.path else 0)
        return reply


async def test_what_was_read_before_an_earlier_row_ended_is_read_again(carried):
    """Both rows look up one user; the later took its value for there, which the earlier had overwritten meanwhile."""
    rows = [patch({"externalId": "E1"}, "New"), patch({"userName": "ada@example.com"}, "Old")]
    report = await carried(rows, held=[ADA], kind=SlowByUserName)

    assert (report.totals.done, report.totals.noop) == (2, 0)
    assert carried.tenant.held["Users"]["u1"]["title"] == "Old"
