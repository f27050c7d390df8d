"""Outages of the tenant that a run waits out, on virtual time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bulkscim.errors import DeadlineReached, Outage
from bulkscim.journal.bodies import Opened, Stopped
from bulkscim.model.request import Loss, NoAnswer, Response
from tests.support.making.few import few
from tests.support.simulation.tenant import SimulatedTenant

LINES = [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(120)]
CHANGES = [{"op": "patch", "match": {"userName": f"u{n}@example.com"}, "patch": [
    {"op": "replace", "path": "title", "value": "Lead"}]} for n in range(120)]  # fmt: skip
HELD = [{"id": f"h{number}", "userName": f"u{number}@example.com", "title": "Old"} for number in range(120)]


class Out(SimulatedTenant):
    """Is out at some times: from and until so many seconds after the run began."""

    times = ((5.0, 300.0),)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.began, self.asked = self.clock.monotonic(), []

    async def send(self, request):
        since = self.clock.monotonic() - self.began
        if not any(begin <= since < end for begin, end in self.times):
            return await super().send(request)
        self.asked.append(since)
        return await self.fail(request)

    async def fail(self, request):
        """Refuse the connection."""
        return NoAnswer(Loss.NEVER_SENT, "connection refused")


class Broken(Out):
    """A proxy answers 503 for it, and changes are made all the same."""

    async def fail(self, request):
        if request.method != "GET":
            await super(Out, self).send(request)
        return Response(503, {}, b"<html>Service unavailable</html>", self.clock.now())


class Silent(Out):
    """Nothing answers."""

    async def fail(self, request):
        await self.clock.sleep(30)
        return NoAnswer(Loss.TIMEOUT, "no answer within 30 s")


class Flapping(Out):
    """Comes back for a few seconds at a time."""

    times = ((5.0, 60.0), (62.0, 120.0), (126.0, 300.0), (303.0, 500.0))


@pytest.mark.parametrize("kind", few([Out, Broken, Silent, Flapping], 1))
@pytest.mark.parametrize("lines", [LINES, CHANGES], ids=["creates", "patches"])
async def test_a_run_waits_until_the_tenant_answers_again(carried, kind, lines):
    """Nothing is sent twice, and nothing is lost."""
    held = HELD if lines is CHANGES else ()
    report = await carried(lines, held=held, kind=kind, wait_out="15m", rate="10/s", concurrency=8)

    assert report.exit_reason is None, carried.notes
    assert report.totals.done + report.totals.adopted == 120
    assert report.totals.adopted == 0
    users = [user["userName"] for user in carried.tenant.held["Users"].values()]
    assert len(users) == len(set(users)) == 120
    assert any("the tenant answers again, after " in note for note in carried.notes)


@pytest.mark.parametrize("kind", few([Out, Broken, Silent], 1))
async def test_a_tenant_that_is_out_is_asked_with_care(carried, kind):
    """One read after the other, with waits that grow; the first engine needs longer to see that nothing answers."""
    kind = type(kind.__name__, (kind,), {"times": ((5.0, 1200.0),)})
    report = await carried(LINES, kind=kind, wait_out="30m", rate="10/s", concurrency=8)

    assert report.totals.done == 120
    late = [since for since in carried.tenant.asked if since > 400]
    assert len(late) <= 15
    assert all(later - first >= 59 for first, later in pairwise(late))


async def test_without_the_flag_a_run_stops(carried):
    """It names the flag."""
    report = await carried(LINES, kind=Out, rate="10/s")

    assert isinstance(report.exit_reason, Outage)
    assert any("--wait-out 15m" in note for note in carried.notes)


class Gone(Out):
    """Is out for hours."""

    times = ((5.0, 7200.0),)


async def test_a_run_stops_where_the_outage_takes_longer(carried):
    """It can be resumed then; the journal tells of the session before and after."""
    report = await carried(LINES, kind=Gone, wait_out="15m", rate="10/s")

    assert isinstance(report.exit_reason, Outage)
    assert "; waited 15 min " in str(report.exit_reason)
    assert report.totals.pending + report.totals.in_doubt + report.totals.done == 120
    assert 900 <= max(carried.tenant.asked) - 5 < 1000

    carried.tenant.clock.advance(7200)
    report = await carried.on()
    assert (report.exit_reason, report.totals.done) == (None, 120)


async def test_each_wait_is_told_in_the_journal(carried):
    """As the end of a session, and the begin of one."""
    await carried(LINES, kind=Out, wait_out="15m", rate="10/s")

    stops = [stopped.cause for _, stopped in carried.record.each(Stopped)]
    assert stops == ["outage"]
    assert [opened.command for _, opened in carried.record.each(Opened)] == ["resume", "resume"]


async def test_a_deadline_ends_the_wait(carried):
    """Also that of an outage."""
    clock_at = datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(seconds=100)
    report = await carried(LINES, kind=Out, wait_out="15m", rate="10/s", deadline=clock_at.isoformat())

    assert isinstance(report.exit_reason, DeadlineReached)
    assert max(carried.tenant.asked) < 101


class Endless(SimulatedTenant):
    """Answers each look, and takes no change."""

    async def send(self, request):
        if request.method != "GET":
            return NoAnswer(Loss.NEVER_SENT, "connection refused")
        return await super().send(request)


async def test_a_tenant_that_only_answers_looks_is_not_waited_for_without_end(carried):
    """Each look says that it is there, and no row ends."""
    report = await carried(LINES, kind=Endless, wait_out="15m", rate="10/s")

    assert isinstance(report.exit_reason, Outage)
    assert report.totals.pending == 120
    assert carried.tenant.clock.monotonic() < 3600
