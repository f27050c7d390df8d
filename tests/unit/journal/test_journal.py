"""A journal is made, gone on with, and read."""

import pytest

from bulkscim.errors import JournalDamaged, JournalDead, Locked, NoSuchRun
from bulkscim.journal import journal
from bulkscim.journal.bodies import Repaired
from bulkscim.journal.entries import Kind
from bulkscim.journal.header import Header
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.row import RowRules, RowState
from bulkscim.planning.guards import Bounds
from tests.support.making.journals import (
    HEADER,
    PATH,
    applied,
    begin,
    done,
    entry_of,
    header_of,
    lost,
    opened,
    started,
    told,
    work,
)
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER, SimulatedDisk

STOPPED = entry_of(Kind.STOPPED, body={"why": "test"})


def kinds(recorded, row):
    """Return the kinds of a row's entries."""
    return [entry.kind for entry in recorded.history(row)]


def reopen(disk):
    """Open the journal to go on."""
    return journal.open_for_append(FOLDER, disk, VirtualClock())


async def test_the_header_is_durable_before_anything_else():
    """It survives a crash right after creation, with format and rows in it."""
    disk = SimulatedDisk()
    begin(disk, rows=7)
    disk.crash(lambda: False)
    recorded = journal.read(FOLDER, disk)

    assert recorded.header == Header(2, run=FOLDER.name, command="run", rows=7, guards=recorded.header.guards)
    assert recorded.ledger.totals().pending == 7


async def test_a_new_journal_takes_the_place_of_the_old():
    """What stood in the folder is gone in one step."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    journal.create(FOLDER, disk, header_of({"run": "other"}, 3), VirtualClock())

    assert journal.read(FOLDER, disk).header.run == "other"


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
async def test_a_disk_that_fails_at_creation_leaves_no_run(failing):
    """Write, sync, folder, and the sync of what was opened: any of them ends it before a request."""
    disk = SimulatedDisk(fail_at={failing})
    with pytest.raises(JournalDead, match="No space left on device"):
        begin(disk)


async def test_history_is_oldest_first_and_carries_times():
    """Entries of a row come back through the links, whatever stands between."""
    clock = VirtualClock(1_000_000.0)
    run = begin(SimulatedDisk(), clock=clock)
    await run.append(started(1, 1), started(2, 2))
    clock.advance(2.5)
    await run.append(lost(1, 1), lost(2, 2))
    await run.append(applied(1, 1), done(1))

    assert kinds(run, 1) == ["started", "lost", "applied", "settled"]
    assert [entry.time for entry in run.history(1)] == [1_000_000.0, *[1_000_002.5] * 3]
    assert run.last(2).body.detail == "timed out"
    assert (run.history(3), run.last(3)) == ([], None)


async def test_a_merged_step_is_in_the_history_of_each_of_its_rows():
    """Each row has its own link through the shared lines."""
    run = begin(SimulatedDisk())
    await run.append(started(1, 1))
    await run.append(applied(1, 1))
    rows = ((1, "member:A"), (2, "member:A"))
    await run.append(entry_of(Kind.STARTED, rows, 2), started(3, 3))
    await run.append(entry_of(Kind.APPLIED, rows, 2), done(2))

    assert kinds(run, 1) == ["started", "applied", "started", "applied"]
    assert kinds(run, 2) == ["started", "applied", "settled"]


async def test_reading_equals_the_live_journal():
    """A second process sees what the writer has made durable, header to history."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    await work(run, [1, 2, 3])
    await run.append(started(4, run.next_step()))

    assert told(journal.read(FOLDER, disk)) == told(run)


async def test_a_session_that_ended_in_order_is_gone_on_with_in_place():
    """The file is synced and appended to, not rewritten."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened(), STOPPED)
    await run.aclose()
    file = disk.open_read(PATH)
    syncs = disk.syncs
    run = reopen(disk)

    assert disk.open_read(PATH) is file
    assert disk.syncs == syncs + 1
    await work(run, [1])
    assert journal.read(FOLDER, disk).ledger.totals().done == 1


async def test_after_a_kill_the_good_part_is_rewritten():
    """A new file takes the old one's place with the same lines; nothing is noted where nothing was cut."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1])
    before, file = disk.contents(PATH), disk.open_read(PATH)
    reopen(disk)

    assert disk.contents(PATH) == before
    assert disk.open_read(PATH) is not file


async def test_a_torn_tail_is_cut_and_noted():
    """The note says how many bytes went, and the journal goes on behind it."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1])
    before = disk.contents(PATH)
    disk.put(PATH, before + b'{"n":     torn')
    run = reopen(disk)
    await work(run, [2])
    data = disk.contents(PATH)
    repaired = journal.entries.decode(data[len(before) :].splitlines()[0])

    assert data.startswith(before)
    assert (repaired.entry.kind, repaired.entry.body) == ("repaired", Repaired(14, len(before)))
    assert told(journal.read(FOLDER, disk)) == told(run)
    assert run.ledger.totals().done == 2


async def test_reading_cuts_nothing():
    """Only who holds the lock may."""
    disk = SimulatedDisk()
    begin(disk)
    data = disk.contents(PATH) + b"torn"
    disk.put(PATH, data)
    journal.read(FOLDER, disk)

    assert disk.contents(PATH) == data


async def test_a_page_that_a_failed_sync_lost_does_not_come_back_as_written():
    """After a failed sync the lines still read well; the next opener writes them to a new file."""
    disk = SimulatedDisk()
    run = begin(disk)
    await run.append(opened())
    disk.fail_at = {disk.calls + 2}
    with pytest.raises(JournalDead):
        await run.append(started(1, 1))
    run = reopen(disk)
    seen = run.ledger.is_open(1)
    await run.append(opened())
    disk.crash(lambda: False)

    assert journal.read(FOLDER, disk).ledger.is_open(1) == seen


async def test_a_last_line_whose_sync_failed_is_not_trusted_for_what_it_says():
    """A `stopped` that can be read is no proof that it was synced; only what comes after a sync is."""
    disk = SimulatedDisk()
    run = begin(disk)
    disk.fail_at = {disk.calls + 2}
    with pytest.raises(JournalDead):
        await run.append(STOPPED)
    await run.aclose()
    run = reopen(disk)
    await work(run, [1, 2])
    disk.crash(lambda: False)

    assert journal.read(FOLDER, disk).ledger.totals().done == 2


@pytest.mark.parametrize("failing", range(1, 6))
async def test_a_disk_that_fails_while_opening_loses_nothing(failing):
    """The old journal stands until the new one is whole."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1, 2])
    disk.put(PATH, disk.contents(PATH) + b"torn")
    disk.fail_at = {disk.calls + failing}
    with pytest.raises(JournalDead, match="cannot be made safe"):
        reopen(disk)
    disk.crash(lambda: False)

    assert reopen(disk).ledger.totals().done == 2


async def test_step_numbers_go_on_where_they_ended():
    """A number is never given twice, not even to a step that another session began."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1, 2])
    run = reopen(disk)

    assert [run.next_step(), run.next_step()] == [3, 4]


async def test_sessions_are_counted_by_their_times():
    """Time between sessions is not work."""
    disk, clock = SimulatedDisk(), VirtualClock(1000.0)
    run = begin(disk, clock=clock)
    await run.append(opened())
    clock.advance(5)
    await run.append(STOPPED)
    clock.advance(3600)
    run = journal.open_for_append(FOLDER, disk, clock)
    await run.append(opened())
    clock.advance(2)
    await run.append(done(1, RowState.NOOP))

    assert run.timeline.elapsed_s == 7
    assert journal.read(FOLDER, disk).timeline == run.timeline


async def test_there_is_nothing_to_go_on_with_where_there_is_no_journal():
    """Opening does not make one."""
    with pytest.raises(NoSuchRun):
        reopen(SimulatedDisk())


async def test_damage_is_not_opened():
    """An acknowledged line that is gone stops it, with the file untouched."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1, 2])
    data = disk.contents(PATH).replace(b"row1@", b"row9@")
    disk.put(PATH, data)
    with pytest.raises(JournalDamaged, match="byte"):
        reopen(disk)

    assert disk.contents(PATH) == data


async def test_counters_are_summed_over_all_entries():
    """Requests and repeats come from the step ends."""
    disk = SimulatedDisk()
    run = begin(disk)
    await work(run, [1, 2, 3])
    totals = journal.read(FOLDER, disk).ledger.totals()

    assert (totals.requests, totals.retries, totals.throttled) == (6, 3, 0)
    assert totals == run.ledger.totals()


@pytest.mark.parametrize("clean", [False, True])
async def test_a_process_that_was_taken_over_writes_nothing_that_counts(clean):
    """A stopped process that wakes up wrote to its unlinked file, was told that it was durable, and sent."""
    disk = SimulatedDisk()
    first = begin(disk)
    await first.append(opened(), started(1, 1))
    if clean:
        first._writer._save()  # a checkpoint that reaches the end is no proof that the session ended
    second = journal.open_for_append(FOLDER, disk, VirtualClock())
    await second.append(opened(), lost(1, 1))
    with pytest.raises(JournalDead, match="took this run over"):
        await first.append(started(2, 2))
    await first.aclose()
    await second.append(started(2, 2))
    await second.aclose()

    with journal.read(FOLDER, disk, use_checkpoint=False) as recorded:
        assert [entry.kind for entry in recorded.history(1)] == ["started", "lost"]
        assert recorded.ledger.step == 2


class Growing(SimulatedDisk):
    """A disk on which another process appends a line while the journal is copied."""

    def create(self, path):
        if self.exists(PATH):
            self.open_append(PATH).write(self.contents(PATH).splitlines(keepends=True)[-1])
        return super().create(path)


async def test_a_journal_that_grows_while_it_is_opened_is_locked():
    """What another process wrote between the read and the replacement was cut off."""
    disk = Growing()
    await begin(disk).append(opened())
    with pytest.raises(Locked, match="another process writes"):
        journal.open_for_append(FOLDER, disk, VirtualClock())


async def test_what_later_sessions_change_holds_in_place_of_the_header():
    """A rate or guard that resume was given was forgotten by the next resume."""
    changes = [
        {"settings": {"rate": "5/s", "on_exists": "fail"}},
        {"settings": {"on_exists": "adopt"}, "guards": {"max_errors": 3}},
    ]
    disk = SimulatedDisk()
    header = HEADER | {"settings": {"rate": None, "limit": 7}}
    run = journal.create(FOLDER, disk, header_of(header, 10), VirtualClock())
    for changed in changes:
        await run.append(
            entry_of(Kind.OPENED, body={"pid": 1}), entry_of(Kind.APPROVED, body={"changed": changed})
        )
    await run.append(entry_of(Kind.APPROVED, body={"changed": "no table", "yes": True}))
    await run.aclose()

    for cached in (True, False):
        with journal.read(FOLDER, disk, use_checkpoint=cached) as found:
            settings = found.header.settings
            assert settings == Settings(RowRules("adopt"), Connection("5/s"), 7)
            assert found.header.guards.bounds == Bounds(max_errors=3, max_adopt=20)
