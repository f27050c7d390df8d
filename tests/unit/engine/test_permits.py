"""The pace of many workers, as the server counts it: by what arrives, in windows of any kind, on virtual time."""

from collections import Counter
from itertools import pairwise
from random import Random

import anyio
import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Stopped
from bulkscim.model.request import Loss, NoAnswer, Request, Response
from bulkscim.providers.profile import Bucket
from tests.support.running.virtual_loop import running_time

READ, CREATE = Request("GET", "/Users"), Request("POST", "/Users", b"{}")
STEADY = ((0.1, 0.102), (0.1, 0.102))  # seconds of the way there, and of the way back
QUICK = ((0.02, 0.025), (0.02, 0.025))
JITTERY = ((0.0, 0.03), (0.0, 0.03))
SCATTERED = ((0.0, 1.0), (0.0, 1.0))


class Tenant:
    """Answers after a way there and a way back, each as long as chance has it, and notes what arrived when.

    The first requests, one for each of `connections`, wait until those are made.
    """

    def __init__(self, there, back, connections=0):
        self.clock, self.random = running_time(), Random(1)
        self.there, self.back, self.arrived = there, back, []
        self.connections = connections

    async def send(self, request):
        """Answer."""
        self.connections -= 1
        await self.clock.sleep(self.random.uniform(*self.there) + 0.1 * (self.connections >= 0))
        self.arrived.append(self.clock.monotonic())
        await self.clock.sleep(self.random.uniform(*self.back))
        return Response(200)

    def too_many(self, limit, window_s):
        """Return how many it would have refused: in windows that begin on the tenth of one, and in sliding ones."""
        times = sorted(self.arrived)
        sliding = sum(later - first < window_s for first, later in zip(times, times[limit:], strict=False))
        phases = [phase * window_s / 10 for phase in range(10)]
        windows = Counter((phase, (moment + phase) // window_s) for moment in times for phase in phases)
        return sum(max(0, count - limit) for count in windows.values()), sliding


async def busy(permits, tenant, workers, until, syncs=(0.0, 0.0)):
    """Let workers send one request after the other; between its permit and its leaving each waits for a disk."""

    async def work():
        while tenant.clock.monotonic() < until and await permits.obtain(READ):
            await tenant.clock.sleep(tenant.random.uniform(*syncs))
            await permits.send(READ, tenant)

    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(work)


@pytest.mark.parametrize(
    ("limit", "window_s", "workers", "network", "syncs", "used"),
    [
        (10, 1.0, 8, STEADY, (0.0, 0.0), 0.98),
        (100, 60.0, 4, STEADY, (0.0, 0.0), 0.98),
        (1000, 1.0, 50, QUICK, (0.0, 0.0), 0.97),
        (10, 1.0, 8, QUICK, (0.0, 0.5), 0.98),
        (10, 1.0, 8, JITTERY, (0.0, 0.0), 0.95),
        (10, 1.0, 16, SCATTERED, (0.0, 0.0), 0.4),
        (100, 60.0, 8, SCATTERED, (0.0, 5.0), 0.95),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
async def test_no_request_is_one_too_many_where_it_arrives(limit, window_s, workers, network, syncs, used):
    """The old count met a 429 by new connections and by jitter; steady round trips leave the whole limit to be used."""
    clock, tenant = running_time(), Tenant(*network, workers)
    permits = Permits([Bucket(limit, window_s)], clock, Stopping(clock))
    whole = window_s * {1000: 3, 100: 8, 10: 20}[limit]
    await busy(permits, tenant, workers, whole, syncs)
    late = [moment for moment in tenant.arrived if whole / 2 <= moment < whole]

    assert tenant.too_many(limit, window_s) == (0, 0)
    assert len(late) / (limit * whole / 2 / window_s) >= used


async def test_answers_that_never_come_hold_up_their_own_limit_alone():
    """While three creates hang, the fourth waits for the first that is given up; reads go on."""
    clock, stopping, sent = running_time(), Stopping(running_time()), {}
    buckets = [Bucket(100, 1.0), Bucket(3, 1.0, "creates", frozenset({"POST"}))]
    permits = Permits(buckets, clock, stopping)

    class Hanging:
        async def send(self, request):
            sent.setdefault(request.method, []).append(clock.monotonic())
            await clock.sleep(30.0 if request.method == "POST" else 0.1)
            return NoAnswer(Loss.TIMEOUT, "no answer in time") if request.method == "POST" else Response(200)

    async def one(request):
        await permits.obtain(request)
        return await permits.send(request, Hanging())

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one, CREATE)
        await clock.sleep(10.0)
        assert (await one(READ)).status == 200
        await clock.sleep(30.0)
        stopping.stop(Stopped("asked to"))

    assert sent["GET"] == [pytest.approx(10.0, abs=0.01)]
    assert sent["POST"][:4] == [pytest.approx(moment, abs=0.01) for moment in (0, 1 / 2.97, 2 / 2.97, 31.0)]


async def test_who_waits_for_a_place_is_let_go_by_a_stop():
    """Nothing is sent then."""
    clock = running_time()
    stopping, tenant = Stopping(clock), Tenant(*STEADY)
    permits = Permits([Bucket(1, 3600.0)], clock, stopping)
    assert (await permits.send(READ, tenant)).status == 200
    async with anyio.create_task_group() as group:
        group.start_soon(permits.send, READ, tenant)
        await clock.sleep(1.0)
        stopping.stop(Stopped("asked to"))

    assert await permits.send(READ, tenant) is None
    assert len(tenant.arrived) == 1


CREATES = Bucket(2, 1.0, "creates", frozenset({"POST"}))
LARGE = Bucket(1, 1.0, "large bodies", body_over=100)
OF_GROUPS = Bucket(1, 1.0, "groups", prefix="/Groups")


@pytest.mark.parametrize(
    ("buckets", "request_", "waits"),
    [
        ([Bucket(4, 1.0)], READ, 0.25),
        ([CREATES], READ, 0.0),
        ([CREATES], CREATE, 0.5),
        ([Bucket(4, 1.0), CREATES], CREATE, 0.5),
        ([LARGE], CREATE, 0.0),
        ([LARGE], Request("POST", "/Users", b"x" * 100), 1.0),
        ([OF_GROUPS], READ, 0.0),
        ([OF_GROUPS], Request("GET", "/Groups/g1"), 1.0),
        ([], CREATE, 0.0),
    ],
    ids=[
        "one limit",
        "not of its method",
        "of its method",
        "the slower of two",
        "a small body",
        "a large body",
        "of another path",
        "of its path",
        "no limit",
    ],
)
async def test_a_request_waits_for_each_limit_that_counts_it(buckets, request_, waits):
    """The second of two in a row."""
    clock = running_time()
    permits = Permits(buckets, clock, Stopping(clock))
    await permits.obtain(request_)
    began = clock.monotonic()
    await permits.obtain(request_)

    assert clock.monotonic() - began == pytest.approx(waits, rel=0.05, abs=0.001)


class Refusing(Tenant):
    """Refuses all as too many."""

    def __init__(self, retry_after):
        super().__init__(*STEADY)
        self.headers = {} if retry_after is None else {"retry-after": retry_after}

    async def send(self, request):
        await super().send(request)
        return Response(429, self.headers)


@pytest.mark.parametrize(
    ("retry_after", "closed"),
    [("3", 3.0), (None, 1.0), ("0", 0.0)],
    ids=["as the tenant asks", "as it does not say", "asked not to wait"],
)
async def test_a_429_closes_the_way_for_all_and_halves_the_pace_once(retry_after, closed):
    """Eight requests were under way, and each is answered with 429."""
    clock, tenant = running_time(), Refusing(retry_after)
    permits = Permits([Bucket(1000, 1.0, quiet_s=10.0)], clock, Stopping(clock))
    before = permits.interval_s
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(permits.send, READ, tenant)
    began = clock.monotonic()
    await permits.obtain(READ)

    assert permits.interval_s == pytest.approx(2 * before)
    assert clock.monotonic() - began == pytest.approx(closed, abs=0.02)


async def test_those_whose_image_is_read_go_first():
    """A before-image gets older while its step waits."""
    clock, order = running_time(), []
    permits = Permits([Bucket(1, 1.0)], clock, Stopping(clock))

    async def one(name, *, urgent):
        await permits.obtain(READ, urgent=urgent)
        order.append(name)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(lambda name=f"read {number}": one(name, urgent=False))
            group.start_soon(lambda name=f"write {number}": one(name, urgent=True))

    assert order == ["read 0", "write 0", "write 1", "write 2", "read 1", "read 2"]


async def test_what_is_outdated_when_its_turn_comes_takes_no_permit():
    """The next one goes in its place: under a slow limit half of the permits were given for images that were too old."""
    clock, went = running_time(), []
    permits = Permits([Bucket(1, 10.0)], clock, Stopping(clock))

    async def one(name, good_until):
        if await permits.obtain(READ, outdated=lambda: clock.monotonic() > good_until):
            went.append((name, round(clock.monotonic())))

    began = clock.monotonic()
    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(one, number, began + (5 if number in {2, 3} else 90))

    times = [round(at - began) for _, at in went]
    assert [name for name, _ in went] == [0, 1, 4, 5]
    assert [later - at for at, later in pairwise(times)] == [10, 10, 10]


async def test_who_is_cancelled_in_the_queue_holds_up_no_other():
    """Its turn passes on, also where it had just come."""
    clock, stopping = running_time(), Stopping(running_time())
    permits = Permits([Bucket(1, 1.0)], clock, stopping)
    await permits.obtain(READ)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(permits.obtain, READ)
        await clock.sleep(0.1)
        group.cancel_scope.cancel()

    assert await permits.obtain(READ)


async def test_no_permit_is_given_once_the_run_is_to_stop():
    """Not even after a wait that the tenant asked for."""
    clock = running_time()
    stopping = Stopping(clock)
    permits = Permits([Bucket(1, 1.0)], clock, stopping)
    await permits.send(READ, Refusing("60"))
    given = []

    async def one():
        given.append(await permits.obtain(READ))

    async with anyio.create_task_group() as group:
        group.start_soon(one)
        await clock.sleep(5.0)
        stopping.stop(Stopped("asked to"))

    assert given == [False]
    assert clock.monotonic() < 10.0
