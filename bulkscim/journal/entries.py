"""What stands on a line of the journal, and how it is written.

A line is one JSON object whose first members have a fixed width, so that each is found at a fixed byte:

    {"n":           7,"c":           6,"t":1795212605.123456,"k":"started" ,"v":""       ,"r":         3,
     "s":           4,"q":[        0,        0,        0],"rows":[[3,"create",912]],"body":{...},"h":"..."}

n     number of the line, from 1
c     commit: the number of the first line that was made durable together with this one
t     wall time
k, v  kind; state in which the row settles
r     the row, or 0 for none and for more than one
s     step
q     requests, retries, throttled
rows  row, part, and the offset of that row's previous line (0: none)
h     BLAKE2b-16, in hex, of the previous line's `h` and all of this line before its own
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from bulkscim.journal import bodies, body_json, header_json
from bulkscim.journal.bodies import Body
from bulkscim.journal.header import Header
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters

FIRST_CHAIN = b"0" * 32


class Kind(StrEnum):
    """What an entry tells: of the run, of a step, or of a row."""

    HEADER = "header"
    OPENED = "opened"
    APPROVED = "approved"
    STOPPED = "stopped"
    CLOSED = "closed"
    REPAIRED = "repaired"

    STARTED = "started"
    APPLIED = "applied"
    REFUSED = "refused"
    LOST = "lost"

    SETTLED = "settled"
    REOPENED = "reopened"


RUN_KINDS = frozenset({Kind.HEADER, Kind.OPENED, Kind.APPROVED, Kind.STOPPED, Kind.CLOSED, Kind.REPAIRED})
STEP_KINDS = frozenset({Kind.STARTED, Kind.APPLIED, Kind.REFUSED, Kind.LOST})
_WITH_END = frozenset({Kind.APPLIED, Kind.REFUSED})  # may be on one line with the end of their row

Word = Kind | RowState

_KINDS: dict[type[Any], Kind] = {
    Header: Kind.HEADER,
    bodies.Opened: Kind.OPENED,
    bodies.Approved: Kind.APPROVED,
    bodies.Stopped: Kind.STOPPED,
    bodies.Closed: Kind.CLOSED,
    bodies.Repaired: Kind.REPAIRED,
    bodies.Started: Kind.STARTED,
    bodies.Applied: Kind.APPLIED,
    bodies.Refused: Kind.REFUSED,
    bodies.Lost: Kind.LOST,
    bodies.Settled: Kind.SETTLED,
    bodies.Reopened: Kind.REOPENED,
}
_BODIES: dict[Kind, type[Body]] = {kind: body for body, kind in _KINDS.items()}
_NO_COUNTERS = Counters()


def kind_of(body: type[Any]) -> Kind:
    """Return the kind of the entries that have such a body."""
    return _KINDS[body]


class Entry(NamedTuple):
    """One thing that happened; a tuple, for there are three a row and more.

    `rows` are (row, part) pairs: none for an entry of the run, one with part "" for `settled` and
    `reopened`, one or many for a step. `time` is set by the journal: what a writer puts there is not read.
    """

    body: Body
    rows: tuple[tuple[int, str], ...] = ()
    step: int = 0
    counters: Counters = _NO_COUNTERS
    time: float = 0.0

    @property
    def kind(self) -> Kind:
        """What the entry tells."""
        return _KINDS[type(self.body)]

    @property
    def state(self) -> RowState | None:
        """The state of a `settled`."""
        return self.body.state if isinstance(self.body, bodies.Settled) else None

    @property
    def word(self) -> Word:
        """What the entry does to its rows: its kind, or the state that they settle in."""
        return self.state or self.kind

    @property
    def part(self) -> str:
        """The part of the entry's first row."""
        return self.rows[0][1] if self.rows else ""


@dataclass(frozen=True, slots=True)
class Line:
    """What stands on one line, with its place: one entry, or the end of a step with that of its row.

    `previous` runs parallel to the rows of the first.
    """

    number: int
    commit: int
    entries: tuple[Entry, ...]
    previous: tuple[int, ...]
    chain: str

    @property
    def entry(self) -> Entry:
        """The first entry: the only one, or the end of a step."""
        return self.entries[0]


_PREFIX = b'{"n":%12d,"c":%12d,"t":%17.6f,%b,"r":%10d,"s":%12d,"q":[%9d,%9d,%9d],'

# Where each member's value is. `WORDS` covers kind and state at once.
NUMBER = slice(5, 17)
COMMIT = slice(22, 34)
TIME = slice(39, 56)
WORDS = slice(57, 85)
ROW = slice(90, 100)
STEP = slice(105, 117)
COUNTERS = slice(123, 152)
PREFIX = slice(0, 154)
_ROWS = slice(153, 161)

# From the end of a line without its newline: 32 digits and END.
END = b'"}'
HASHED = slice(None, -34)
SEAL = slice(-34, None)


def link(chain: bytes, text: bytes) -> bytes:
    """Return the chain value of a line whose text before it is `text`; `chain` is that of the line before."""
    return blake2b(chain + text, digest_size=16).hexdigest().encode()


def words_of(word: Word) -> list[bytes]:
    """Return the bytes at `WORDS` of all lines that hold an entry with this word."""
    if isinstance(word, RowState):
        return [words(kind, word) for kind in (Kind.SETTLED, Kind.APPLIED, Kind.REFUSED)]
    also = SETTLED if word in _WITH_END else ()
    return [words(word), *(words(word, state) for state in also)]


def words_at(word: Word, state: Word | None = None) -> bytes:
    """Return the bytes at `WORDS` of a line with one word, or with the end of a step and the state of its row."""
    if isinstance(word, RowState):
        return words(Kind.SETTLED, word)
    return words(word, state if isinstance(state, RowState) else None)


def joined(new: Sequence[Entry], version: int) -> Iterator[tuple[Entry, ...]]:
    """Yield entries line by line: from format 2 on, the end of a row stands with that of its last step."""
    at = 0
    while at < len(new):
        size = 2 if version > 1 and _is_end_of_row(new[at : at + 2]) else 1
        yield tuple(new[at : at + size])
        at += size


def _is_end_of_row(pair: Sequence[Entry]) -> bool:
    """Return whether two entries are the end of a step that serves one row, and of that row."""
    if len(pair) != 2 or pair[0].kind not in _WITH_END or pair[1].kind is not Kind.SETTLED:  # noqa: PLR2004
        return False
    return len(pair[0].rows) == 1 and pair[0].rows[0][0] == pair[1].rows[0][0]


@cache
def words(kind: Kind, state: RowState | None = None) -> bytes:
    """Return the bytes at `WORDS` of a line with this kind and state."""
    return b'"k":%-10s,"v":%-9s' % (_quoted(kind), _quoted(state or ""))


def prefix(told: Sequence[Entry], number: int, commit: int, time: float) -> bytes:
    """Return the members of fixed width of a line that holds these entries."""
    first, last = told[0], told[-1]
    counters = first.counters if last is first else first.counters + last.counters
    return _PREFIX % (
        number,
        commit,
        time,
        words(first.kind, last.state),
        first.rows[0][0] if len(first.rows) == 1 else 0,
        first.step,
        counters.requests,
        counters.retries,
        counters.throttled,
    )


def encode(
    told: Sequence[Entry], number: int, commit: int, time: float, previous: Sequence[int], version: int
) -> bytes:
    """Return the line of an entry, or of two that are `joined`, before its chain value.

    `previous` runs parallel to the rows of the first. ValueError if it does not fit the format.
    """
    first = told[0]
    rows = [[row, part, before] for (row, part), before in zip(first.rows, previous, strict=True)]
    start = prefix(told, number, commit, time)
    if len(start) != PREFIX.stop or not all(map(_well_formed, told)):
        raise ValueError(f"not an entry of a journal: {first.kind}, step {first.step}, rows {first.rows[:3]}")
    return b'%b"rows":%b,"body":%b,"h":"' % (start, orjson.dumps(rows), orjson.dumps(_body(told, version)))


def _body(told: Sequence[Entry], version: int) -> JsonObject:
    first, last = told[0].body, told[-1].body
    if isinstance(first, bodies.Applied | bodies.Refused) and isinstance(last, bodies.Settled):
        return body_json.write_end(first, last)
    return body_json.write(first, told[0].part, version)


def seal(text: bytes, chain: bytes) -> bytes:
    """Return the whole line, newline included; `chain` is its own chain value."""
    return b"%b%b%b\n" % (text, chain, END)


def decode(line: bytes) -> Line:
    """Read a line; ValueError if it is none. The hash is not checked here."""
    if line[_ROWS] != b',"rows":':
        raise ValueError("not a line of a journal")
    data = orjson.loads(line)
    try:
        links = data["rows"]
        found = Line(data["n"], data["c"], _entries(data), tuple(link[2] for link in links), data["h"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a line of a journal") from error
    if not _typed(found):
        raise ValueError("not a line of a journal")
    return found


def _entries(data: JsonObject) -> tuple[Entry, ...]:
    """Return what a parsed line holds: one entry, or two where a row ends with its step."""
    if type(data["body"]) is not dict:
        raise TypeError("a body is an object")
    kind, body, time = Kind(data["k"]), data["body"], data["t"]
    state = RowState(data["v"]) if data["v"] else None
    rows = tuple((row, part) for row, part, _ in data["rows"])
    counters = Counters(*data["q"])
    if kind is Kind.HEADER:
        return (Entry(header_json.read(body), rows, data["s"], counters, time),)
    if kind is Kind.SETTLED:
        return (Entry(body_json.read(bodies.Settled, body, state=state), rows, data["s"], counters, time),)
    first = Entry(body_json.read(_BODIES[kind], body), rows, data["s"], counters, time)
    if state is None:
        return (first,)
    if len(rows) != 1:
        raise ValueError("the end of a step that serves several rows is not that of one of them")
    end = body_json.read_end(first.body, state, body)
    return first, Entry(end, ((rows[0][0], ""),), time=time)


def _typed(line: Line) -> bool:
    """Whether all that was read is of the type that it should be."""
    entry, sent = line.entry, line.entry.counters
    counters = (sent.requests, sent.retries, sent.throttled)
    numbers = (line.number, line.commit, entry.step, *counters, *line.previous)
    return (
        set(map(type, numbers)) == {int}
        and all(type(row) is int and type(part) is str for row, part in entry.rows)
        and type(entry.time) is float
        and type(line.chain) is str
    )


def _quoted(word: str) -> bytes:
    """Return a word of this module in quotes."""
    return b'"%b"' % word.encode()


def _well_formed(entry: Entry) -> bool:
    """Whether rows, step and state are those that the kind asks for."""
    kind = entry.kind
    if kind is Kind.SETTLED and entry.state not in SETTLED:
        return False
    if kind in RUN_KINDS:
        return not entry.rows and not entry.step
    if kind in STEP_KINDS:
        return bool(entry.rows) and entry.step > 0
    return len(entry.rows) == 1 and not entry.step
