"""A checkpoint saves time and changes nothing."""

import orjson
import pytest

from bulkscim.journal import checkpoint, journal
from bulkscim.journal.checkpoint import CHECKPOINT
from bulkscim.journal.entries import Kind
from tests.support.making.journals import PATH, begin, entry_of, header_of, lost, opened, started, told, work
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER, SimulatedDisk

KEPT = FOLDER / CHECKPOINT


@pytest.fixture
async def disk():
    """A closed journal with rows done, in doubt and pending, its checkpoint, and lines behind that."""
    disk = SimulatedDisk()
    run = begin(disk, rows=40)
    await run.append(opened())
    await work(run, range(1, 21))
    await run.append(started(30, run.next_step()), started(31, run.next_step()))
    await run.append(lost(30, 21))
    await run.append(entry_of(Kind.STOPPED, body={"why": "test"}))
    await run.aclose()
    kept = disk.contents(KEPT)
    run = journal.open_for_append(FOLDER, disk, VirtualClock())
    await run.append(opened())
    await work(run, range(35, 38))
    disk.put(KEPT, kept)
    return disk


def loaded(disk):
    """Return the fold that the checkpoint gives."""
    return checkpoint.load(FOLDER, disk, disk.open_read(PATH), PATH)


async def test_with_and_without_it_everything_is_the_same(disk):
    """What is read from the checkpoint on equals what is read from the beginning."""
    assert loaded(disk).ledger.totals().done == 20
    assert told(journal.read(FOLDER, disk)) == told(journal.read(FOLDER, disk, use_checkpoint=False))


async def test_it_is_used(disk):
    """Damage before its offset is not looked at, which proves that the prefix was skipped."""
    data = disk.contents(PATH)
    disk.put(PATH, data.replace(b"row7@example.com", b"row8@example.com"))

    assert journal.read(FOLDER, disk).ledger.totals().done == 23


@pytest.mark.parametrize("step", [1, 7, 50])
async def test_one_that_is_damaged_is_ignored(disk, step):
    """Its own checksum must fit."""
    data = disk.contents(KEPT)
    for index in range(0, len(data), step):
        changed = bytearray(data)
        changed[index] ^= 1
        disk.put(KEPT, bytes(changed))

        assert loaded(disk) is None
        if step == 1 and index > 300:
            break


async def test_one_that_is_cut_is_ignored(disk):
    """Half a checkpoint is none."""
    disk.put(KEPT, disk.contents(KEPT)[:-10])

    assert loaded(disk) is None


async def test_one_that_reaches_behind_the_journal_is_ignored(disk):
    """A journal that was restored from a copy may be shorter."""
    disk.put(PATH, b"".join(disk.contents(PATH).splitlines(keepends=True)[:7]))

    assert loaded(disk) is None
    assert journal.read(FOLDER, disk).ledger.totals().done == 2


async def test_one_of_another_run_is_ignored(disk):
    """The line that ends at its offset must carry its chain value."""
    kept = disk.contents(KEPT)
    other = SimulatedDisk()
    run = journal.create(FOLDER, other, header_of({"run": "another"}, 40), VirtualClock())
    await run.append(opened())
    await work(run, range(1, 40))
    other.put(KEPT, kept)

    assert loaded(other) is None


async def test_one_of_another_byte_order_is_ignored(disk, monkeypatch):
    """Its offsets would be read the wrong way round."""
    monkeypatch.setattr("sys.byteorder", "middle")

    assert loaded(disk) is None


async def test_a_full_disk_only_costs_the_checkpoint():
    """Closing does not fail for want of it."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1])
    disk.fail_at = {disk.calls + 1}
    await run.aclose()

    assert not disk.exists(KEPT)
    assert journal.read(FOLDER, disk).ledger.totals().done == 1


async def test_it_is_json(disk):
    """People can look into it."""
    data = orjson.loads(disk.contents(KEPT))

    assert (data["format"], data["rows"], data["step"]) == (2, 40, 22)


@pytest.mark.parametrize("rows", [0, 1, 300_000])
async def test_any_size_comes_back(rows):
    """No rows, one, and more than a piece holds."""
    disk = SimulatedDisk()
    run = begin(disk, rows=rows)
    await work(run, range(1, rows + 1, 50_000))
    await run.append(entry_of(Kind.STOPPED))
    await run.aclose()

    assert loaded(disk).ledger.totals() == run.ledger.totals()
