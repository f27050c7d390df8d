"""The virtual loop: order, no real time, and death."""

import asyncio
import time

import anyio
import pytest
from aiolimiter import AsyncLimiter

from tests.support.running.virtual_loop import Killed, Stuck, VirtualLoop, VirtualTime, live


def test_a_day_takes_no_real_time():
    """Time jumps to the next timer when nothing is ready."""
    clock, began = VirtualTime(wall=1000.0), time.monotonic()
    live(VirtualLoop(clock), clock.sleep(86_400))

    assert time.monotonic() - began < 5
    assert clock.now() == pytest.approx(87_400, abs=0.01)
    assert clock.monotonic() == pytest.approx(86_400, abs=0.01)


def test_timers_of_all_kinds_come_in_order():
    """Those of asyncio, of anyio and of the limiter are on one clock."""
    clock, order = VirtualTime(), []

    async def limited():
        limiter = AsyncLimiter(1, 60)
        for number in range(3):
            await limiter.acquire()
            order.append((f"limiter {number}", round(clock.monotonic())))

    async def main():
        async with anyio.create_task_group() as group:
            group.start_soon(limited)
            with anyio.move_on_after(90):
                await anyio.sleep_forever()
            order.append(("scope", round(clock.monotonic())))
            await asyncio.sleep(10)
            order.append(("sleep", round(clock.monotonic())))

    live(VirtualLoop(clock), main())

    assert order == [("limiter 0", 0), ("limiter 1", 60), ("scope", 90), ("sleep", 100), ("limiter 2", 120)]


def test_everybody_waiting_for_nothing_is_an_error():
    """A deadlock is told, and does not hang."""
    with pytest.raises(Stuck):
        live(VirtualLoop(), anyio.Event().wait())


@pytest.mark.parametrize("turn", [1, 2, 3, 5, 8])
def test_a_process_that_dies_does_nothing_more(turn):
    """Neither what comes after, nor what waits on the way out, is done; what did not wait is."""
    done = []

    async def main():
        try:
            for number in range(100):
                done.append(number)
                await anyio.sleep(1)
        finally:
            await anyio.sleep(1)
            done.append("on the way out")

    with pytest.raises(Killed):
        live(VirtualLoop(dies_at=turn), main())

    assert done == list(range(len(done)))
    assert len(done) < 10
