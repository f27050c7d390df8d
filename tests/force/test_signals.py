"""SIGTERM and SIGHUP are the first Ctrl-C: what is under way comes to its end, and the run can be resumed."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.support.running.command import Command
from tests.support.running.rounds import begun, each_on_a_tenant, round_of, rows_of
from tests.support.servers.scim_server import Tenant, scim_server

pytestmark = pytest.mark.usefixtures("signals_heeded")

ROUNDS = 6
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Python ends by the signal itself where an interrupt came while a module was being made; a shell says 130 of both.
INTERRUPTED = {130, -signal.SIGINT}
NOHUP = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"


@contextmanager
def silent_server() -> Iterator[tuple[str, Callable[[], bool]]]:
    """Listen and never answer; yield the base URL, and whether a client has called."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        callers = []

        def called() -> bool:
            with suppress(BlockingIOError):
                callers.append(listening.accept())
            return bool(callers)

        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/scim/v2", called
        finally:
            for caller, _ in callers:
                caller.close()


def test_a_signal_at_any_moment_leaves_nothing_in_doubt(tmp_path, seeds):
    """From the first request on, the command ends with 130 or has just finished; resume does the rest."""

    def signalled(tenant: Tenant, seed: int) -> None:
        with round_of(tenant, Command(tmp_path / str(seed)), seed, {}) as one:
            outcome = one.interrupted(NUMBERS[seed % len(NUMBERS)])
            assert outcome.code in INTERRUPTED | {0}, outcome.text
            if begun(one.command):
                assert not any(row.state == "in_doubt" for row in rows_of(one.command))
            one.finish()

    each_on_a_tenant(signalled, seeds(ROUNDS), tmp_path)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_before_the_run_begins_leaves_nothing_behind(tmp_path, number):
    """While the tenant has not answered yet the command ends with 130, without a run or a temporary file."""
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    command = Command(tmp_path, environment={"TMPDIR": str(drafts)})
    path = tmp_path / "job.jsonl"
    path.write_text('{"op":"create","type":"User","data":{"userName":"ada@example.com"}}\n')
    with (
        silent_server() as (url, called),
        command.running("run", path, "--base-url", url, "--yes") as process,
    ):
        assert command.wait_for(called, process)
        process.send_signal(number)
        outcome = command.finish(process)

    assert outcome.code in INTERRUPTED, outcome.text
    assert not begun(command)
    assert list(drafts.iterdir()) == []


def test_a_run_under_nohup_outlives_its_terminal(tmp_path):
    """A hangup that the caller ignores is ignored."""
    with scim_server(tmp_path / "log") as tenant:
        command = Command(tmp_path / "0", prelude=NOHUP)
        with round_of(tenant, command, 0, {}) as one:
            outcome = one.interrupted(signal.SIGHUP)

            assert outcome.code == 0, outcome.text
            one.check()
