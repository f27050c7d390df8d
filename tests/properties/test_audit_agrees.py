"""An audit and a fold are two readers of one format: what one believes, the other does."""

from contextlib import suppress
from functools import cache

import anyio
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkscim.errors import JournalDamaged, NoSuchRun
from bulkscim.journal import reader
from bulkscim.journal.audit import audit
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from tests.support.making.few import examples
from tests.support.making.forging import lines_of, rehashed
from tests.support.making.journals import PATH, applied, begin, done, entry_of, lost, opened, started, work
from tests.support.simulation.disk import SimulatedDisk


@cache
def sample():
    """Return a journal of two sessions, with commits of many lines and a step of several rows."""
    return anyio.run(_sample)


async def _sample():
    disk = SimulatedDisk()
    run = begin(disk, 8)
    await run.append(opened())
    await work(run, [1, 2])
    await run.append(entry_of(Kind.STOPPED))
    await run.append(opened())
    merged = ((3, "member:A"), (4, "member:A"))
    await run.append(entry_of(Kind.STARTED, merged, 3), started(5, 4))
    await run.append(
        lost(5, 4), entry_of(Kind.APPLIED, merged, 3), done(3), done(4, RowState.NOOP), started(6, 5)
    )
    await run.append(applied(6, 5), done(6), applied(5, 4))
    return disk.contents(PATH)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["totals", "chain", "why", "x"]), inner)
    ),
    max_leaves=6,
)


@given(st.integers(1, 18), st.sampled_from(["rows", "body"]), JSON)
@settings(max_examples=examples(300))
def test_whatever_a_line_says_it_passes_or_is_damage(number, member, value):
    """Recomputed hashes, a member of another shape: no reader crashes."""
    lines = lines_of(sample())
    line = lines[number - 1 if number <= len(lines) else -1]
    data = orjson.loads(line)
    start = line.index(b',"rows":')
    rows, body = (value if name == member else data[name] for name in ("rows", "body"))
    text = line[:start] + b',"rows":%b,"body":%b,"h":"' % (orjson.dumps(rows), orjson.dumps(body))
    forged = [text + b"0" * 32 + b'"}\n' if one is line else one for one in lines]

    with suppress(JournalDamaged, NoSuchRun):
        told = outcome_of(audit, rehashed(forged))
        assert told.end.lines == len(lines)


def outcome_of(read, data):
    """Return what a reader makes of these bytes."""
    disk = SimulatedDisk()
    disk.put(PATH, data)
    return read(disk.open_read(PATH), PATH)


def outcome(read, data):
    """Return what a reader makes of these bytes: totals, chain and the end of the good part, or its complaint."""
    try:
        told = outcome_of(read, data)
    except (JournalDamaged, NoSuchRun) as error:
        return type(error), str(error).partition(":")[0]
    return told.ledger.totals(), told.end, told.torn


@given(st.integers(0, len(sample()) - 1), st.integers(0, 255))
@settings(max_examples=examples(300))
def test_a_changed_byte_is_believed_by_both_or_by_none(place, change):
    """With the same end of the good part, and the same offset where it is damage."""
    data = bytearray(sample())
    data[place] ^= change

    assert outcome(audit, bytes(data)) == outcome(reader.fold, bytes(data))


@given(st.integers(0, len(sample())))
@settings(max_examples=examples(200))
def test_a_cut_journal_ends_for_both_at_the_same_line(cut):
    """What is torn is no damage."""
    assert outcome(audit, sample()[:cut]) == outcome(reader.fold, sample()[:cut])
