"""What every test shares."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bulkscim.commands.runtime import collect_seldom


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of tests/force be done more often than usual."""
    parser.addoption(
        "--rounds", type=int, default=0, help="rounds of each kind of force, not the usual number"
    )


TESTS = Path(__file__).parent
ALL_SLOW = frozenset({TESTS / "force", TESTS / "integration"})  # each test there starts real processes
QUICK = "not slow"  # the selection of `scripts/test --quick`

collect_seldom()  # as the command does: a quarter of the simulation's time went into collections

# How long an example takes depends on what else the machine does; a rule does not.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("patient"), max_examples=25)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave folders of slow tests alone where these are left out: to import them takes as long as a third of the others."""
    return (config.option.markexpr == QUICK and collection_path in ALL_SLOW) or None


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples of each rule where the slow tests are left out; with them all are tried."""
    settings.load_profile("quick" if config.option.markexpr == QUICK else "patient")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one worker more than there are processors: tests wait for processes, for disks and for what is to happen later."""
    of_this_process = getattr(os, "sched_getaffinity", None)
    return 1 + (len(of_this_process(0)) if of_this_process else os.cpu_count() or 1)


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio: aiohttp and aiolimiter know no other."""
    return "asyncio"


@pytest.fixture
def signals_heeded() -> Iterator[None]:
    """Let commands of this test heed signals, also where the tests run under nohup or behind the shell."""
    named = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
    before = {number: signal.getsignal(number) for number in named}
    for number, handler in before.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
