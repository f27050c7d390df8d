"""What format 2 adds: the end of a row on the line of its last step, several open steps, several rows of a step."""

from dataclasses import replace

import pytest

from bulkscim.errors import JournalDamaged
from bulkscim.journal import entries, journal, reader
from bulkscim.journal.audit import audit
from bulkscim.journal.bodies import Closed, Member, Opened, Started, WasMember
from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, RecordedPlan
from bulkscim.model.step import Action
from tests.support.making.forging import lines_of, rewritten
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
)
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER, SimulatedDisk

DONE = RowState.DONE


async def written(*commits, rows=3):
    """Return a disk with a closed run of these appends."""
    disk = SimulatedDisk()
    run = begin(disk, rows)
    await run.append(opened())
    for told in commits:
        await run.append(*told)
    await run.append(Entry(Closed(run.ledger.totals(), run.chain)))
    await run.aclose()
    return disk


def audited(data):
    """Audit a journal of these bytes."""
    disk = SimulatedDisk()
    disk.put(PATH, data)
    return audit(disk.open_read(PATH), PATH)


async def test_a_plain_row_is_two_lines_and_reads_as_three_entries():
    """The counters of both are those of the line; each reader sees the end of the step and that of the row."""
    end = done(1)._replace(counters=Counters(1, 0, 1))
    disk = await written([started(1, 1)], [applied(1, 1), end], rows=1)

    assert len(lines_of(disk.contents(PATH))) == 5
    with journal.read(FOLDER, disk, use_checkpoint=False) as recorded:
        assert [entry.kind for entry in recorded.history(1)] == ["started", "applied", "settled"]
        assert (recorded.end_of(1).op, recorded.last(1).state) == ("create", DONE)
        assert [row for row, _ in recorded.ends(DONE)] == [1]
        assert [entry.kind for entry in recorded.entries(Kind.APPLIED)] == ["applied"]
        assert list(recorded.entries(RowState.FAILED)) == []
        assert recorded.ledger.counters == Counters(3, 1, 1)
    assert audited(disk.contents(PATH)).ledger.totals().done == 1


async def test_a_refused_step_may_end_its_row_and_a_step_of_many_rows_may_not():
    """The ends of rows that a step serves together have lines of their own."""
    both = ((2, "member:A"), (3, "member:A"))
    members = (Member("u2", was=WasMember.UNKNOWN), Member("u3", "eve@example.com"))
    merged = Entry(Started(Action.ADD_MEMBER, "Group", id="g1", members=members), both, 2)
    disk = await written(
        [started(1, 1), merged],
        [entry_of(Kind.REFUSED, ((1, "create"),), 1), done(1, RowState.FAILED)],
        [entry_of(Kind.APPLIED, both, 2), done(2), done(3)],
    )

    lines = lines_of(disk.contents(PATH))
    assert [entries.decode(line[:-1]).entry.kind for line in lines[2:]] == [
        *("started", "started", "refused", "applied", "settled", "settled", "closed")
    ]
    with journal.read(FOLDER, disk) as recorded:
        assert [recorded.ledger.state(row) for row in (1, 2, 3)] == ["failed", "done", "done"]
        assert recorded.history(3)[0].body == merged.body
    assert audited(disk.contents(PATH)).ledger.totals().failed == 1


async def test_a_row_may_have_an_open_step_for_each_part():
    """A second one for the same part is damage, and a checkpoint keeps those that are open."""
    disk = SimulatedDisk()
    run = begin(disk, rows=1)
    await run.append(opened(), started(1, 1), started(1, 2, "manager"))
    await run.append(lost(1, 1), applied(1, 2, "manager"))
    await run.append(started(1, 3, "manager"), entry_of(Kind.STOPPED))
    with pytest.raises(ValueError, match="done cannot follow steps 1, 3"):
        await run.append(done(1))
    await run.aclose()

    for cached in (True, False):
        with journal.read(FOLDER, disk, use_checkpoint=cached) as recorded:
            assert [each.number for each in recorded.ledger.standing(1).open] == [1, 3]
            assert recorded.ledger.totals().in_doubt == 1
    assert audited(disk.contents(PATH)).ledger.is_open(1)
    twice = rewritten(disk.contents(PATH), 7, lambda line: replace(line, entries=(started(1, 3, "create"),)))
    with pytest.raises(JournalDamaged, match="its part 'create' has an open step already"):
        audited(twice)


async def test_a_journal_of_format_1_is_gone_on_with_in_format_1():
    """An earlier version can still read what a later one has added."""
    disk = SimulatedDisk()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.making.journals.FORMAT", 1)
        run = begin(disk, rows=2)
    await run.append(opened(), started(1, 1))
    await run.aclose()

    run = journal.open_for_append(FOLDER, disk, VirtualClock())
    await run.append(applied(1, 1), done(1), started(2, 2))
    with pytest.raises(ValueError, match="cannot follow step 2"):
        await run.append(started(2, 3, "manager"))
    await run.aclose()

    assert [entries.decode(line[:-1]).entry.kind for line in lines_of(disk.contents(PATH))[-3:]] == [
        *("applied", "settled", "started")
    ]
    assert audited(disk.contents(PATH)).header.format == 1


@pytest.mark.parametrize("cut", [1, 40, 200])
async def test_a_row_whose_last_line_is_torn_is_in_doubt(cut):
    """The end of the step and that of the row are lost together, never one of them."""
    disk = await written([started(1, 1)], [applied(1, 1), done(1)], rows=1)
    whole = b"".join(lines_of(disk.contents(PATH))[:4])
    disk.put(PATH, whole[:-cut])

    fold = reader.fold(disk.open_read(PATH), PATH)
    assert (fold.ledger.state(1), fold.end.lines) == (RowState.IN_DOUBT, 3)
    run = journal.open_for_append(FOLDER, disk, VirtualClock())
    await run.append(lost(1, 1))
    assert [entry.kind for entry in run.history(1)] == ["started", "lost"]


async def test_what_takes_a_run_over_and_a_plan_are_told():
    """`epoch` counts the processes that took it over; the header may name a plan."""
    disk = SimulatedDisk()
    run = journal.create(FOLDER, disk, header_of(HEADER | {"plan": {"sha256": "ab"}}, 1), VirtualClock())
    await run.append(Entry(Opened(pid=1, epoch=2)))

    assert run.header.plan == RecordedPlan("ab")
    assert audited(disk.contents(PATH)).sessions[0].opened.epoch == 2


async def test_ends_of_other_rows_are_not_joined():
    """Neither is the end of a row that no step precedes."""
    told = [applied(1, 1), done(2), done(3)]
    assert [len(line) for line in entries.joined(told, 2)] == [1, 1, 1]
    assert [len(line) for line in entries.joined([applied(1, 1), done(1), done(3)], 2)] == [2, 1]
