"""The pace of what is asked before an engine's permits are there."""

import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.request import Request, Response
from bulkscim.model.row import RowRules
from bulkscim.providers.profile import Bucket, Profile
from bulkscim.runs.session import past_of, patient
from bulkscim.transport.repeating import LOOKS, TRIES
from tests.support.making.journals import begin, entry_of, opened, work
from tests.support.running.virtual_loop import VirtualLoop, running_time
from tests.support.simulation.disk import FOLDER, SimulatedDisk

SLOW = Profile("slow", buckets=(Bucket(100, 60.0),), concurrency=4, most_concurrency=4, visibility_lag_s=2.0)
ASK = Request("GET", "/Users")
INTERVAL = 60 / 99
BUNCH = 60.06 - (100 - 9) * INTERVAL  # until one of 100 that ended with 9 at once is out of the window


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


async def left_behind(clock, ends=None, **body):
    """Return the journal of a run that sent something, and was killed or ended by an entry."""
    disk = SimulatedDisk()
    disk.make_folder(FOLDER)
    record = begin(disk, clock=clock)
    await record.append(opened())
    await work(record, [1])
    if ends is not None:
        await record.append(entry_of(ends, body={"why": "asked to", **body}))
    await record.aclose()
    return journal.open_for_append(FOLDER, disk, clock)


@pytest.mark.parametrize(
    ("ends", "uptime", "set_by", "later", "died", "waits"),
    [
        (None, None, 0.0, 3600.0, False, BUNCH),  # killed: when it sent last is not known
        (Kind.STOPPED, 0.0, 0.0, 3600.0, True, BUNCH),  # one that was killed since has written nothing
        (
            Kind.STOPPED,
            0.0,
            0.0,
            1.0,
            False,
            BUNCH + LOOKS * INTERVAL - 1,
        ),  # others may have looked meanwhile
        (Kind.STOPPED, 0.0, 0.0, 3600.0, False, 0.0),
        (Kind.CLOSED, 0.0, -86_400.0, 3600.0, False, BUNCH),  # a clock that was set back,
        (Kind.CLOSED, 0.0, 86_400.0, 1.0, False, BUNCH + LOOKS * INTERVAL - 1),  # or forward
        (Kind.STOPPED, 50.0, 0.0, 3600.0, False, 0.0),
        (Kind.STOPPED, 5000.0, 0.0, 3600.0, False, BUNCH),  # the machine was started since
        (Kind.STOPPED, None, 0.0, 3600.0, False, 0.0),  # a journal of an earlier version
    ],
)
async def test_a_run_that_goes_on_waits_behind_what_its_last_process_may_have_sent(
    ends, uptime, set_by, later, died, waits
):
    """As long as what may have left at its last moment asks for; the old code did not wait behind a clock set forward."""
    clock = running_time()
    record = await left_behind(clock, ends, **({} if uptime is None else {"uptime": uptime}))
    clock.wall += set_by
    clock.advance(later)
    tenant = Timed(clock, Response(200))
    began, said = clock.monotonic(), []
    await patient(tenant, Settings(), SLOW, clock, past_of(record, died=died), said.append).send(ASK)

    assert tenant.times[0] - began == pytest.approx(waits, abs=0.02)
    assert said == [
        f"waiting {waits:.0f} s, because of requests that the run's last process may have sent"
    ] * bool(waits)


async def test_a_run_whose_process_died_before_its_first_entry_waits_as_well():
    """Killed in its first look it has sent something; the old code let the next one send a whole window at once."""
    clock = running_time()
    disk = SimulatedDisk()
    disk.make_folder(FOLDER)
    record, tenant = begin(disk, clock=clock), Timed(clock, Response(200))
    await patient(tenant, Settings(), SLOW, clock, past_of(record)).send(ASK)

    assert tenant.times == [pytest.approx(BUNCH, abs=0.02)]


async def test_looks_beyond_the_first_few_keep_the_pace():
    """Six requests of one look: three at once, the others one by one."""
    clock = running_time()
    tenant = Timed(clock, Response(200))
    first = patient(tenant, Settings(), SLOW, clock)
    for _ in range(6):
        await first.send(ASK)

    gaps = [later - one for one, later in zip(tenant.times, tenant.times[1:], strict=False)]
    assert gaps == [pytest.approx(gap, abs=0.01) for gap in (0, 0, INTERVAL, INTERVAL, INTERVAL)]


async def test_what_is_sent_to_look_counts_for_all_that_is_sent_after():
    """The old reading commands forgot their first look, and sent two more than the limit in the first second."""
    clock = running_time()
    tenant = Timed(clock, Response(200))
    first = patient(tenant, Settings(connection=Connection("3/10s")), SLOW, clock)
    await first.send(ASK)
    await first.send(ASK)
    permits = Permits((Bucket(3, 10.0),), clock, Stopping(clock), first.arrivals)
    for _ in range(2):
        await permits.obtain(ASK)
        await permits.send(ASK, tenant)

    assert tenant.times[2:] == [pytest.approx(0, abs=0.01), pytest.approx(10, abs=0.1)]


async def test_a_run_that_makes_groups_by_name_waits_until_lookups_show_the_last_one():
    """A group that was made a moment before a kill would be made twice."""
    clock = running_time()
    record = await left_behind(clock)
    tenant = Timed(clock, Response(200))
    began = clock.monotonic()
    quick = Profile("quick", buckets=(Bucket(10_000, 1.0),), visibility_lag_s=2.0)
    await patient(tenant, Settings(RowRules(create_groups=True)), quick, clock, past_of(record)).send(ASK)

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
