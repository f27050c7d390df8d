"""What stood there before a change is kept whole, whatever its size: a rollback needs it."""

import json
from pathlib import Path

import pytest

from tests.support.making.records import delete, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant

LARGE = "x" * 1_020_000  # more than a record of a job file may have, and than is kept of what a run creates


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("change", [retitle, delete])
def test_a_large_resource_comes_back_whole(bulkscim, change):
    """A rollback with one such user was refused as a whole (2): its own job file had a record of more than 1 MB."""
    Path("job.jsonl").write_text(json.dumps(change("ada@example.com")) + "\n")
    with SmallTenant("ada@example.com", *(f"u{n}@example.com" for n in range(9))).serving() as tenant:
        tenant.user("ada@example.com")["nickName"] = LARGE
        done = bulkscim("run", "job.jsonl", "--base-url", tenant.base_url, "--yes", *FAST)
        undone = bulkscim("rollback", "last", "--yes", *FAST)

        assert (done.code, undone.code) == (0, 0), done.text + undone.text
        user = tenant.user("ada@example.com")
        assert (user["nickName"], user["title"]) == (LARGE, "Old")
