"""Whatever happens to the machine or the file, what was acknowledged is there, or its loss is named."""

from collections import defaultdict
from contextlib import suppress
from functools import cache
from random import Random

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkscim.errors import JournalDamaged, JournalDead, NoSuchRun
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind, decode
from bulkscim.model.row import RowState
from tests.support.making.few import examples
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

ROWS = 8
STORY_ROWS = 40


@cache
def sample():
    """Return a journal of several sessions, commits of one and of many lines, and a merged step."""
    return anyio.run(_sample)


async def _sample():
    disk = SimulatedDisk()
    run = begin(disk, ROWS)
    await run.append(opened())
    await work(run, [1, 2])
    await run.append(entry_of(Kind.STOPPED))
    await run.append(opened())
    merged = ((3, "member:A"), (4, "member:A"))
    await run.append(entry_of(Kind.STARTED, merged, 3), started(5, 4))
    await run.append(
        lost(5, 4), entry_of(Kind.APPLIED, merged, 3), done(3), done(4, RowState.NOOP), started(6, 5)
    )
    return disk.contents(PATH)


def read(data):
    """Read these bytes as a journal."""
    disk = SimulatedDisk()
    disk.put(PATH, data)
    return journal.read(FOLDER, disk, use_checkpoint=False)


@given(st.integers(0, len(sample())))
@settings(max_examples=examples(300))
def test_a_journal_cut_anywhere_goes_on_from_its_last_whole_line(cut):
    """Read, opened and appended to, it holds the whole lines before the cut and what came after."""
    data = sample()
    whole = data[: data.rfind(b"\n", 0, cut) + 1]
    disk = SimulatedDisk()
    disk.put(PATH, data[:cut])
    if not whole:
        with pytest.raises(NoSuchRun):
            journal.read(FOLDER, disk)
        return
    recorded = told(journal.read(FOLDER, disk))
    run = journal.open_for_append(FOLDER, disk, VirtualClock())

    assert recorded == told(read(whole))
    assert run.ledger.totals() == read(whole).ledger.totals()
    assert disk.contents(PATH).startswith(whole)
    anyio.run(finish, run)
    disk.crash(lambda: False)
    assert told(journal.read(FOLDER, disk)) == told(run)


async def finish(run):
    """End what is open, and settle every row."""
    for row in list(run.ledger.open_rows()):
        await run.append(applied(row, run.ledger.standing(row).open[0].number))
    for row in range(1, run.ledger.rows + 1):
        if not run.ledger.is_settled(row):
            await run.append(done(row, RowState.SKIPPED))


@given(st.integers(0, len(sample()) - 1), st.integers(1, 255))
@example(0, 255)
@settings(max_examples=examples(500))
def test_a_changed_byte_is_never_believed(place, change):
    """In the last commit it ends the good part; before it, it is damage."""
    data = bytearray(sample())
    data[place] ^= change
    number = sample().count(b"\n", 0, place)
    last = decode(sample().splitlines()[-1])
    if number + 1 < last.commit:
        with pytest.raises(JournalDamaged):
            read(bytes(data))
        return
    whole = b"".join(sample().splitlines(keepends=True)[:number])

    assert told(read(bytes(data))) == told(read(whole))


class Story:
    """Workers on a journal, a disk that fails, a process that is killed or a machine that crashes.

    After a kill a page that a failed sync lost still reads well; only the next crash shows that it is gone.
    """

    def __init__(self, seed):
        self.random = Random(seed)
        self.disk = SimulatedDisk()
        self.queued = defaultdict(list)
        self.acknowledged = defaultdict(int)

    async def session(self, *, first):
        """Work until all is done, the disk fails, or the session is cut short, and end in some way."""
        random = self.random
        if random.random() < 0.5:
            self.disk.fail_at = {self.disk.calls + random.randint(1, 30)}
        self.disk.writes_short = random.random() < 0.5
        try:
            clock = VirtualClock()
            run = begin(self.disk, STORY_ROWS) if first else journal.open_for_append(FOLDER, self.disk, clock)
        except (JournalDead, NoSuchRun):
            self.crash()
            return
        self.check(run)
        async with anyio.create_task_group() as group:
            for _ in range(random.randint(1, 4)):
                group.start_soon(self.work, run)
            for _ in range(random.randint(0, 60)):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        if random.random() < 0.3:
            self.disk.fail_at = {self.disk.calls + random.randint(1, 2)}
        with suppress(JournalDead):
            if random.random() < 0.7:
                await run.append(entry_of(Kind.STOPPED))
        if random.random() < 0.7:
            await run.aclose()
        if random.random() < 0.5:
            self.crash()
        self.disk.fail_at = set()

    async def work(self, run):
        """Take free rows one after the other, in small commits."""
        try:
            while free := [row for row in range(1, STORY_ROWS + 1) if self.is_free(run, row)]:
                row = self.random.choice(free)
                open_steps = run.ledger.standing(row).open
                step = open_steps[0].number if open_steps else run.next_step()
                if not open_steps:
                    await self.append(run, row, started(row, step))
                if self.random.random() < 0.3 and run.history(row)[-1].kind != Kind.LOST:
                    await self.append(run, row, lost(row, step))
                await self.append(run, row, applied(row, step), done(row))
        except JournalDead:
            pass

    def is_free(self, run, row):
        """Whether no worker of this session has the row."""
        return not run.ledger.is_settled(row) and (row, run) not in self.taken

    async def append(self, run, row, *new):
        """Append, and remember what was queued and what was acknowledged."""
        self.taken.add((row, run))
        self.queued[row] += [entry.kind for entry in new]
        count = len(self.queued[row])
        await run.append(*new)
        self.acknowledged[row] = count

    def crash(self):
        """Stop the machine."""
        self.disk.crash(lambda: self.random.random() < self.random.choice((0, 0.5, 1)))

    def check(self, run):
        """Compare what a new session finds with what the one before was told."""
        self.taken = set()
        for row in range(1, STORY_ROWS + 1):
            found = [entry.kind for entry in run.history(row)]

            assert self.queued[row][: len(found)] == found
            assert len(found) >= self.acknowledged[row]
            self.queued[row] = found
            self.acknowledged[row] = len(found)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=examples(150), deadline=None)
def test_what_was_acknowledged_survives_every_crash(seed):
    """Over several sessions with failing disks, cancelled workers and lost pages, nothing told is lost."""
    anyio.run(several_sessions, seed)


async def several_sessions(seed):
    """Tell one story."""
    story = Story(seed)
    await story.session(first=True)
    if not story.disk.exists(PATH):
        return
    for _ in range(4):
        await story.session(first=False)
    story.disk.fail_at = set()
    run = journal.open_for_append(FOLDER, story.disk, VirtualClock())
    story.check(run)
    await finish(run)

    assert run.ledger.totals().pending == 0
    assert told(journal.read(FOLDER, story.disk)) == told(run)
