"""A run that is paused, killed while it is paused, resumed, and made slower, each from another process."""

import signal
from datetime import datetime, timedelta

from tests.support.running.command import Command

TO = ("--tenant", "sandbox")


def people(count: int):
    """Return records that create users."""
    return [{"op": "create", "data": {"userName": f"u{number}@example.com"}} for number in range(count)]


def test_a_paused_tenant_is_told_in_the_list_of_tenants(bulkscim: Command):
    """With the command that ends the pause."""
    entry = '[tenant.acme]\nbase_url = "https://tenant.example/v2"\n'
    (bulkscim.folder / "bulkscim.toml").write_text(entry)
    assert bulkscim("tenants", "--json").json[0]["paused"] is None
    paused = bulkscim("pause", "--tenant", "acme", "--note", "incident 4711")
    assert paused.code == 0, paused.text
    listed = bulkscim("tenants").stdout
    assert "(incident 4711)" in listed
    assert listed.splitlines()[-1] == "next: bulkscim go --tenant acme"

    assert "the pause of acme is ended" in bulkscim("go", "--tenant", "acme").text
    assert "was not paused" in bulkscim("go", "--base-url", "https://tenant.example/v2").text
    both = bulkscim("pause", "last", "--tenant", "acme")
    assert (both.code, "one of them" in both.text) == (2, True)
    assert bulkscim("pause", "--tenant", "elsewhere").code == 2


def test_a_run_stops_at_its_deadline_and_waits_for_its_hours(bulkscim: Command, job):
    """What is left is resumed, and the hours hold there too until they are lifted."""
    now = datetime.now().astimezone()
    soon, later = now + timedelta(seconds=6), now + timedelta(hours=2)
    hours = f"{now - timedelta(hours=1):%H:%M}-{later:%H:%M}"
    begun = ("run", job(*people(400)), *TO, "--rate", "20/s", "--between", hours)
    ended = bulkscim(*begun, "--deadline", soon.isoformat())
    assert ended.code == 5, ended.text
    assert "the deadline of " in ended.text
    assert f"{hours} only" in ended.text
    assert bulkscim.status()["why"].endswith("was reached")

    closed = f"{later:%H:%M}-{later + timedelta(hours=1):%H:%M}"
    with bulkscim.running("resume", "last", "--between", closed) as process:
        assert bulkscim.wait_for(lambda: bulkscim.status().get("progress", {}).get("waiting"), process)
        told = bulkscim.status()["progress"]
        assert told["waiting"] == f"waiting until {later:%H:%M} (--between {closed})"
        assert told["left_s"] > 5000
        assert told["paused"] is False
    assert bulkscim.status()["changed"]["settings"] == {"between": closed}
    resumed = bulkscim("resume", "last", "--between", "none", "--rate", "2000/s")
    assert resumed.code == 0, resumed.text

    past = bulkscim(*begun, "--deadline", (now - timedelta(days=1)).isoformat())
    assert (past.code, "has passed" in past.text) == (2, True)
    wrong = bulkscim(*begun, "--between", "22-6")
    assert (wrong.code, "22:00-06:00" in wrong.text) == (2, True)


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
        changed = bulkscim("rate", "last", "10/min", "POST /Users 30/min")
        assert (changed.code, " keeps to the rate 10/min, POST /Users 30/min" in changed.text) == (0, True)
        assert bulkscim.status()["progress"]["per_second"] < 0.2
        process.send_signal(signal.SIGINT)
        assert bulkscim.finish(process).code == 130

    assert bulkscim.status()["changed"] == {"settings": {"rate": "10/min, POST /Users 30/min"}}
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
