"""A process is stopped, another takes its run over although the first still has its locks, and the first wakes up."""

import json
import signal
from dataclasses import replace

from tests.support.running.command import Command
from tests.support.servers.small_tenant import SmallTenant

ROWS = 120
PACE = ("--rate", "40/s", "--concurrency", "4")


def test_a_process_that_was_taken_over_sends_only_what_it_had_recorded(tmp_path):
    """It wrote on to an unlinked journal: 100 users were created a second time, and no file of the run knew of it."""
    command = Command(tmp_path)
    job = tmp_path / "job.jsonl"
    names = [f"u{number}@example.com" for number in range(ROWS)]
    job.write_text("".join(json.dumps({"op": "create", "data": {"userName": name}}) + "\n" for name in names))
    with SmallTenant().serving() as tenant:
        run = ("run", job, "--base-url", tenant.base_url, "--yes", *PACE)
        with command.running(*run) as sleeper:
            assert command.wait_for(lambda: len(tenant.writes) >= ROWS // 4, sleeper)
            sleeper.send_signal(signal.SIGSTOP)
            folder = command.run_folder()
            (folder / "lock").unlink()  # a lock that holds nothing back, as on some network drives
            started = folder.joinpath("journal.jsonl").read_text().count('"started"')
            second = replace(command, environment={"BULKSCIM_STATE_DIR": str(tmp_path / "another")})
            resumed = second("resume", folder, "--rate", "400/s")
            assert resumed.code == 0, resumed.text
            sent = len(tenant.writes)
            sleeper.send_signal(signal.SIGCONT)
            woken = command.finish(sleeper)

        assert woken.code == 5, woken.text
        assert "took this run over" in woken.text
        assert len(tenant.writes) - sent <= started - ROWS // 4
        assert all(tenant.named(name) == 1 for name in names)
        assert second("verify", folder).code == 0
        assert set(second.states(folder)) == {"done"}
