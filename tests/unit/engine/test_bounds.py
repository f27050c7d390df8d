"""Bounds that end a run while rows end."""

import json
from random import Random

import pytest

from bulkscim.errors import Stopped
from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.journal import journal
from bulkscim.planning.guards import Bounds
from bulkscim.providers import profile_named
from bulkscim.runs.assembly import Around, Job, Terms, carry_out
from bulkscim.runs.settings import Settings
from tests.support.fake_clock import VirtualClock
from tests.support.simulated_disk import FOLDER, SimulatedDisk
from tests.support.simulated_tenant import SimulatedTenant
from tests.support.watching import Silent

SETTINGS = Settings(rate="1000000/s", concurrency=2)


@pytest.fixture
def carried(tmp_path):
    """Return what carries a job to its end in an empty tenant."""

    async def carry(lines, bounds=Bounds(None, None, None), faults=()):  # noqa: B008 - frozen
        path = tmp_path / "job.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        source = open_source(str(path))
        checked = check(source, Defaults(), tmp_path / "index")
        clock, disk = VirtualClock(), SimulatedDisk()
        disk.make_folder(FOLDER)
        record = journal.create(FOLDER, disk, {"job": {}}, checked.rows, clock)
        tenant = SimulatedTenant(clock, Random(1), faults)
        terms = Terms(profile_named("generic"), SETTINGS, bounds)
        around = Around(Silent(), clock, Random(1).random)
        with checked.sound_index() as index:
            return await carry_out(
                Job(source, Defaults(), index, checked.rows), record, tenant, terms, around
            )

    return carry


async def test_a_burst_of_404s_on_delete_stops_the_run(carried):
    """Ids of another form, tenant or token all look like people who are gone already."""
    report = await carried([{"op": "delete", "type": "User", "id": str(number)} for number in range(40)])

    assert isinstance(report.exit_reason, Stopped)
    assert "are these ids of this tenant?" in str(report.exit_reason)
    assert 20 <= report.totals.failed < 25
    assert report.totals.pending == 40 - report.totals.failed


async def test_failed_rows_beyond_max_errors_stop_the_run(carried):
    """The bound is a number of failed rows; what is under way comes to its end."""
    lines = [
        {
            "op": "patch",
            "type": "User",
            "id": str(number),
            "patch": [{"op": "replace", "path": "title", "value": "x"}],
        }
        for number in range(40)
    ]
    report = await carried(lines, Bounds(None, None, 5))

    assert isinstance(report.exit_reason, Stopped)
    assert 6 <= report.totals.failed <= 8


async def test_a_tenant_that_only_fails_is_left_alone(carried):
    """Nobody's record is to blame for fault after fault: the breaker stops the run, which can be resumed."""
    lines = [{"op": "create", "type": "User", "data": {"userName": f"u{number}"}} for number in range(60)]
    report = await carried(lines, faults={"before": 1.0})

    assert isinstance(report.exit_reason, Stopped)
    assert "in a row were faults of the tenant" in str(report.exit_reason)
    assert report.totals.pending > 40
