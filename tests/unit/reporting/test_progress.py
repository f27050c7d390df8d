"""A run shows how it goes on."""

import io

import pytest

from bulkscim.model.progress import RunProgress
from bulkscim.model.run import Totals
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.progress import Bar, Lines, Silent, progress


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        """Be one."""
        return True


def people(stream=None, volume=Volume.NORMAL):
    """Return people at this stream."""
    return Console(stream or io.StringIO(), None, volume=volume, yes=False)


def at(elapsed_s, ended=0, waiting=None):
    """Return the progress of a run of 100 rows."""
    totals = Totals(rows=100, done=ended, pending=100 - ended)
    return RunProgress(totals, 0, elapsed_s, ended, 0, 100 - ended, 60.0, 10.0, waiting)


def test_face_fits_the_people():
    """A terminal gets a bar, a log gets lines, quiet gets nothing."""
    assert type(progress(people(Terminal()))) is Bar
    assert type(progress(people())) is Lines
    assert type(progress(people(Terminal(), Volume.QUIET))) is Silent


def test_log_gets_lines_on_a_clock():
    """Also while no row ends, and more seldom as the run gets longer."""
    them = people()
    with Lines(them) as watcher:
        watcher.opened(Totals(rows=100, pending=90, done=10))
        for second in range(1000):
            watcher.moved(at(float(second), ended=10))

    first, *lines = them.stream.getvalue().splitlines()
    assert first == "100 rows, 10 of them ended before"
    assert lines[0] == "10 of 100 rows, about 1 min left, 0:05 elapsed, 10 requests at 10/s"
    elapsed = [text.split(", ")[2].removesuffix(" elapsed") for text in lines]
    assert elapsed[:3] + elapsed[11:14] == ["0:05", "0:10", "0:15", "1:00", "1:30", "2:00"]
    assert elapsed[-3:] == ["14:00", "15:00", "16:00"]


def test_bar_is_drawn_again_while_nothing_ends():
    """Its last state stays, and notes come above it."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.opened(Totals(rows=100, pending=100))
        watcher.moved(at(1.0))
        watcher.moved(at(2.0, waiting="limit, 12 s"))
        watcher.note("a note in between")
        watcher.moved(at(3.0, ended=100))

    shown = terminal.getvalue()
    assert "limit, 12 s" in shown
    assert "a note in between\n" in shown
    assert shown.rstrip().rpartition("\r")[2].startswith("100% |")


def test_what_is_printed_after_the_bar_begins_a_line():
    """A plan began on the line of the bar."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.moved(at(1.0, ended=99))
        watcher.leave()
        terminal.write("plan: ")
        watcher.moved(at(1.0, ended=100))

    assert terminal.getvalue().endswith("\nplan: ")


def test_no_bar_is_drawn_where_nothing_is_left():
    """As of a run that had ended before."""
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.moved(at(0.0, ended=100))

    assert terminal.getvalue() == ""


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_bar_fits_its_terminal(monkeypatch, columns):
    """A line that is too long would be broken, and stay on the screen each time."""
    monkeypatch.setattr("bulkscim.reporting.progress.width_of", lambda _: columns)
    terminal = Terminal()
    with Bar(people(terminal)) as watcher:
        watcher.moved(at(1.0, ended=3, waiting="waiting for confirmation, 20 s"))

    assert max(map(len, terminal.getvalue().replace("\n", "\r").split("\r"))) < columns
