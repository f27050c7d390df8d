"""The line format: what is written can be read, and each fixed member is where it is said to be."""

import json
from contextlib import suppress
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkscim.journal import body_json, entries
from bulkscim.journal.bodies import Member, Started, WasMember
from bulkscim.journal.entries import Entry, Kind, decode, encode, link, seal
from bulkscim.journal.header import FORMATS
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters, Totals
from bulkscim.model.step import Action
from tests.support.making.journals import entry_of

NUMBERS = st.integers(min_value=1, max_value=10**9)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS | st.lists(TEXTS)
OBJECTS = st.dictionaries(TEXTS, VALUES)
FLAG, WHOLE, LIST = st.booleans(), st.integers(0, 2**53), st.lists(TEXTS, max_size=2)
CHANGES = st.lists(st.tuples(TEXTS, VALUES, VALUES), max_size=2)
TIES = st.fixed_dictionaries({"groups": st.none() | LIST, "reports": st.none() | LIST})
MEMBER = st.fixed_dictionaries(
    {"id": TEXTS, "was": st.sampled_from(["yes", "no", "unknown"])}, optional={"name": TEXTS}
)


def one_of(must=(), **may):
    """Return what draws a body of these members."""
    return st.fixed_dictionaries(dict(must), optional=may)


ANSWER = {"status": st.none() | WHOLE, "attempts": WHOLE}
DECIDED = {"by": TEXTS, "why": TEXTS}
BODIES = {
    Kind.HEADER: one_of({"format": WHOLE, "rows": WHOLE}, other=VALUES),
    Kind.OPENED: one_of(pid=WHOLE, host=TEXTS, user=TEXTS, version=TEXTS, command=TEXTS, epoch=WHOLE),
    Kind.APPROVED: one_of(yes=FLAG, guards=OBJECTS, changed=st.dictionaries(TEXTS, OBJECTS)),
    Kind.STOPPED: one_of(why=TEXTS, cause=TEXTS, uptime=st.floats(0, 10**9)),
    Kind.CLOSED: one_of(
        totals=st.builds(Totals, done=WHOLE).map(asdict), chain=TEXTS, uptime=st.none() | st.floats(0, 10**9)
    ),
    Kind.REPAIRED: one_of({"cut": WHOLE, "offset": WHOLE}),
    Kind.STARTED: one_of(
        {"action": st.sampled_from(Action).map(str), "type": TEXTS},
        id=TEXTS,
        identity=st.lists(st.tuples(TEXTS, TEXTS, TEXTS).map(list), max_size=2),
        covers=LIST,
        members=st.lists(MEMBER, max_size=2),
        changes=CHANGES.map(lambda changes: list(map(list, changes))),
        before=OBJECTS,
        image_age=st.floats(0, 100),
        ties=TIES,
        if_match=TEXTS,
        server_time=st.floats(0, 10**9),
        local=FLAG,
        absent=FLAG,
        left=LIST,
        adopts=FLAG,
        left_out=st.lists(st.tuples(TEXTS, TEXTS).map(list), max_size=2),
    ),
    Kind.APPLIED: one_of(
        **ANSWER,
        **DECIDED,
        id=st.none() | TEXTS,
        seen=FLAG,
        covers=LIST,
        after=OBJECTS,
        written=CHANGES.map(lambda changes: list(map(list, changes))),
        stripped=LIST,
        note=TEXTS,
        unsure=FLAG,
        partial=FLAG,
        left=LIST,
    ),
    Kind.REFUSED: one_of(
        **ANSWER, **DECIDED, scim_type=st.none() | TEXTS, detail=TEXTS, existed=TEXTS, touched=FLAG
    ),
    Kind.LOST: one_of(**ANSWER, detail=TEXTS, id=st.none() | TEXTS, accepted=FLAG),
    Kind.SETTLED: one_of(
        **ANSWER,
        op=TEXTS,
        type=TEXTS,
        key=TEXTS,
        id=st.none() | TEXTS,
        scim_type=st.none() | TEXTS,
        detail=TEXTS,
        unlike=FLAG,
        differs=FLAG,
        found=FLAG,
    ),
    Kind.REOPENED: one_of(why=TEXTS),
}
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
    told = [entry_of(kind, rows, step, state, draw(COUNTERS), draw(BODIES[kind]))]
    if kind in {Kind.APPLIED, Kind.REFUSED} and len(rows) == 1 and draw(st.booleans()):
        state = draw(st.sampled_from(sorted(SETTLED)))
        told.append(entry_of(Kind.SETTLED, ((rows[0][0], ""),), 0, state, body=draw(BODIES[Kind.SETTLED])))
    return tuple(told), tuple(draw(st.integers(0, 2**63)) for _ in rows)


def line_of(*told, previous=(), version=2):
    """Return a whole line without its newline."""
    text = encode(told, 7, 6, 1795212605.5, previous, version)
    return seal(text, link(entries.FIRST_CHAIN, text))[:-1]


@given(written(), st.sampled_from(FORMATS))
def test_a_line_reads_back_as_it_was_written(drawn, version):
    """Decoding gives the entries, their place, and the links of their rows, in each format."""
    told, previous = drawn
    if version == 1:
        told = tuple(map(in_format_1, told[:1]))
    found = decode(line_of(*told, previous=previous, version=version))

    assert (found.number, found.commit, found.previous) == (7, 6, previous)
    assert found.entries == tuple(each._replace(time=1795212605.5) for each in told)


def in_format_1(entry):
    """Return an entry without what format 1 has no place for."""
    body = entry.body
    if not isinstance(body, Started):
        return entry
    ties = body.ties
    if ties is not None and (body.action, body.type) != (Action.DELETE, "User"):
        ties = replace(ties, reports=None)
    return entry._replace(body=replace(body, members=(), ties=ties))


@pytest.mark.parametrize("was", WasMember)
@pytest.mark.parametrize("version", FORMATS)
def test_a_member_reads_back_in_each_format(version, was):
    """In format 1 the action tells whether it was in the group, and a flag that this is not known."""
    action = Action.ADD_MEMBER if was is WasMember.NO else Action.REMOVE_MEMBER
    body = Started(action, "Group", id="g1", members=(Member("u1", "ada@example.com", was),))
    told = Entry(body, ((1, "add_member"),), 3)

    assert decode(line_of(told, previous=(0,), version=version)).entry.body == body


def test_a_body_of_another_type_is_no_line():
    """What a body says is checked as it is read."""
    line = line_of(entry_of(Kind.LOST, ((1, "create"),), 3, body={"detail": "timed out"}), previous=(0,))

    with pytest.raises(ValueError, match="7 stands where a str should"):
        decode(line.replace(b'"timed out"', b"7"))
    with pytest.raises(ValueError, match="does not say all"):
        body_json.read(Started, {"type": "User"})


@pytest.mark.parametrize(
    "value", [7, "x", None, True, [], {}, [7], ["x"], [[]], [{}], [["x"]], {"id": 7}, [{"id": 7}]]
)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.HEADER, Kind.SETTLED}])
def test_any_value_of_any_field_is_read_or_refused(kind, value):
    """A list where a member should be an object ended a command with an error of the program."""
    for field in fields(entries._BODIES[kind]):
        with suppress(
            ValueError, KeyError, TypeError
        ):  # those of which `decode` makes "no line of a journal"
            body_json.read(entries._BODIES[kind], {"action": "delete", "type": "User", field.name: value})


def test_the_end_of_a_row_says_only_what_its_step_does_not():
    """What both have stands once, and a value that only the step has is taken back by name."""
    step = entry_of(Kind.APPLIED, ((1, "member:A"),), 3, body={"id": "g1", "status": 200, "attempts": 1})
    more = {"op": "create", "type": "User", "key": "ada", "status": 200, "attempts": 2}
    end = entry_of(Kind.SETTLED, ((1, ""),), state=RowState.DONE, body=more)

    body = json.loads(line_of(step, end, previous=(0,)))["body"]
    assert body.pop("end") == {"op": "create", "type": "User", "key": "ada", "id": None, "attempts": 2}
    assert body == {"id": "g1", "status": 200, "attempts": 1}


@given(written())
def test_fixed_members_stand_at_their_places(drawn):
    """Slices alone give what the parsed line says."""
    told, previous = drawn
    entry, line = told[0], line_of(*told, previous=previous)
    data = json.loads(line)

    assert b"\n" not in line
    assert int(line[entries.NUMBER]) == data["n"]
    assert int(line[entries.COMMIT]) == data["c"]
    assert float(line[entries.TIME]) == data["t"]
    assert line[entries.WORDS] == entries.words(entry.kind, told[-1].state)
    assert int(line[entries.ROW]) == data["r"] == (entry.rows[0][0] if len(entry.rows) == 1 else 0)
    assert int(line[entries.STEP]) == data["s"]
    assert [int(number) for number in line[entries.COUNTERS].split(b",")] == data["q"]
    assert line[entries.SEAL] == data["h"].encode() + entries.END
    assert link(entries.FIRST_CHAIN, line[entries.HASHED]) == data["h"].encode()


@pytest.mark.parametrize(
    "entry",
    [
        entry_of(Kind.SETTLED, ((1, ""),)),
        entry_of(Kind.SETTLED, ((1, ""),), state=RowState.PENDING),
        entry_of(Kind.SETTLED, ((1, ""),), state=RowState.IN_DOUBT),
        entry_of(Kind.SETTLED, ((1, ""), (2, "")), state=RowState.DONE),
        entry_of(Kind.STARTED, ((1, "create"),)),
        entry_of(Kind.STARTED, (), 3),
        entry_of(Kind.REOPENED),
        entry_of(Kind.OPENED, ((1, ""),)),
        entry_of(Kind.CLOSED, (), 3),
        entry_of(Kind.STARTED, ((10**10, "create"),), 3),
        entry_of(Kind.STARTED, ((1, "create"),), 10**12),
        entry_of(Kind.STOPPED, counters=Counters(10**9)),
    ],
)
def test_what_does_not_fit_the_format_is_not_written(entry):
    """An entry with the wrong parts, or a number too wide, is an error before it is written."""
    with pytest.raises(ValueError, match="not an entry"):
        encode((entry,), 1, 1, 0.0, (0,) * len(entry.rows), 2)


@pytest.mark.parametrize("text", [b"", b"{}", b'{"n":1}', line_of(entry_of(Kind.OPENED))[:-1], b"\0" * 300])
def test_other_text_is_not_a_line(text):
    """Reading what is no line is a ValueError."""
    with pytest.raises(ValueError, match=r"not a line|unexpected|char"):
        decode(text)


def test_each_line_hangs_on_the_line_before():
    """The same entry has another hash behind another line."""
    text = encode((entry_of(Kind.OPENED),), 2, 2, 0.0, (), 2)

    assert link(entries.FIRST_CHAIN, text) != link(link(entries.FIRST_CHAIN, b"other"), text)
