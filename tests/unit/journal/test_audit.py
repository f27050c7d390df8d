"""What an audit lets pass, and what it does not."""

from dataclasses import asdict, replace

import pytest

from bulkscim.errors import JournalDamaged
from bulkscim.journal.audit import audit
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.model.run import Totals
from tests.support.making.forging import lines_of, rehashed, rewritten, saying
from tests.support.making.journals import PATH, applied, begin, done, entry_of, lost, opened, started
from tests.support.simulation.disk import SimulatedDisk

# Lines of the journal under test: 1 header, 2 opened, 3 started, 4 applied, 5 settled, 6 to 8 likewise for row 2,
# 9 settled row 3, 10 closed.
STARTED, APPLIED, SETTLED, LAST_SETTLED, CLOSED = 3, 4, 5, 9, 10


@pytest.fixture(autouse=True)
def _in_format_1(monkeypatch):
    """Have the end of a row on a line of its own; what format 2 adds has tests of its own."""
    monkeypatch.setattr("tests.support.making.journals.FORMAT", 1)


def audited(data, head="", watch=None):
    """Audit a journal of these bytes."""
    disk = SimulatedDisk()
    disk.put(PATH, data)
    return audit(disk.open_read(PATH), PATH, head, watch)


async def data_of(*steps, rows=3, closes=True):
    """Return the bytes of a run of these appends, closed behind them."""
    disk = SimulatedDisk()
    made = begin(disk, rows)
    await made.append(opened())
    for told in steps:
        await made.append(*told)
    if closes:
        body = {"totals": asdict(made.ledger.totals()), "chain": made.chain}
        await made.append(entry_of(Kind.CLOSED, body=body))
    await made.aclose()
    return disk.contents(PATH)


@pytest.fixture
async def written():
    """The bytes of a run of three rows that has ended."""
    done_rows = [[started(1, 1)], [applied(1, 1), done(1)], [started(2, 2)], [applied(2, 2), done(2)]]
    return await data_of(*done_rows, [done(3, RowState.NOOP)])


def offset_of(data, number):
    """Return where a line begins."""
    return len(b"".join(lines_of(data)[: number - 1]))


async def test_a_whole_journal_is_told_in_full(written):
    """Lines, commits, totals, sessions and the chain head come from its lines alone."""
    told = audited(written)

    assert (told.end.lines, told.commits, told.torn, told.closed) == (10, 8, 0, 1)
    assert told.ledger.totals().noop == 1
    assert [session.opened.pid for session in told.sessions] == [4711]
    assert told.ending.ended.chain == told.chain


async def test_each_line_that_held_is_seen_once(written):
    """The watch sees what the journal says, in order."""
    kinds = []
    audited(written, watch=lambda line: kinds.append(line.number))

    assert kinds == list(range(1, 11))


async def test_a_given_head_is_found_where_it_stands(written):
    """The head of a line in the middle is named with that line."""
    head = audited(b"".join(lines_of(written)[:5])).chain

    found = audited(written, head).head
    assert (found.line, found.offset, found.kind) == (5, offset_of(written, 5), "settled")
    assert audited(written, "0" * 32).head is None


@pytest.mark.parametrize("number", range(2, 10))
async def test_a_flipped_byte_is_found_at_its_line(written, number):
    """Every line but those of the last commit is acknowledged by a later one."""
    place = offset_of(written, number)
    data = bytearray(written)
    data[place + 130] ^= 1

    with pytest.raises(JournalDamaged, match=f"byte {place}: line {number} "):
        audited(bytes(data))


@pytest.mark.parametrize(
    "altered",
    [
        lambda lines: [*lines[:4], *lines[5:]],
        lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]],
        lambda lines: [*lines[:4], lines[3], *lines[4:]],
    ],
    ids=["dropped", "swapped", "doubled"],
)
async def test_a_line_out_of_place_is_found_there(written, altered):
    """What follows no longer follows from what is before."""
    with pytest.raises(JournalDamaged, match=f"byte {offset_of(written, 5)}: line 5 "):
        audited(b"".join(altered(lines_of(written))))


async def test_a_cut_tail_is_told_and_is_no_damage(written):
    """A crash leaves the same; only a chain head from outside tells."""
    head = audited(written).chain
    told = audited(written[:-40], head)

    assert (told.torn, told.end.lines, told.ending, told.head) == (
        len(lines_of(written)[9]) - 40,
        9,
        None,
        None,
    )


def changed(**more):
    """Return what changes a line's body."""
    return lambda line: saying(line, **more)


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        (CLOSED, changed(totals=Totals(rows=3, done=3)), "closed says done 3; the lines before it say 2"),
        (CLOSED, changed(chain="0" * 32), "closed says chain 0000"),
        (APPLIED, lambda line: replace(line, number=7), "it is numbered 7"),
        (APPLIED, lambda line: replace(line, commit=2), "commit 2 does not follow commit 3"),
        (APPLIED, lambda line: replace(line, commit=3), "its end was written together with its start"),
        (APPLIED, lambda line: replace(line, previous=(1,)), "its line before begins at byte"),
        (
            APPLIED,
            lambda line: replace(line, entries=(line.entry._replace(step=9),)),
            "step 9: applied cannot follow",
        ),
        (SETTLED, lambda line: replace(line, previous=(0,)), "its line before begins at byte"),
        (LAST_SETTLED, lambda line: replace(line, entries=(done(2),)), "its line before begins at byte"),
        (2, lambda line: replace(line, entries=(entry_of(Kind.HEADER),)), "the header must be on"),
    ],
)
async def test_a_forged_line_is_found_by_what_it_says(written, number, change, said):
    """Recomputed hashes do not help where a line contradicts the others."""
    with pytest.raises(JournalDamaged, match=said) as caught:
        audited(rewritten(written, number, change))
    assert f"byte {offset_of(written, number)}: line {number}" in str(caught.value)


async def test_a_forged_end_that_contradicts_nothing_needs_a_head(written):
    """It passes; the head that was printed does not stand in it."""
    head = audited(written).chain
    forged = rewritten(written, APPLIED, changed(status=299))
    chain = audited(rehashed(lines_of(forged)[:9])).chain
    forged = rewritten(forged, CLOSED, changed(totals=None, chain=chain))

    assert audited(forged, head).head is None


async def test_fixed_members_must_be_what_the_rows_say(written):
    """A row number in front that is not the row of the line is no line of a journal."""
    lines = lines_of(written)
    lines[APPLIED - 1] = lines[APPLIED - 1].replace(b'"r":         1', b'"r":         3')

    with pytest.raises(JournalDamaged, match="does not have the form of a journal line"):
        audited(rehashed(lines))


async def test_a_step_number_stands_for_one_step():
    """A number that was begun before is not begun again."""
    data = await data_of(
        [started(1, 2)], [applied(1, 2), done(1)], [started(2, 1)], [applied(2, 1), done(2)], rows=2
    )

    with pytest.raises(JournalDamaged, match="step 1 of row 2 comes after step 2"):
        audited(data)


async def test_closed_with_rows_left_is_damage():
    """A run is finished when every row has ended, or waits for one in doubt."""
    with pytest.raises(JournalDamaged, match="closed, and 2 rows have no end"):
        audited(await data_of([done(1)]))

    assert audited(await data_of([started(1, 1)], [lost(1, 1)])).ledger.totals().pending == 2


async def test_a_run_that_never_ended_has_no_ending():
    """Neither has one whose last session wrote on behind an orderly end."""
    data = await data_of([done(1)], [done(2)], [done(3)])
    assert audited(data).ending is not None
    assert audited(await data_of([done(1)], closes=False)).ending is None
