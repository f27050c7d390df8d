"""The page on the directory names all that others may call, and each event is reported from one place."""

import re
from pathlib import Path

import pytest

from bulkscim.engine.directory.directory import Directory
from tests.support.making.providers import GENERIC
from tests.support.running.fake_clock import VirtualClock

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "bulkscim/engine/directory").glob("*.py"))


def test_the_page_names_every_call_and_every_module():
    """A question had to be sought in the code of seven caches."""
    page = (ROOT / "docs/directory.md").read_text()
    names = {name for name in dir(Directory(VirtualClock(), GENERIC)) if not name.startswith("_")}
    table = page.partition("## What workers call")[2]

    assert set(re.findall(r"`(\w+)`", table.partition("In the code")[0])) == names
    assert set(re.findall(r"`(\w+)\.py`", table)) == {one.stem for one in MODULES} - {"__init__"}


@pytest.mark.parametrize("event", ["applied", "doubts", "refused"])
def test_each_event_is_reported_from_one_place(event):
    """A step that took effect was reported by two calls and its hidden user by a third, each of which a caller could forget."""
    called = [
        path.name
        for path in sorted((ROOT / "bulkscim").rglob("*.py"))
        for _ in re.findall(rf"directory\.{event}\(", path.read_text())
    ]

    assert called == ["outcomes.py"]


def test_one_module_opens_a_database():
    """Eight modules did, each with its own file."""
    assert [one.name for one in MODULES if "sqlite3.connect" in one.read_text()] == ["store.py"]
