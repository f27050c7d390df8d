"""What is verified apart from the journal's own lines."""

import json
from dataclasses import asdict, replace

import pytest

from bulkscim.errors import JournalDamaged, UsageError
from bulkscim.journal import journal, run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.reporting.proof import Live, with_live
from bulkscim.reporting.statement import Difference, write
from bulkscim.reporting.statement_text import statement_lines
from bulkscim.runs.verifying import head_of, verify
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import header, settled
from tests.support.running.fake_clock import VirtualClock

DISK = LocalDisk()


@pytest.fixture
def job(tmp_path):
    """A job file next to the runs."""
    path = tmp_path / "people.csv"
    path.write_text("op,userName\ncreate,ada@example.com\n")
    return path


async def finished(folder, job, **more):
    """Make a run of one row that has ended; return its chain head."""
    folder.mkdir(parents=True)
    made = journal.create(folder, DISK, header_of(header(job, folder.name) | more, 1), VirtualClock())
    await made.append(entry_of(Kind.OPENED, body={"pid": 1, "host": "here", "user": "ada", "command": "run"}))
    await made.append(settled(1, RowState.NOOP, "ada@example.com", id="u1"))
    await made.append(
        entry_of(Kind.CLOSED, body={"totals": asdict(made.ledger.totals()), "chain": made.chain})
    )
    await made.aclose()
    return made.chain


def proved(statement, text):
    """Tell whether something is among what is proved."""
    return any(text in one for one in statement.proves)


async def test_a_child_run_proves_how_its_parent_began_it(tmp_path, job):
    """The child's header holds the parent's chain head; a rewritten parent is found by it."""
    chain = await finished(tmp_path / "one", job)
    await finished(tmp_path / "one" / "rollback-1", job, parent={"run": "one", "chain": chain})
    assert proved(
        verify(str(tmp_path / "one" / "rollback-1"), tmp_path), "lines 1 to 4 of the parent run's journal"
    )

    other = await finished(tmp_path / "other", job, note="ticket 8")
    assert other != chain
    (tmp_path / "other" / "journal.jsonl").replace(tmp_path / "one" / "journal.jsonl")
    with pytest.raises(JournalDamaged, match="at which rollback-1 began"):
        verify(str(tmp_path / "one" / "rollback-1"), tmp_path)
    (tmp_path / "one" / "journal.jsonl").unlink()
    assert not proved(verify(str(tmp_path / "one" / "rollback-1"), tmp_path), "parent")


async def test_the_checkpoint_is_not_believed(tmp_path, job):
    """What it covers is read all the same."""
    await finished(tmp_path / "one", job)
    assert (tmp_path / "one" / "checkpoint.json").exists()
    path = tmp_path / "one" / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"ada@", b"eve@"))

    with pytest.raises(JournalDamaged, match="byte"):
        verify("one", tmp_path)


async def test_a_run_that_is_worked_on_is_told_as_running(tmp_path, job):
    """What is whole is verified; nothing is written or locked."""
    await finished(tmp_path / "one", job)
    with run_lock.hold(tmp_path / "one", DISK, VirtualClock()):
        statement = verify("one", tmp_path)

    assert (statement.state, statement.ended) == ("running", None)


async def test_the_statement_is_text_and_data_alike(tmp_path, job):
    """JSON can be written of it, and each fact stands in a line."""
    await finished(tmp_path / "one", job)
    statement = verify("one", tmp_path)
    text = "\n".join(statement_lines(statement))

    assert json.loads(json.dumps(write(statement)))["sessions"][0]["user"] == "ada"
    for fact in (
        "https://tenant.example/scim",
        "ticket 7",
        "ada on here, process 1",
        statement.chain,
        "1 = 1 noop",
    ):
        assert fact in text


async def test_what_is_live_is_proved_or_named(tmp_path, job):
    """A resource with two differences counts once."""
    await finished(tmp_path / "one", job)
    one = Difference(7, "User", "u1", "title", "Lead", None)
    live = Live(0.0, 3, differences=[one, replace(one, path="active")])
    statement = with_live(verify("one", tmp_path), live)
    text = "\n".join(statement_lines(statement))

    assert statement.live.as_recorded == 2
    assert 'row 7 User u1 title: recorded "Lead", live nothing' in text
    assert "2 of the 3 resources that the run changed were as recorded" in text
    assert "--live reads it back" not in text


@pytest.mark.parametrize("text", ["7a3d", "z" * 32, "0" * 33])
def test_what_is_no_chain_head_is_refused(text):
    """It is the usage that is wrong, not the journal."""
    with pytest.raises(UsageError, match="32 hexadecimal digits"):
        head_of(text)


def test_a_chain_head_may_be_written_in_capitals():
    """And with blanks around it, as it comes out of a mail."""
    assert head_of(f" {'7A3D' * 8} ") == "7a3d" * 8
