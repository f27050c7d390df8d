"""Journals on a simulated disk."""

from bulkscim.journal import body_json, entries, header_json, journal
from bulkscim.journal.entries import Entry, Kind
from bulkscim.journal.header import FORMAT
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.row import RowState
from bulkscim.model.run import Counters
from tests.support.running.fake_clock import VirtualClock
from tests.support.simulation.disk import FOLDER

PATH = FOLDER / JOURNAL
HEADER = {"run": FOLDER.name, "command": "run"}


LEAST = {"started": {"action": "create", "type": "User"}, "repaired": {"cut": 0, "offset": 0}}


def entry_of(kind, rows=(), step=0, state=None, counters=Counters(), body=()):  # noqa: B008 - it is frozen
    """Return an entry whose body is read from JSON, with what its kind must say where that is left out."""
    told = LEAST.get(kind, {}) | dict(body)
    if kind is Kind.HEADER:
        return Entry(header_json.read(told))
    known = {"state": state} if kind is Kind.SETTLED else {}
    return Entry(body_json.read(entries._BODIES[kind], told, **known), rows, step, counters)


def opened():
    """Return the entry that begins a session."""
    return entry_of(Kind.OPENED, body={"pid": 4711, "host": "here"})


def started(row, step, part="create"):
    """Return the entry that begins a step."""
    return entry_of(Kind.STARTED, ((row, part),), step, body={"part": part, "method": "POST", "type": "User"})


def applied(row, step, part="create"):
    """Return the entry of a step that took effect."""
    return entry_of(
        Kind.APPLIED, ((row, part),), step, counters=Counters(2, 1), body={"part": part, "status": 201}
    )


def lost(row, step):
    """Return the entry of a step whose fate is not known."""
    return entry_of(Kind.LOST, ((row, "create"),), step, body={"part": "create", "detail": "timed out"})


def done(row, state=RowState.DONE):
    """Return the entry that ends a row."""
    return entry_of(
        Kind.SETTLED, ((row, ""),), state=state, body={"op": "create", "key": f"row{row}@example.com"}
    )


def header_of(said, rows=0):
    """Return the header of a new journal that says so."""
    return header_json.read({"format": FORMAT, **said, "rows": rows})


def begin(disk, rows=10, clock=None):
    """Return a new journal that holds its header."""
    return journal.create(FOLDER, disk, header_of(HEADER, rows), clock or VirtualClock())


async def work(run, rows):
    """Take rows from nothing to done, in two commits each."""
    for row in rows:
        step = run.next_step()
        await run.append(started(row, step))
        await run.append(applied(row, step), done(row))


def told(recorded):
    """Return all that a journal tells of its rows, its times and its end."""
    rows = range(1, recorded.ledger.rows + 1)
    return (
        recorded.header,
        recorded.chain,
        recorded.ledger.totals(),
        [recorded.ledger.standing(row) for row in rows],
        recorded.ledger.step,
        recorded.timeline,
        [recorded.history(row) for row in rows],
    )
