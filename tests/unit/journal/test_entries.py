"""The line format: what is written can be read, and each fixed member is where it is said to be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.journal import entries
from bulkscim.journal.entries import Entry, Kind, decode, encode, link, seal
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters

NUMBERS = st.integers(min_value=1, max_value=10**9)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
BODIES = st.dictionaries(
    TEXTS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS | st.lists(TEXTS)
)
COUNTERS = st.builds(Counters, *[st.integers(0, 10**9 - 1)] * 3)


@st.composite
def written(draw):
    """Draw an entry and the offsets of its rows' lines before."""
    kind = draw(st.sampled_from(Kind))
    rows, step, state = (), 0, None
    if kind in entries.STEP_KINDS:
        step = draw(NUMBERS)
        rows = tuple(draw(st.lists(st.tuples(NUMBERS, TEXTS), min_size=1, max_size=4)))
    elif kind not in entries.RUN_KINDS:
        rows = ((draw(NUMBERS), ""),)
        state = draw(st.sampled_from(sorted(SETTLED))) if kind is Kind.SETTLED else None
    entry = Entry(kind, rows, step, state, draw(COUNTERS), draw(BODIES))
    return entry, tuple(draw(st.integers(0, 2**63)) for _ in rows)


def line_of(entry, previous=(), number=7, commit=6, time=1795212605.5):
    """Return a whole line without its newline."""
    text = encode(entry, number, commit, time, previous)
    return seal(text, link(entries.FIRST_CHAIN, text))[:-1]


@given(written())
def test_a_line_reads_back_as_it_was_written(drawn):
    """Decoding gives the entry, its place, and the links of its rows."""
    entry, previous = drawn
    found = decode(line_of(entry, previous))

    assert found.entry.time == 1795212605.5
    assert (found.number, found.commit, found.previous) == (7, 6, previous)
    for name in ("kind", "rows", "step", "state", "counters", "body"):
        assert getattr(found.entry, name) == getattr(entry, name)


@given(written())
def test_fixed_members_stand_at_their_places(drawn):
    """Slices alone give what the parsed line says."""
    entry, previous = drawn
    line = line_of(entry, previous)
    data = json.loads(line)

    assert b"\n" not in line
    assert int(line[entries.NUMBER]) == data["n"]
    assert int(line[entries.COMMIT]) == data["c"]
    assert float(line[entries.TIME]) == data["t"]
    assert line[entries.WORDS] == entries.words(entry.kind, entry.state)
    assert int(line[entries.ROW]) == data["r"] == (entry.rows[0][0] if len(entry.rows) == 1 else 0)
    assert int(line[entries.STEP]) == data["s"]
    assert [int(number) for number in line[entries.COUNTERS].split(b",")] == data["q"]
    assert line[entries.SEAL] == data["h"].encode() + entries.END
    assert link(entries.FIRST_CHAIN, line[entries.HASHED]) == data["h"].encode()


@pytest.mark.parametrize(
    "entry",
    [
        Entry(Kind.SETTLED, ((1, ""),)),
        Entry(Kind.SETTLED, ((1, ""),), state=RowState.PENDING),
        Entry(Kind.SETTLED, ((1, ""),), state=RowState.IN_DOUBT),
        Entry(Kind.SETTLED, ((1, ""), (2, "")), state=RowState.DONE),
        Entry(Kind.STARTED, ((1, "create"),), 3, RowState.DONE),
        Entry(Kind.STARTED, ((1, "create"),)),
        Entry(Kind.STARTED, (), 3),
        Entry(Kind.REOPENED),
        Entry(Kind.OPENED, ((1, ""),)),
        Entry(Kind.CLOSED, (), 3),
        Entry(Kind.STARTED, ((10**10, "create"),), 3),
        Entry(Kind.STARTED, ((1, "create"),), 10**12),
        Entry(Kind.STOPPED, counters=Counters(10**9)),
    ],
)
def test_what_does_not_fit_the_format_is_not_written(entry):
    """An entry with the wrong parts, or a number too wide, is an error before it is written."""
    with pytest.raises(ValueError, match="not an entry"):
        encode(entry, 1, 1, 0.0, (0,) * len(entry.rows))


@pytest.mark.parametrize("text", [b"", b"{}", b'{"n":1}', line_of(Entry(Kind.OPENED))[:-1], b"\0" * 300])
def test_other_text_is_not_a_line(text):
    """Reading what is no line is a ValueError."""
    with pytest.raises(ValueError, match=r"not a line|unexpected|char"):
        decode(text)


def test_each_line_hangs_on_the_line_before():
    """The same entry has another hash behind another line."""
    text = encode(Entry(Kind.OPENED), 2, 2, 0.0, ())

    assert link(entries.FIRST_CHAIN, text) != link(link(entries.FIRST_CHAIN, b"other"), text)
