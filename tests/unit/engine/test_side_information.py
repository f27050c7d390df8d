"""Side information that cannot be read is unknown, and the change goes on; a delete stops unless that was approved."""

import pytest

from bulkscim.errors import ReferencesUnknown, Stopped
from bulkscim.model.request import Loss, NoAnswer
from tests.support.making.records import create, deactivate, delete, retitle
from tests.support.simulation.tenant import SimulatedTenant

NAMES = [f"u{number}@example.com" for number in range(6)]
HELD = [{"id": f"u{number}", "userName": name, "active": True} for number, name in enumerate(NAMES)]


class Unlisted(SimulatedTenant):
    """Answers listings of some collections with a status (None: not at all), though all else works; `from_request`: from then on.

    `refuses`: creates of this name are refused with 403.
    """

    unlisted = ("Groups",)
    status = 500
    from_request = 0
    refuses = ""
    asked = 0

    def _list(self, collection, path):
        if "filter" in path or collection not in self.unlisted or self.requests < self.from_request:
            return super()._list(collection, path)
        self.asked += 1
        return (
            NoAnswer(Loss.TIMEOUT, "no answer in time")
            if self.status is None
            else self._answer(self.status, {})
        )

    def _create(self, collection, body):
        if body.get("userName") == self.refuses:
            return self._answer(403, {"detail": "this one is not allowed"})
        return super()._create(collection, body)


def unlisted(**how):
    """Return a kind of tenant whose listings fail."""
    return type("Unlisted", (Unlisted,), how)


@pytest.mark.parametrize("status", [200, 500, 503, None])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_users_are_deactivated_where_groups_cannot_be_listed(carried, status, concurrency):
    """Each row asked again and again, and failed."""
    report = await carried(
        map(deactivate, NAMES), kind=unlisted(status=status), held=HELD, concurrency=concurrency
    )

    assert report.totals.done == 6
    assert carried.tenant.asked <= 12  # two times six attempts, whatever the number of rows
    assert carried.record.history(6)[-3].body.ties.groups is None


async def test_deletes_stop_where_it_is_not_known_what_refers_to_them(carried):
    """They failed one by one. A user that resumes the run knows it."""
    report = await carried(map(delete, NAMES), kind=unlisted(), held=HELD, concurrency=1)

    assert isinstance(report.exit_reason, ReferencesUnknown)
    assert (report.totals.pending, len(carried.tenant.held["Users"])) == (6, 6)
    assert (await carried.on()).totals.done == 6
    assert carried.tenant.held["Users"] == {}


@pytest.mark.parametrize(("unlisted_ones", "rows"), [
    (("Users", "Groups"), [*map(deactivate, NAMES[:3]), *map(retitle, NAMES[3:])]),
    (("Users",), [retitle(NAMES[0]), deactivate(NAMES[1])]),
])  # fmt: skip
async def test_a_control_read_that_is_broken_stops_no_run(carried, unlisted_ones, rows):
    """A run stopped as "the tenant does not answer", though only the listing of users failed."""
    report = await carried(rows, kind=unlisted(unlisted=unlisted_ones), held=HELD, concurrency=1)

    assert report.exit_reason is None
    assert report.totals.done == len(rows)


async def test_a_record_that_is_refused_alone_fails_alone_where_the_control_read_is_broken(carried):
    """One 403 stopped the run though the tenant takes others."""
    rows = [create("a@example.com"), create("b@example.com"), create("c@example.com")]
    report = await carried(rows, kind=unlisted(unlisted=("Users",), refuses="b@example.com"), concurrency=1)

    assert (report.exit_reason, report.totals.done, report.totals.failed) == (None, 2, 1)


async def test_an_outage_still_stops_the_run(carried):
    """Where nothing that worked works any more, no row is to blame."""

    class Down(Unlisted):
        async def send(self, request):
            if self.requests >= 5:
                self.requests += 1
                return self._answer(503, {})
            return await super().send(request)

    report = await carried(map(deactivate, NAMES), kind=Down, held=HELD, concurrency=1)

    assert isinstance(report.exit_reason, Stopped)
    assert report.totals.failed == 0
