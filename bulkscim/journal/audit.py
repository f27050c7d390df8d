"""Verify a journal from its first byte: every line is parsed, and no checkpoint is used.

Rule 1: each line is the next by number, follows the one before by its hash, and is written as `entries` writes it.
Rule 2: commit numbers rise: a line belongs to the commit of the line before, or begins one of its own number.
Rule 3: rows move by the ledger's table; a link leads to the row's line before; each step number is started once.
Rule 4: a step's end stands in a later commit than its start, which so was durable before the end was known.
Rule 5: a `closed` says the totals and the chain value of all lines before it, and leaves no row pending, unless it
        waits for one in doubt.
Rule 6: what was never acknowledged is no damage: a torn tail is counted, and left alone.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from bulkscim.errors import JournalDamaged
from bulkscim.journal import entries, reader
from bulkscim.journal.bodies import Closed, Opened, Repaired, Started, Stopped
from bulkscim.journal.durable import Reader
from bulkscim.journal.entries import Kind, Line
from bulkscim.journal.header import Header
from bulkscim.journal.ledger import Ledger
from bulkscim.journal.reader import Position, ledger_of
from bulkscim.journal.timeline import ENDINGS
from bulkscim.journal.typed_json import OMITTED
from bulkscim.model.run import RunState


@dataclass(frozen=True, slots=True)
class ChainMark:
    """One line of a journal, by which its beginning can be proved the same: `offset` is its first byte, where it is known."""

    line: int
    offset: int | None = field(metadata=OMITTED)
    time: float
    kind: str
    chain: str


class _Begun(NamedTuple):
    """A step under way: the part of its row, and the commit of its start."""

    part: str
    commit: int


@dataclass(slots=True)
class AuditedSession:
    """One process's work on a run, as its `opened` says; `ended` is None while no entry ends it in order."""

    opened: Opened
    begun: float
    ended: ChainMark | None = None
    why: str = ""


@dataclass(slots=True)
class Audited:
    """What a journal proved to be. `torn` counts the bytes behind its good part."""

    header: Header
    ledger: Ledger
    end: Position
    begun: float
    last: float = 0.0
    commits: int = 0
    torn: int = 0
    closed: int = 0
    repaired: int = 0
    sessions: list[AuditedSession] = field(default_factory=list)
    head: ChainMark | None = None  # the line whose chain value was asked for

    @property
    def chain(self) -> str:
        """The chain value of the last good line, in hex."""
        return self.end.chain.decode()

    @property
    def ending(self) -> AuditedSession | None:
        """The last session, where nothing was written after it ended in order."""
        last = self.sessions[-1] if self.sessions else None
        return last if last and last.ended and last.ended.line == self.end.lines else None

    @property
    def state(self) -> RunState:
        """The run's state by its journal: whether a process is working on it is not known here."""
        ending = self.ending
        if ending is None or ending.ended is None or ending.why == RunState.INTERRUPTED:
            return RunState.INTERRUPTED
        return RunState.FINISHED if ending.ended.kind == Kind.CLOSED else RunState.STOPPED


Watch = Callable[[Line], None]


def audit(file: Reader, path: Path, head: str = "", watch: Watch | None = None) -> Audited:
    """Check a journal from byte 0; `watch` sees each line that held. JournalDamaged names the first that did not.

    `head` is a chain value to look for. NoSuchRun where not even the header is whole.
    """
    first, header = reader.first_line(file, path)
    ledger = ledger_of(header)
    told = Audited(header, ledger, Position(), first.entry.time)
    _Auditor(path, told, head).take(file, watch)
    told.torn = file.size() - told.end.offset
    return told


class _Auditor:
    """Lines under examination, one after the other."""

    def __init__(self, path: Path, told: Audited, head: str) -> None:
        self._path, self._told, self._head = path, told, head.encode()
        self._step = 0
        self._begun: dict[int, dict[int, _Begun]] = {}  # by row, the steps that are open

    def take(self, file: Reader, watch: Watch | None) -> None:
        """Take in lines up to the first that is not good, which must be a torn tail."""
        end = self._told.end
        for text in reader.lines(file, 0):
            chain = entries.link(end.chain, text[entries.HASHED])
            if text[entries.SEAL] != chain + entries.END:
                reader.refuse_later_commits(
                    reader.lines(file, end.offset), end.lines + 1, self._path, end.offset
                )
                return
            try:
                line = self._enter(text)
            except (JournalDamaged, ValueError) as error:
                raise reader.damaged(self._path, end.offset, f"line {end.lines + 1}: {error}") from error
            self._close(line, chain, len(text) + 1)
            if watch is not None:
                watch(line)

    def _enter(self, text: bytes) -> Line:
        """Check one line whose hash follows, and let it move what it is about."""
        line = entries.decode(text)
        again = entries.prefix(line.entries, line.number, line.commit, line.entry.time)
        if again != text[entries.PREFIX]:
            raise ValueError("it does not have the form of a journal line")
        self._check_place(line)
        if line.entry.rows:
            self._check_rows(line)
        else:
            self._check_run(line)
        return line

    def _check_place(self, line: Line) -> None:
        end = self._told.end
        if line.number != end.lines + 1:
            raise ValueError(f"it is numbered {line.number}")
        if line.commit not in {end.commit, line.number}:
            raise ValueError(f"commit {line.commit} does not follow commit {end.commit}")
        if (line.entry.kind is Kind.HEADER) != (line.number == 1):
            raise ValueError("the header must be on the first line, and only there")

    def _check_rows(self, line: Line) -> None:
        """Check links and step number, then move the rows."""
        entry, ledger = line.entry, self._told.ledger
        for (row, _), previous in zip(entry.rows, line.previous, strict=True):
            if 0 < row <= ledger.rows and ledger.last_offset(row) != previous:
                before = ledger.last_offset(row)
                raise ValueError(
                    f"row {row}, step {entry.step}: its line before begins at byte {before}, not at {previous}"
                )
        if entry.kind is Kind.STARTED and entry.step <= self._step:
            raise ValueError(f"step {entry.step} of row {entry.rows[0][0]} comes after step {self._step}")
        ledger.apply(line.entries, self._told.end.offset)
        self._step = max(self._step, entry.step)
        for row, part in entry.rows:
            self._check_order(row, part, line)

    def _check_order(self, row: int, part: str, line: Line) -> None:
        """Hold a step's end against its start: both in one commit were written after the answer."""
        step, begun = line.entry.step, self._begun.setdefault(row, {})
        if isinstance(line.entry.body, Started):
            if any(other.part == part for other in begun.values()):
                raise ValueError(f"row {row}, step {step}: its part {part!r} has an open step already")
            begun[step] = _Begun(part, line.commit)
        elif step in begun and begun[step].commit == line.commit:
            raise ValueError(
                f"row {row}, step {step}: its end was written together with its start, so it was sent before"
            )
        elif line.entry.kind is not Kind.LOST:
            begun.pop(step, None)
        if not begun:
            del self._begun[row]

    def _check_run(self, line: Line) -> None:
        """Take in an entry of the run; a `closed` must say what its lines say."""
        told = self._told
        match line.entry.body:
            case Opened() as opened:
                told.sessions.append(AuditedSession(opened, line.entry.time))
            case Repaired():
                told.repaired += 1
            case Closed() as closed:
                told.closed += 1
                self._check_closed(closed)
            case _:
                pass

    def _check_closed(self, closed: Closed) -> None:
        told = self._told
        totals, stated = told.ledger.totals(), asdict(closed.totals) if closed.totals else {}
        for name, number in stated.items():
            if number != (found := getattr(totals, name)):
                raise ValueError(f"closed says {name} {number}; the lines before it say {found}")
        if closed.chain not in {None, told.chain}:
            raise ValueError(f"closed says chain {closed.chain}; that of the line before is {told.chain}")
        if totals.pending and not totals.in_doubt:
            raise ValueError(f"closed, and {totals.pending:,} rows have no end")

    def _close(self, line: Line, chain: bytes, size: int) -> None:
        """Let the good part end behind a line."""
        told, end, entry = self._told, self._told.end, line.entry
        mark = ChainMark(line.number, end.offset, entry.time, entry.kind.value, chain.decode())
        if chain == self._head:
            told.head = mark
        if entry.kind in ENDINGS and told.sessions:
            told.sessions[-1].ended = mark
            told.sessions[-1].why = entry.body.why if isinstance(entry.body, Stopped) else ""
        told.commits += line.commit == line.number
        told.last = entry.time
        end.offset, end.lines, end.commit, end.chain = end.offset + size, line.number, line.commit, chain
