"""A run shows how it goes on."""

import io

import pytest

from bulkscim.model.row import RowState
from bulkscim.model.run import Counters, Totals
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.progress import Bar, Lines, Silent, progress


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        """Be one."""
        return True


class Moments:
    """A clock that is set by hand."""

    def __init__(self):
        self.at = 100.0

    def now(self):
        """Return the moment."""
        return self.at

    def monotonic(self):
        """Return the moment."""
        return self.at

    async def sleep(self, seconds):
        """Move on."""
        self.at += seconds


def people(stream=None, volume=Volume.NORMAL):
    """Return people at this stream."""
    return Console(stream or io.StringIO(), None, volume=volume, yes=False)


def test_face_fits_the_people():
    """A terminal gets a bar, a log gets lines, quiet gets nothing."""
    clock = Moments()

    assert type(progress(people(Terminal()), clock)) is Bar
    assert type(progress(people(), clock)) is Lines
    assert type(progress(people(Terminal(), Volume.QUIET), clock)) is Silent


def test_log_gets_a_line_every_few_seconds():
    """Lines come by time, with rate, troubles and the time left."""
    them, clock = people(), Moments()
    with Lines(them, clock) as watcher:
        watcher.opened(Totals(rows=100, pending=90, done=10))
        watcher.sent(Counters(requests=3, throttled=2))
        for row in range(20):
            clock.at += 0.5
            watcher.settled(row, RowState.FAILED if row == 3 else RowState.DONE)

    lines = them.stream.getvalue().splitlines()
    assert lines == [
        "100 rows, 10 of them ended before",
        "20 of 100 rows, 2.0/s, 1 failed, 2 throttled, about 40 s left",
        "30 of 100 rows, 2.0/s, 1 failed, 2 throttled, about 35 s left",
    ]


def test_log_hears_once_in_a_while_why_nothing_is_sent():
    """Waits that flap do not fill the log."""
    them, clock = people(), Moments()
    watcher = Lines(them, clock)
    for _ in range(10):
        clock.at += 1
        watcher.waiting("tenant asked for 3 s")
        watcher.waiting(None)

    assert them.stream.getvalue().count("tenant asked") == 2


def test_bar_shows_rows_failures_and_waits():
    """The bar starts where the run stands and shows what is wrong."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.opened(Totals(rows=4, pending=3, done=1))
        watcher.settled(2, RowState.DONE)
        watcher.settled(3, RowState.FAILED)
        watcher.waiting("tenant asked for 3 s")
        watcher.note("a note in between")
        watcher.waiting(None)

    shown = terminal.getvalue()
    assert "3/4" in shown
    assert "1 failed" in shown
    assert "waiting: tenant asked for 3 s" in shown
    assert "a note in between\n" in shown


def test_bar_has_no_rate_before_a_row_has_ended():
    """It began with "? left, ? rows/s", and showed slow runs as seconds for each row."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.opened(Totals(rows=2, pending=2))
        watcher.waiting("tenant asked for 3 s")
        begun = terminal.getvalue()
        watcher.settled(1, RowState.DONE)

    assert "[no row has ended yet, waiting: tenant asked for 3 s]" in begun
    assert "?" not in begun
    assert "s/ rows" not in terminal.getvalue()


@pytest.mark.parametrize(("columns", "has_bar"), [(60, False), (79, False), (80, True), (120, True)])
def test_bar_makes_room_for_what_failed(monkeypatch, columns, has_bar):
    """In 60 columns the line ended before the number of failed rows."""
    monkeypatch.setattr("bulkscim.reporting.progress._USUAL_WIDTH", columns)
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.opened(Totals(rows=300, pending=300))
        watcher.settled(1, RowState.FAILED)

    last = terminal.getvalue().rstrip().rpartition("\r")[2]
    assert "1 failed]" in last
    assert ("|" in last) is has_bar
    assert len(last) <= columns


def test_rows_never_exceed_the_total():
    """A row told twice does not move the bar beyond its end."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.opened(Totals(rows=1, in_doubt=1))
        watcher.settled(1, RowState.IN_DOUBT)
        watcher.settled(1, RowState.DONE)

    assert "2/1" not in terminal.getvalue()
