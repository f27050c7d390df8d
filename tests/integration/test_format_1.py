"""Run folders of format 1, as an earlier bulkscim left them: read, gone on with, proved and taken back.

`tests/fixtures/format-1` holds a run that finished, one that was killed with a step lost and another open, and one that
was rolled back: each with its job file, and with what its tenant held then. A journal binds the URL of its tenant, so
each has a port of its own.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.running.command import Command
from tests.support.servers.loopback import served
from tests.support.servers.small_tenant import SmallTenant

RECORDED = Path(__file__).parents[1] / "fixtures" / "format-1"
PORTS = {"finished": 28915, "rolled-back": 28916, "interrupted": 28917}


@contextmanager
def recorded(name: str, bulkscim: Command) -> Iterator[SmallTenant]:
    """Put a recorded run and its job file in place; serve its tenant as it was then."""
    there = RECORDED / name
    kept = json.loads((there / "tenant.json").read_text())
    shutil.copytree(there / "runs", bulkscim.runs)
    for job in there.glob("job.*"):
        shutil.copy(job, bulkscim.run_folder())
    tenant = SmallTenant()
    tenant.held, tenant.made = kept["held"], kept["made"]
    with served(tenant.handle, PORTS[name]) as tenant.port:
        yield tenant


def format_of(journal: Path) -> int:
    """Return the format that a journal's first line says."""
    with journal.open(encoding="utf-8") as file:
        return int(json.loads(file.readline())["body"]["format"])


def members(tenant: SmallTenant, group: str) -> set[str]:
    """Return the names of a group's members."""
    (found,) = [one for one in tenant.held["Groups"].values() if one["displayName"] == group]
    held = tenant.held["Users"]
    return {held[one["value"]]["userName"].partition("@")[0] for one in found.get("members", ())}


@pytest.mark.timeout(120)
def test_a_finished_run_is_told_proved_retried_and_taken_back(bulkscim: Command):
    with recorded("finished", bulkscim) as tenant:
        head = bulkscim.status()["chain"]
        states = bulkscim.states()
        proved = bulkscim("verify", "last", "--live", "--head", head)
        story = bulkscim("explain", "last", "--row", "8")
        exported = bulkscim("rollback", "last", "--out", "undo.jsonl")
        tried_again = bulkscim("retry", "last")
        again = bulkscim("verify", "last")
        undone = bulkscim("rollback", "last", "--yes", "--max-delete", "100%")

        assert states == ["done"] * 2 + ["adopted"] + ["done"] * 6 + ["failed"] * 2
        assert proved.code == 0, proved.text
        assert "deactivate" in story.stdout
        assert "Sales" not in members(tenant, "Support")
        assert exported.code == 0, exported.text
        assert tried_again.code == 3, tried_again.text
        assert again.code == 0, again.text
        assert undone.code == 0, undone.text
        assert members(tenant, "Sales") == {"mia", "max", "tom"}
        assert members(tenant, "Support") == set()
        assert tenant.named("ada@example.com") == 0
        assert tenant.user("mia@example.com")["title"] == "Old"
        assert tenant.user("max@example.com")["active"] is True
    assert format_of(bulkscim.run_folder() / "journal.jsonl") == 1


@pytest.mark.timeout(120)
def test_a_killed_run_with_a_lost_and_an_open_step_is_gone_on_with(bulkscim: Command):
    with recorded("interrupted", bulkscim) as tenant:
        before = bulkscim.status()
        resumed = bulkscim("resume", "last")
        proved = bulkscim("verify", "last", "--live")

        assert before["in_doubt"] == 3
        assert resumed.code == 0, resumed.text
        assert bulkscim.status()["done"] == 9
        assert proved.code == 0, proved.text
        for name in ("lost", "open", *(f"user{number}" for number in range(1, 8))):
            assert tenant.named(f"{name}@example.com") == 1
        assert {"lost", "open"} <= members(tenant, "Sales")

        undone = bulkscim("rollback", "last", "--yes", "--max-delete", "100%")
        assert undone.code == 0, undone.text
        assert members(tenant, "Sales") == {"mia", "max", "tom"}
        assert tenant.named("lost@example.com") == 0


@pytest.mark.timeout(120)
def test_a_run_and_its_rollback_are_proved_and_taken_back_again(bulkscim: Command):
    with recorded("rolled-back", bulkscim) as tenant:
        proved = bulkscim("verify", "last", "--live")
        child = bulkscim("verify", "last/rollback-1")
        nothing = bulkscim("rollback", "last", "--yes")
        undone = bulkscim("rollback", "last/rollback-1", "--yes", "--max-delete", "100%")

        assert proved.code == 0, proved.text
        assert child.code == 0, child.text
        assert nothing.code == 0, nothing.text
        assert "nothing is left to undo" in nothing.stderr
        assert undone.code == 0, undone.text
        assert tenant.named("ada@example.com") == 1
        assert tenant.user("mia@example.com")["title"] == "Lead"
        assert tenant.named("tom@example.com") == 0
