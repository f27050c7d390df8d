"""The virtual clock: order and no real time."""

import time

import anyio

from tests.support.running.fake_clock import VirtualClock


async def test_sleepers_wake_in_the_order_of_their_deadlines():
    """Tasks that sleep wake by deadline, whatever the order in which they went to sleep."""
    clock = VirtualClock()
    woken: list[tuple[int, float]] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async with anyio.create_task_group() as group:
        for seconds in (300, 10, 200):
            group.start_soon(sleeper, seconds)

    assert woken == [(10, 10.0), (200, 200.0), (300, 300.0)]


async def test_a_sleeper_that_sleeps_again_stays_in_order():
    """A task that sleeps twice is interleaved with one that sleeps once, by deadline."""
    clock = VirtualClock()
    woken: list[str] = []

    async def short() -> None:
        for number in range(3):
            await clock.sleep(10)
            woken.append(f"short {number}")

    async def long() -> None:
        await clock.sleep(25)
        woken.append("long")

    async with anyio.create_task_group() as group:
        group.start_soon(long)
        group.start_soon(short)

    assert woken == ["short 0", "short 1", "long", "short 2"]


async def test_an_hour_of_virtual_time_takes_no_real_time():
    """Sleeping does not wait, and moves wall and monotonic time alike."""
    clock = VirtualClock(wall=1000.0)
    began = time.monotonic()

    await clock.sleep(3600)

    assert time.monotonic() - began < 1
    assert (clock.now(), clock.monotonic()) == (4600.0, 3600.0)


async def test_a_cancelled_sleeper_leaves_the_clock_usable():
    """Cancelling a sleeper forgets its deadline."""
    clock = VirtualClock()

    async def sleeper() -> None:
        await clock.sleep(50)

    async with anyio.create_task_group() as group:
        group.start_soon(sleeper)
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await clock.sleep(10)

    assert clock.monotonic() == 10.0


async def test_wall_time_can_be_moved_alone():
    """A jump of wall time leaves monotonic time as it was."""
    clock = VirtualClock(wall=1000.0)
    await clock.sleep(5)

    clock.set_wall(10.0)

    assert (clock.now(), clock.monotonic()) == (10.0, 5.0)
