"""A run that is paused, killed while it is paused, resumed, and made slower, each from another process."""

import signal

from tests.support.running.command import Command

TO = ("--tenant", "sandbox")


def people(count: int):
    """Return records that create users."""
    return [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(count)]


def waiting(bulkscim: Command):
    """Return what the run says that it waits for, in its own words and for programs."""
    progress = bulkscim.status()["progress"]
    return progress["paused"], progress["waiting"]


def test_a_run_is_paused_killed_resumed_and_slowed_down(bulkscim: Command, job):
    """It stays resumable, and its new rate holds for the next session."""
    path = job(*people(400))
    with bulkscim.running("run", path, *TO, "--rate", "50/s") as process:
        assert bulkscim.wait_for(lambda: any(bulkscim.runs.glob("*/progress.json")), process)
        paused = bulkscim("pause", "last")
        assert paused.code == 0, paused.text
        assert " is paused; `bulkscim go " in paused.text
        assert waiting(bulkscim)[0] is True
        assert "bulkscim go" in waiting(bulkscim)[1]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert bulkscim.status()["state"] == "interrupted"

    with bulkscim.running("resume", "last") as process:
        assert bulkscim.wait_for(
            lambda: (bulkscim.status().get("progress") or {}).get("age_s") is not None, process
        )
        assert waiting(bulkscim) == (False, None)
        assert bulkscim("rate", "last", "10/min").code == 0
        assert bulkscim.status()["progress"]["per_second"] < 0.2
        process.send_signal(signal.SIGINT)
        assert bulkscim.finish(process).code == 130

    assert bulkscim.status()["changed"] == {"settings": {"rate": "10/min"}}
    ended = bulkscim("pause", "last")
    assert (ended.code, "no process works on" in ended.text) == (2, True)
    resumed = bulkscim("resume", "last", "--rate", "1000/s")
    assert resumed.code == 0, resumed.text
    assert bulkscim.status()["done"] == 400


def test_a_paused_tenant_pauses_its_run_and_starts_none(bulkscim: Command, job):
    """Dry runs go on."""
    path = job(*people(300))
    with bulkscim.running("run", path, *TO, "--rate", "50/s") as process:
        assert bulkscim.wait_for(lambda: any(bulkscim.runs.glob("*/progress.json")), process)
        paused = bulkscim("pause", *TO, "--note", "incident 4711")
        assert paused.code == 0, paused.text
        assert "is paused as well" in paused.text
        assert waiting(bulkscim)[0] is True

        refused = bulkscim("run", path, *TO)
        assert (refused.code, "incident 4711" in refused.text) == (4, True)
        assert bulkscim("run", path, *TO, "-n").code == 0

        assert bulkscim("go", *TO).code == 0
        assert bulkscim.finish(process).code == 0
