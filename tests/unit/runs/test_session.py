"""The pace of what is asked before an engine's permits are there."""

import pytest

from bulkscim.journal import journal
from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.request import Request, Response
from bulkscim.providers.profile import Bucket, Profile
from bulkscim.runs.session import patient
from bulkscim.runs.settings import Settings
from bulkscim.transport.patient import TRIES
from tests.support.journals import begin, opened, work
from tests.support.simulated_disk import FOLDER, SimulatedDisk
from tests.support.virtual_loop import VirtualLoop, running_time

SLOW = Profile("slow", buckets=(Bucket(100, 60.0),), concurrency=4, visibility_lag_s=2.0)
ASK = Request("GET", "/Users")
INTERVAL = 60 / 99


@pytest.fixture
def anyio_backend():
    """Let time jump."""
    return "asyncio", {"loop_factory": VirtualLoop}


class Timed:
    """Answers from a list, the last for ever; a note of when it was asked."""

    def __init__(self, clock, *replies):
        self.clock, self.replies, self.times = clock, list(replies), []

    async def send(self, request):
        self.times.append(self.clock.monotonic())
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


async def left_behind(clock, *ends):
    """Return the journal of a run that sent something and ended as told."""
    disk = SimulatedDisk()
    disk.make_folder(FOLDER)
    record = begin(disk, clock=clock)
    await record.append(opened())
    await work(record, [1])
    for kind in ends:
        await record.append(Entry(kind, body={"why": "asked to"}))
    await record.aclose()
    return journal.open_for_append(FOLDER, disk, clock)


@pytest.mark.parametrize(
    ("ends", "later", "waits"),
    [
        ((), 3600.0, 12 * INTERVAL),  # killed: what it sent last is not known
        ((Kind.STOPPED,), 0.0, 12 * INTERVAL),
        ((Kind.STOPPED,), 3600.0, 0.0),
        ((Kind.STOPPED,), -86_400.0, 12 * INTERVAL),  # a clock that was set back
    ],
)
async def test_a_run_that_goes_on_waits_behind_what_its_last_process_may_have_sent(ends, later, waits):
    """As long as what may have left at its last moment asks for, and never longer."""
    clock = running_time()
    record = await left_behind(clock, *ends)
    clock.wall += later
    tenant = Timed(clock, Response(200))
    began, said = clock.monotonic(), []
    await patient(tenant, Settings(), SLOW, clock, record, said.append).send(ASK)

    assert tenant.times[0] - began == pytest.approx(waits, abs=0.02)
    assert said == ["waiting 7 s, for what the run's last process may have sent"] * bool(waits)


async def test_a_run_that_makes_groups_by_name_waits_until_lookups_show_the_last_one():
    """A group that was made a moment before a kill would be made twice."""
    clock = running_time()
    record = await left_behind(clock)
    tenant = Timed(clock, Response(200))
    began = clock.monotonic()
    quick = Profile("quick", buckets=(Bucket(10_000, 1.0),), visibility_lag_s=2.0)
    await patient(tenant, Settings(create_groups=True), quick, clock, record).send(ASK)

    assert tenant.times[0] - began == pytest.approx(2.0, abs=0.02)


async def test_a_429_to_the_first_look_is_waited_out():
    """It says when to come back, not what the tenant can do."""
    clock = running_time()
    busy = Response(429, {"retry-after": "20"})
    tenant = Timed(clock, busy, Response(200))
    said = []
    assert (await patient(tenant, Settings(), SLOW, clock, say=said.append).send(ASK)).status == 200
    assert said == ["waiting 20 s, as the tenant asks (429)"]
    assert tenant.times[1] - tenant.times[0] == pytest.approx(20, abs=0.02)

    tenant = Timed(clock, busy)
    assert (await patient(tenant, Settings(), SLOW, clock).send(ASK)).status == 429
    assert len(tenant.times) == TRIES
