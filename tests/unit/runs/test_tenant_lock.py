"""One run at a time on a tenant of this machine, and who it is."""

import os
from pathlib import Path

import pytest

from bulkscim.errors import Locked
from bulkscim.journal.durable import LocalDisk
from bulkscim.runs.tenant_lock import tenant_lock

URL = "https://tenant.example/scim/v2"


@pytest.fixture(autouse=True)
def _own_state(tmp_path, monkeypatch):
    """Keep locks in a folder of the test's own."""
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))


def test_the_holder_of_a_tenant_is_named_with_its_run():
    """The second is told which process has it, where, and for which run; then it is free again."""
    disk = LocalDisk()
    with tenant_lock(URL, disk) as held:
        held.working_on(Path("runs/20261121T221003-people"))
        said = rf"process {os.getpid()} on .+ since .+, working on .+20261121T221003-people"
        with pytest.raises(Locked, match=said), tenant_lock(f"{URL.upper()}/", disk):
            pass
    with tenant_lock(URL, disk):
        pass


def test_two_tenants_do_not_wait_for_each_other():
    """Each has its own lock."""
    disk = LocalDisk()
    with tenant_lock(URL, disk), tenant_lock("https://other.example/scim/v2", disk):
        pass


def test_a_text_that_is_lost_does_not_free_a_tenant(tmp_path):
    """Only the system's lock decides."""
    disk = LocalDisk()
    with tenant_lock(URL, disk):
        for text in (tmp_path / "state").glob("tenant-*.json"):
            text.write_text("absent")
        with pytest.raises(Locked, match="another run is working on"), tenant_lock(URL, disk):
            pass
