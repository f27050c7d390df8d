"""What stands on a line of the journal, and how it is written.

A line is one JSON object whose first members have a fixed width, so that each is found at a fixed byte:

    {"n":           7,"c":           6,"t":1795212605.123456,"k":"started" ,"v":""       ,"r":         3,
     "s":           4,"q":[        0,        0,        0],"rows":[[3,"create",912]],"body":{...},"h":"..."}

n     number of the line, from 1
c     commit: the number of the first line that was made durable together with this one
t     wall time
k, v  kind; state of a `settled`
r     the row, or 0 for none and for more than one
s     step
q     requests, retries, throttled
rows  row, part, and the offset of that row's previous line (0: none)
h     BLAKE2b-16, in hex, of the previous line's `h` and all of this line before its own
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

import orjson

from bulkscim.model.operation import JsonObject
from bulkscim.model.row import SETTLED, RowState
from bulkscim.model.run import Counters

FORMAT = 1
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

Word = Kind | RowState


_NO_COUNTERS = Counters()
_NOTHING: JsonObject = {}


class Entry(NamedTuple):
    """One thing that happened; a tuple, for there are three a row and more.

    `rows` are (row, part) pairs: none for an entry of the run, one with part "" for `settled` and
    `reopened`, one or many for a step. `state` is that of a `settled`. `time` is set by the journal: what
    a writer puts there is not read.
    """

    kind: Kind
    rows: tuple[tuple[int, str], ...] = ()
    step: int = 0
    state: RowState | None = None
    counters: Counters = _NO_COUNTERS
    body: JsonObject = _NOTHING
    time: float = 0.0

    @property
    def word(self) -> Word:
        """What the entry does to its rows: its kind, or the state that they settle in."""
        return self.kind if self.state is None else self.state


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with its place: `previous` runs parallel to `entry.rows`."""

    number: int
    commit: int
    entry: Entry
    previous: tuple[int, ...]
    chain: str


_SHAPE = b'{"n":%12d,"c":%12d,"t":%17.6f,%b,"r":%10d,"s":%12d,"q":[%9d,%9d,%9d],"rows":%b,"body":%b,"h":"'

# Where each member's value is. `WORDS` covers kind and state at once.
NUMBER = slice(5, 17)
COMMIT = slice(22, 34)
TIME = slice(39, 56)
WORDS = slice(57, 85)
ROW = slice(90, 100)
STEP = slice(105, 117)
COUNTERS = slice(123, 152)
_ROWS = slice(153, 161)

# From the end of a line without its newline: 32 digits and END.
END = b'"}'
HASHED = slice(None, -34)
SEAL = slice(-34, None)


def link(chain: bytes, text: bytes) -> bytes:
    """Return the chain value of a line whose text before it is `text`; `chain` is that of the line before."""
    return blake2b(chain + text, digest_size=16).hexdigest().encode()


def kind_and_state(word: Word) -> tuple[Kind, RowState | None]:
    """Return kind and state of an entry that has this word."""
    return (word, None) if isinstance(word, Kind) else (Kind.SETTLED, word)


@cache
def words(kind: Kind, state: RowState | None = None) -> bytes:
    """Return the bytes at `WORDS` of a line with this kind and state."""
    return b'"k":%-10s,"v":%-9s' % (_quoted(kind), _quoted(state or ""))


def encode(entry: Entry, number: int, commit: int, time: float, previous: tuple[int, ...]) -> bytes:
    """Return the entry's line before its chain value; ValueError if it does not fit the format."""
    rows = [[row, part, before] for (row, part), before in zip(entry.rows, previous, strict=True)]
    counters = entry.counters
    text = _SHAPE % (
        number,
        commit,
        time,
        words(entry.kind, entry.state),
        entry.rows[0][0] if len(entry.rows) == 1 else 0,
        entry.step,
        counters.requests,
        counters.retries,
        counters.throttled,
        orjson.dumps(rows),
        orjson.dumps(entry.body),
    )
    if text[_ROWS] != b',"rows":' or not _well_formed(entry):
        raise ValueError(f"not an entry of a journal: {entry.kind}, step {entry.step}, rows {entry.rows[:3]}")
    return text


def seal(text: bytes, chain: bytes) -> bytes:
    """Return the whole line, newline included; `chain` is its own chain value."""
    return b"%b%b%b\n" % (text, chain, END)


def decode(line: bytes) -> Line:
    """Read a line; ValueError if it is none. The hash is not checked here."""
    if line[_ROWS] != b',"rows":':
        raise ValueError("not a line of a journal")
    data = orjson.loads(line)
    try:
        entry = Entry(
            Kind(data["k"]),
            tuple((row, part) for row, part, _ in data["rows"]),
            data["s"],
            RowState(data["v"]) if data["v"] else None,
            Counters(*data["q"]),
            data["body"],
            data["t"],
        )
        found = Line(data["n"], data["c"], entry, tuple(link[2] for link in data["rows"]), data["h"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a line of a journal") from error
    if not _typed(found):
        raise ValueError("not a line of a journal")
    return found


def _typed(line: Line) -> bool:
    """Whether all that was read is of the type that it should be."""
    entry, sent = line.entry, line.entry.counters
    counters = (sent.requests, sent.retries, sent.throttled)
    numbers = (line.number, line.commit, entry.step, *counters, *line.previous)
    return (
        all(type(number) is int for number in numbers)
        and all(type(row) is int and type(part) is str for row, part in entry.rows)
        and type(entry.body) is dict
        and type(entry.time) is float
        and type(line.chain) is str
    )


def _quoted(word: str) -> bytes:
    """Return a word of this module in quotes."""
    return b'"%b"' % word.encode()


def _well_formed(entry: Entry) -> bool:
    """Whether rows, step and state are those that the kind asks for."""
    settled = entry.kind is Kind.SETTLED
    if settled != (entry.state in SETTLED) or (entry.state is not None and not settled):
        return False
    if entry.kind in RUN_KINDS:
        return not entry.rows and not entry.step
    if entry.kind in STEP_KINDS:
        return bool(entry.rows) and entry.step > 0
    return len(entry.rows) == 1 and not entry.step
