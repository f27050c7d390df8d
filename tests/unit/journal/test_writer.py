"""Group commit: one write and one sync for all that waits, and nothing after a failure."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from bulkscim.errors import JournalDead
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from tests.support.making.journals import (
    PATH,
    applied,
    begin,
    done,
    entry_of,
    lost,
    opened,
    started,
    told,
    work,
)
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER, SimulatedDisk


@pytest.fixture(autouse=True)
def _in_format_1(monkeypatch):
    """Have the end of a row on a line of its own; what format 2 adds has tests of its own."""
    monkeypatch.setattr("tests.support.making.journals.FORMAT", 1)


def lines_of(disk):
    """Return the journal's lines, decoded."""
    return [journal.entries.decode(line) for line in disk.contents(PATH).splitlines()]


async def turns(count=20):
    """Let the others have some turns of the loop."""
    for _ in range(count):
        await checkpoint()


async def test_what_returns_is_durable():
    """Everything that was acknowledged is there after a crash that loses all else."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    await work(run, [1, 2])
    before = told(run)
    disk.crash(lambda: False)

    assert told(journal.read(FOLDER, disk)) == before


async def test_entries_of_one_append_are_one_commit():
    """They carry the same commit number: the line number of the first."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(started(1, 1))
    await run.append(applied(1, 1), done(1))
    await run.append(started(2, 2))

    assert [(line.number, line.commit) for line in lines_of(disk)] == [(1, 1), (2, 2), (3, 3), (4, 3), (5, 5)]


async def test_what_queues_while_a_commit_is_under_way_becomes_one_commit():
    """Fifty callers share a few syncs."""
    disk = SimulatedDisk()
    run = begin(disk, rows=50)
    syncs = disk.syncs
    async with anyio.create_task_group() as group:
        for row in range(1, 51):
            group.start_soon(work, run, [row])

    assert run.ledger.totals().done == 50
    assert disk.syncs - syncs <= 6
    assert len(lines_of(disk)) == 151


async def test_the_ledger_learns_only_what_is_durable():
    """While the disk is at work the row still stands where it stood."""
    disk = SimulatedDisk()
    run = begin(disk)
    disk.gate = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(run.append, started(1, 1))
        await turns()

        assert run.ledger.state(1) == RowState.PENDING
        disk.gate.set()

    assert run.ledger.state(1) == RowState.IN_DOUBT


async def test_entries_may_follow_each_other_before_they_are_durable():
    """The links of a row lead through lines that were queued together."""
    disk = SimulatedDisk()
    run = begin(disk)
    disk.gate = anyio.Event()
    async with anyio.create_task_group() as group:
        for new in ([started(1, 1)], [lost(1, 1)], [applied(1, 1), done(1)]):
            group.start_soon(run.append, *new)
        await turns()
        disk.gate.set()

    assert [entry.kind for entry in run.history(1)] == ["started", "lost", "applied", "settled"]


@pytest.mark.parametrize("bad", [applied(2, 1), done(1), started(11, 3), entry_of(Kind.SETTLED, ((2, ""),))])
async def test_what_cannot_follow_is_refused_before_it_is_written(bad):
    """Nothing of that append is written, and the journal goes on."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(started(1, 1))
    before = disk.contents(PATH)
    with pytest.raises(ValueError, match=r"cannot follow|the run has 10 rows|not an entry"):
        await run.append(opened(), started(2, 2), bad)

    assert disk.contents(PATH) == before
    await run.append(applied(1, 1), done(1), started(2, 2))
    assert run.ledger.totals().done == 1


async def test_an_append_of_nothing_writes_nothing():
    """No line, no sync."""
    disk = SimulatedDisk()
    run = begin(disk)
    calls = disk.calls
    await run.append()

    assert disk.calls == calls


@pytest.mark.parametrize("failing", [1, 2])
@pytest.mark.parametrize("short", [True, False])
async def test_after_a_failed_write_or_sync_nothing_is_acknowledged(failing, short):
    """The callers of that commit and all later ones get JournalDead, and nothing more is written."""
    disk = SimulatedDisk(writes_short=short)
    run = begin(disk)
    await run.append(started(1, 1))
    disk.fail_at = {disk.calls + failing}
    dead = []

    async def attempt(row):
        try:
            await run.append(started(row, row))
        except JournalDead as error:
            dead.append(str(error))

    async with anyio.create_task_group() as group:
        for row in (2, 3, 4):
            group.start_soon(attempt, row)
    after = disk.contents(PATH)
    await attempt(5)
    await run.aclose()

    assert len(dead) == 4
    assert "No space left on device" in dead[0]
    assert "Nothing after line 2 counts" in dead[0]
    assert f"bulkscim resume {FOLDER}" in dead[0]
    assert disk.contents(PATH) == after
    assert [run.ledger.state(row) for row in range(1, 6)] == ["in_doubt"] + ["pending"] * 4


async def test_those_who_queued_behind_a_failing_commit_fail_with_it():
    """A commit that waits for its turn is not tried after the one before it failed."""
    disk = SimulatedDisk()
    run = begin(disk)
    disk.gate = anyio.Event()
    disk.fail_at = {disk.calls + 2}
    failures = []

    async def attempt(row):
        try:
            await run.append(started(row, row))
        except JournalDead:
            failures.append(row)

    async with anyio.create_task_group() as group:
        group.start_soon(attempt, 1)
        await turns()
        group.start_soon(attempt, 2)
        group.start_soon(attempt, 3)
        await turns()
        disk.gate.set()

    assert sorted(failures) == [1, 2, 3]
    assert disk.calls == max(disk.fail_at)


@pytest.mark.parametrize("cancelled", [1, 2])
async def test_a_cancelled_caller_loses_nothing(cancelled):
    """Whether it leads the commit or waits for it, what it queued is written and the others are told."""
    disk = SimulatedDisk()
    run = begin(disk)
    disk.gate = anyio.Event()
    scopes, returned = {}, []

    async def attempt(row):
        with anyio.CancelScope() as scopes[row]:
            await run.append(started(row, row))
            returned.append(row)

    async with anyio.create_task_group() as group:
        for row in (1, 2, 3):
            group.start_soon(attempt, row)
        await turns()
        scopes[cancelled].cancel()
        await turns()

        assert returned == []
        disk.gate.set()

    assert sorted(returned) == [1, 2, 3]
    assert [run.ledger.state(row) for row in (1, 2, 3)] == ["in_doubt"] * 3


async def test_a_caller_cancelled_beforehand_still_knows_the_fate_of_what_it_queued():
    """An append inside a cancelled scope is written, and the cancellation comes at the next wait."""
    run = begin(SimulatedDisk())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run.append(started(1, 1))
        await checkpoint()
        pytest.fail("the scope is cancelled")

    assert run.ledger.is_open(1)


async def test_closing_waits_for_what_is_queued():
    """What was queued before is durable; what comes after is refused; closing twice is allowed."""
    disk = SimulatedDisk()
    run = begin(disk)
    async with anyio.create_task_group() as group:
        group.start_soon(run.append, started(1, 1))
        await checkpoint()
        group.start_soon(run.aclose)
    await run.aclose()

    assert journal.read(FOLDER, disk).ledger.is_open(1)
    with pytest.raises(JournalDead, match="closed"):
        await run.append(done(2))


async def test_a_checkpoint_is_written_from_time_to_time():
    """After half a minute and some thousands of lines the next commit leaves one."""
    disk, clock = SimulatedDisk(), VirtualClock()
    run = begin(disk, rows=6_000, clock=clock)
    skipped = [done(row, RowState.SKIPPED) for row in range(1, 6_001)]
    await run.append(*skipped[:5_500])
    kept = [disk.exists(FOLDER / "checkpoint.json")]
    clock.advance(31)
    await run.append(*skipped[5_500:])
    kept.append(disk.exists(FOLDER / "checkpoint.json"))

    assert kept == [False, True]
