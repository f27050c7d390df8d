"""The job file that deletes the users that a run deactivated."""

import json

from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.reporting.files import write_later
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import START, header, settled
from tests.support.running.fake_clock import VirtualClock

OP = {"op": "deactivate"}


async def recorded(tmp_path, then, *ends):
    """Return a run whose rows ended so."""
    job = tmp_path / "job.csv"
    job.write_text("userName\nx\n")
    folder = tmp_path / "run"
    folder.mkdir()
    about = header(job, "run") | ({"then": then} if then else {})
    made = journal.create(folder, LocalDisk(), header_of(about, len(ends)), VirtualClock(START))
    await made.append(entry_of(Kind.OPENED, body={}), *ends)
    await made.aclose()
    return journal.read(folder, LocalDisk())


async def test_a_deactivated_user_is_deleted_later_by_id(tmp_path):
    """Done or noop, each once; not who failed, nor what was asked otherwise."""
    run = await recorded(
        tmp_path,
        {"op": "delete", "after_days": 30},
        settled(1, RowState.DONE, "ada@example.com", id="u1", **OP),
        settled(2, RowState.NOOP, "bob@example.com", id="u2", **OP),
        settled(3, RowState.FAILED, "eve@example.com", id="u3", **OP),
        settled(4, RowState.DONE, "ADA@example.com", id="u1", **OP),
        settled(5, RowState.DONE, "flo@example.com", id="u5"),
    )

    path = write_later(run)

    assert path.name == "delete-after-2026-12-21.jsonl"
    assert path.stat().st_mode & 0o077 == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    more = {"op": "delete", "type": "User", "expect": {"active": False}, "not_before": "2026-12-21"}
    assert lines == [
        {**more, "id": "u1", "_who": "ada@example.com"},
        {**more, "id": "u2", "_who": "bob@example.com"},
    ]


async def test_nothing_is_written_where_nothing_is_to_come(tmp_path):
    """No definition, or no user deactivated."""
    assert write_later(await recorded(tmp_path, None, settled(1, RowState.DONE, "a", id="u1", **OP))) is None
    other = tmp_path / "other"
    other.mkdir()
    failed = settled(1, RowState.FAILED, "a", **OP)
    run = await recorded(other, {"op": "delete", "after_days": 1}, failed)
    assert write_later(run) is None
    assert not list(run.folder.glob("delete-*"))
