"""What a session keeps of the tenant is in one private database, which is opened when something must be kept."""

import sqlite3
import sys
from pathlib import Path

import pytest

from bulkscim.engine.directory.store import Store
from tests.support.making.records import create, delete

USERS = [f"u{number}@example.com" for number in range(30)]


@pytest.fixture
def opened(monkeypatch):
    """Return the connections that modules of the directory open."""
    connect, found = sqlite3.connect, []

    def counted(*given, **named):
        connection = connect(*given, **named)
        if Path(sys._getframe(1).f_code.co_filename).parent.name == "directory":
            found.append(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    return found


def is_closed(connection):
    try:
        connection.execute("select 1")
    except sqlite3.ProgrammingError:
        return True
    return False


async def test_plain_creates_open_no_database(carried, opened):
    """Six temporary databases were opened before the first row was read."""
    report = await carried([create(name) for name in USERS])

    assert (report.totals.done, opened) == (len(USERS), [])


async def test_a_session_that_asks_opens_one_database_and_closes_it(carried, opened):
    """Each cache had its own database, and none was closed but by the collector."""
    held = [{"id": f"h{number}", "userName": name} for number, name in enumerate(USERS[:6])]
    rows = [*map(delete, USERS[:3]), *(create(name, groups=["Sales", "R&D"]) for name in USERS[3:])]

    await carried(rows, held=held, create_groups=True)

    assert len(opened) == 1
    assert all(map(is_closed, opened))


def test_a_table_that_holds_nothing_answers_without_a_database(opened):
    """What is deleted or added in vain opens none either; after the end of the session nothing is kept."""
    store = Store()
    table = store.table("id text, at real", key="id")
    table.add([])
    table.delete("id = ?", "u1")
    table.clear()

    assert (table.rows("id", "true"), table.holds("id = ?", "u1"), opened) == ([], False, [])
    store.close()
    with pytest.raises(RuntimeError):
        table.add([("u1", 1.0)])


def test_tables_of_one_store_do_not_meet():
    """What becomes of a row whose key is held is for the caller to say."""
    store = Store()
    one, other = store.table("id text, at real", "at", key="id"), store.table("id text, at real")
    one.add([("u1", 1.0), ("u2", 2.0)])
    one.add([("u1", 9.0)], otherwise="ignore")
    one.add([("u2", 9.0)], otherwise="replace")
    other.add([("u1", 5.0), ("u1", 5.0)])
    one.delete("id = ?", "u3")

    assert one.rows("id, at", "at > ? order by id", 0.0) == [("u1", 1.0), ("u2", 9.0)]
    one.clear()
    assert (one.holds("true"), other.rows("at", "id = ?", "u1")) == (False, [(5.0,), (5.0,)])
    store.close()
