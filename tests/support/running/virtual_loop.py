"""An event loop whose time jumps to the next timer when nothing is ready: hours pass in milliseconds.

Everything on it, anyio's timers and aiolimiter among them, sees one time. Threads are not waited for as long as a timer
is set: keep disk and network inside the loop. A process on it can die between any two steps, and then nothing of it runs on.
"""

import asyncio
import inspect
import sys
import threading
import warnings

LEAST_S = 1e-6  # of each turn, or who waits for the last fraction of a moment would spin for ever
MOST_TURNS = 400_000
PATIENCE_S = 0.3  # of real time, where only a thread could still go on


class Killed(SystemExit):
    """The process has died; a SystemExit, since the loop catches nearly everything else."""


class Stuck(AssertionError):
    """Nothing can ever happen any more, or time stands still."""


class VirtualTime:
    """Time that outlives loops and processes; the engine's Clock as well.

    `wall` is what the machine's clock shows when monotonic time is 0; `leap` says when it is set, and by how much.
    """

    def __init__(self, wall=1_800_000_000.0):
        self.wall = wall
        self.leap = None
        self.passed = 0.0

    def now(self):
        """Return wall time, seconds since 1970, UTC."""
        leapt = self.leap is not None and self.passed >= self.leap[0]
        return self.wall + self.passed + (self.leap[1] if leapt else 0.0)

    def monotonic(self):
        """Return seconds that never go back."""
        return self.passed

    def advance(self, seconds):
        """Let time pass while no process runs."""
        self.passed += seconds

    async def sleep(self, seconds):
        """Wait on the loop; a negative time does not wait."""
        await asyncio.sleep(max(0.0, seconds))


class _Idle:
    """In the place of a selector: nothing comes from outside, so what would be waited for has passed."""

    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        """Let time pass instead of waiting."""
        self._loop.turn(timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop on virtual time; `dies_at` is the turn in which its process dies, 0 for never.

    `choose(n)` picks the place within that turn.
    """

    def __init__(self, time=None, dies_at=0, choose=lambda _: 0):
        super().__init__()
        self.virtual = time or VirtualTime()
        self.turns = 0
        self.dies_at = dies_at
        self._thread_done = threading.Event()
        self._choose = choose
        self._selector = _Idle(self)

    def time(self):
        """Return virtual seconds."""
        return self.virtual.passed

    def turn(self, timeout):
        """Begin a turn of the loop, after the time that it would have waited."""
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise Stuck(f"{self.turns} turns")
        if timeout is None and not self._thread_done.wait(PATIENCE_S):
            raise Stuck("everybody waits, and no timer is set")
        if self._thread_done.is_set():
            self._thread_done.clear()
        self.virtual.passed += max(timeout or 0.0, LEAST_S)
        if self.turns == self.dies_at:
            death = asyncio.Handle(self._die, (), self)
            self._ready.insert(self._choose(len(self._ready) + 1), death)

    def _die(self):
        raise Killed

    def _process_events(self, event_list):
        """Nothing comes from outside."""

    def _write_to_self(self):
        self._thread_done.set()


def running_time():
    """Return the time of the loop that runs."""
    return asyncio.get_running_loop().virtual


def live(loop, main, on_death=lambda: None):
    """Run a process to its end on a loop of its own; Killed if it dies, and then nothing of it runs on."""
    try:
        return loop.run_until_complete(main)
    except Killed:
        on_death()
        raise
    finally:
        _bury(loop)


def _bury(loop):
    """Close what a process leaves behind. Its last words go nowhere: disk and network know it no more."""
    left = asyncio.all_tasks(loop)
    asyncio._set_running_loop(loop)
    heard, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for generator in list(loop._asyncgens):
                if inspect.iscoroutine(generator.ag_await):
                    _end(generator.ag_await)
            for task in left:
                task._log_destroy_pending = False
                if inspect.iscoroutine(task.get_coro()):  # and not the end of a generator
                    _end(task.get_coro())
    finally:
        sys.unraisablehook = heard
        asyncio._set_running_loop(None)
        loop._ready.clear()
        loop._scheduled.clear()
        loop.close()


def _end(coroutine):
    """Close a coroutine from within: one that waits again while it is closed would live on."""
    for _ in range(100):
        inner = _innermost(coroutine)
        try:
            inner.close()
        except BaseException:  # noqa: BLE001 - what a dead process still says
            continue
        if inner is coroutine:
            return


def _innermost(coroutine):
    inner = coroutine
    while (
        inspect.iscoroutine(inner.cr_await)
        and inspect.getcoroutinestate(inner.cr_await) != inspect.CORO_CLOSED
    ):
        inner = inner.cr_await
    return inner
