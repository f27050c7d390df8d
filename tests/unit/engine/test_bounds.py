"""Bounds that end a run while rows end."""

from bulkscim.errors import Stopped
from bulkscim.planning.guards import Bounds


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
    """No record is to blame for fault after fault: the breaker stops the run, which can be resumed."""
    lines = [{"op": "create", "type": "User", "data": {"userName": f"u{number}"}} for number in range(60)]
    report = await carried(lines, faults={"before": 1.0})

    assert isinstance(report.exit_reason, Stopped)
    assert "in a row were faults of the tenant" in str(report.exit_reason)
    assert report.totals.pending > 40
