"""An audit and a fold are two readers of one format: what one believes, the other does."""

from functools import cache

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import reader
from bulkscim.journal.audit import audit
from bulkscim.journal.entries import Entry, Kind
from bulkscim.model.row import RowState
from tests.support.journals import PATH, applied, begin, done, lost, opened, started, work
from tests.support.simulated_disk import SimulatedDisk


@cache
def sample():
    """Return a journal of two sessions, with commits of many lines and a step of several rows."""
    return anyio.run(_sample)


async def _sample():
    disk = SimulatedDisk()
    run = begin(disk, 8)
    await run.append(opened())
    await work(run, [1, 2])
    await run.append(Entry(Kind.STOPPED))
    await run.append(opened())
    merged = ((3, "member:A"), (4, "member:A"))
    await run.append(Entry(Kind.STARTED, merged, 3), started(5, 4))
    await run.append(
        lost(5, 4), Entry(Kind.APPLIED, merged, 3), done(3), done(4, RowState.NOOP), started(6, 5)
    )
    await run.append(applied(6, 5), done(6), applied(5, 4))
    return disk.contents(PATH)


def outcome(read, data):
    """Return what a reader makes of these bytes: totals, chain and the end of the good part, or its complaint."""
    disk = SimulatedDisk()
    disk.put(PATH, data)
    try:
        told = read(disk.open_read(PATH), PATH)
    except (JournalDamaged, NoSuchRun) as error:
        return type(error), str(error).partition(":")[0]
    return told.ledger.totals(), told.end, told.torn


@given(st.integers(0, len(sample()) - 1), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_byte_is_believed_by_both_or_by_none(place, change):
    """With the same end of the good part, and the same offset where it is damage."""
    data = bytearray(sample())
    data[place] ^= change

    assert outcome(audit, bytes(data)) == outcome(reader.fold, bytes(data))


@given(st.integers(0, len(sample())))
@settings(max_examples=200)
def test_a_cut_journal_ends_for_both_at_the_same_line(cut):
    """What is torn is no damage."""
    assert outcome(audit, sample()[:cut]) == outcome(reader.fold, sample()[:cut])
