"""What a purge takes, what it keeps, and what it leaves alone."""

from dataclasses import asdict, replace

import pytest

from bulkscim.cli import code_of
from bulkscim.errors import JournalDamaged, NoSuchRun, UsageError
from bulkscim.journal import journal, run_lock, runfolder, tombstone
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.journal.tombstone import Purge, Tombstone
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.row import RowState
from bulkscim.reporting.recorded import read_header, read_status
from bulkscim.runs.purging import NotPurged, Old, old_runs, purge
from bulkscim.runs.verifying import verify
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import START, header, make_run, settled
from tests.support.running.fake_clock import VirtualClock

DISK = LocalDisk()
LATER = START + 100


@pytest.fixture
def job(tmp_path):
    """A job file next to the runs."""
    path = tmp_path / "people.csv"
    path.write_text("op,userName\ncreate,ada@example.com\n")
    return path


async def finished(folder, job, *, now=START, **more):
    """Make a run of one row that has ended, with the files that are derived from it."""
    folder.mkdir(parents=True)
    about = header(job, folder.name)
    about["job"] |= {"spooled": True, "format": "jsonl"}
    made = journal.create(folder, DISK, header_of(about | more, 1), VirtualClock(now))
    await made.append(
        entry_of(Kind.OPENED, body={"pid": 1, "host": "here", "user": "root", "command": "run"})
    )
    await made.append(settled(1, RowState.NOOP, "ada@example.com", id="u1"))
    await made.append(
        entry_of(Kind.CLOSED, body={"totals": asdict(made.ledger.totals()), "chain": made.chain})
    )
    await made.aclose()
    for name in (
        "results.csv",
        "errors.csv",
        "errors-2.csv",
        "written.sha256",
        "summary.json",
        "index.sqlite",
        "job.jsonl",
    ):
        (folder / name).write_text("ada@example.com")
    return made.chain


def found(runs_dir, now=LATER, **more):
    """Return what a purge of all that is older than 50 seconds finds."""
    return list(old_runs(runs_dir, 50, DISK, VirtualClock(now), **{"unfinished": False} | more))


async def test_a_purged_run_keeps_header_totals_and_chain_and_no_name(tmp_path, job):
    """Status and verify read what is kept; no user's data is anywhere in the folder."""
    folder = tmp_path / "runs" / "one"
    chain = await finished(folder, job)
    (old,) = found(tmp_path / "runs")

    assert purge(old, DISK, VirtualClock(LATER)) == []
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "lock.json", "purged.json"]
    assert "ada@example.com" not in "".join(path.read_text() for path in folder.iterdir())
    summary, _ = read_status("one", tmp_path / "runs", 0.0)
    assert (summary.state, summary.totals.noop, summary.chain) == ("finished", 1, chain)
    statement = verify("one", tmp_path / "runs", head=chain)
    assert (statement.chain, statement.head.line, statement.purged.by.pid > 0) == (chain, 4, True)
    assert (folder / "purged.json").stat().st_mode & 0o777 == 0o600


async def test_a_purged_run_is_found_and_listed_but_never_gone_on_with(tmp_path, job, capsys):
    """Every command that needs its rows ends with 10 and says why."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    purge(found(runs)[0], DISK, VirtualClock(LATER))

    assert runfolder.runs(runs, DISK) == [runs / "one"]
    for read in (lambda: journal.read(runs / "one", DISK), lambda: read_header("one", runs)):
        with pytest.raises(NoSuchRun, match="was purged"):
            read()
    with pytest.raises(NoSuchRun, match="was purged"):
        journal.open_for_append(runs / "one", DISK, VirtualClock())
    with pytest.raises(UsageError, match="kept of a purged run"):
        runfolder.adopt(runs / "one", DISK, VirtualClock())
    assert code_of(["explain", "one", "--row", "1", "--runs-dir", str(runs)]) == 10
    assert code_of(["runs", "--runs-dir", str(runs)]) == 0
    assert "purged" in capsys.readouterr().out


async def test_only_runs_that_are_old_and_over_are_purged(tmp_path, job):
    """A younger one is not named; one that could go on, or is being worked on, is left and says why."""
    runs = tmp_path / "runs"
    await finished(runs / "old", job)
    await finished(runs / "young", job, now=LATER - 49)
    await make_run(runs / "stopped", job, now=START)
    await finished(runs / "busy", job)
    with run_lock.hold(runs / "busy", DISK, VirtualClock()):
        told = {each.path.name: each.why for each in found(runs) if isinstance(each, NotPurged)}
        old = [each.folder.name for each in found(runs) if isinstance(each, Old)]

    assert old == ["old"]
    assert told["busy"] == "a process is at work on it"
    assert told["stopped"].startswith("it is stopped with 1 rows in doubt; --unfinished also purges")
    assert {each.folder.name for each in found(runs, unfinished=True)} == {"old", "stopped", "busy"}


async def test_a_run_whose_deletes_are_not_due_is_left(tmp_path, job):
    """Its job file for later is still to be run; once the day has come it goes with the rest."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job, then={"op": "delete", "after_days": 30})
    (runs / "one" / "delete-after-2026-12-21.jsonl").write_text("ada@example.com")

    (left,) = found(runs)
    assert left.why.startswith(
        "it is waiting for 2026-12-21, when its deletes may run; --unfinished also purges"
    )
    (old,) = found(runs, now=START + 30 * 86_400)
    assert purge(old, DISK, VirtualClock(LATER)) == []
    assert not list((runs / "one").glob("delete-after-*"))


async def test_a_child_run_goes_with_its_parent_or_holds_it_back(tmp_path, job):
    """It holds before-images of the same people."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    await make_run(runs / "one" / "rollback-1", job, now=START)
    (left,) = found(runs)
    assert left.path == runs / "one" / "rollback-1"

    (old,) = found(runs, unfinished=True)
    purge(old, DISK, VirtualClock(LATER))
    assert not list(runs.rglob("journal.jsonl"))
    assert len(list(runs.rglob("purged.json"))) == 2


async def test_a_damaged_run_is_left_alone(tmp_path, job):
    """Its totals could not be kept truly."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    (old,) = found(runs)
    path = runs / "one" / JOURNAL
    path.write_bytes(path.read_bytes().replace(b"ada@", b"eve@", 1))

    with pytest.raises(JournalDamaged):
        purge(old, DISK, VirtualClock(LATER))
    assert (runs / "one" / "results.csv").exists()


async def test_a_purge_that_was_cut_short_is_ended_by_the_next(tmp_path, job):
    """With the journal still there it is a run as before; without it the rest goes."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    first = (runs / "one" / JOURNAL).read_text().splitlines()[0]
    told = {"run": "one", "state": "finished", "rows": 1}
    kept = Tombstone(first, START, told, purged=Purge(LATER))
    tombstone.keep(runs / "one", DISK, kept)
    assert not tombstone.is_purged(runs / "one", DISK)
    assert read_status("one", runs, 0.0)[0].totals.noop == 1

    (runs / "one" / JOURNAL).unlink()
    (old,) = found(runs)
    purge(old, DISK, VirtualClock(LATER))
    assert not (runs / "one" / "results.csv").exists()
    assert found(runs) == []


async def test_files_of_people_s_own_are_named_and_stay(tmp_path, job):
    """The user that put them there knows what they are."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    for name in ("notes.txt", "job.csv", "errors-fixed.csv"):
        (runs / "one" / name).write_text("mine")

    stay = purge(found(runs)[0], DISK, VirtualClock(LATER))
    assert [one.path.name for one in stay] == ["errors-fixed.csv", "job.csv", "notes.txt"]
    assert all(one.path.exists() for one in stay)


async def test_what_is_kept_is_told_from_what_was_altered(tmp_path, job):
    """A changed total does not fit the checksum, a changed header not its own hash."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job)
    purge(found(runs)[0], DISK, VirtualClock(LATER))
    path = runs / "one" / "purged.json"
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"noop":1', b'"noop":2', 1))
    with pytest.raises(JournalDamaged, match="checksum does not fit"):
        verify("one", runs)

    path.write_bytes(text)
    kept = tombstone.load(runs / "one", DISK)
    first = kept.first_line.replace("ticket 7", "ticket 8")
    tombstone.keep(runs / "one", DISK, replace(kept, first_line=first))
    with pytest.raises(JournalDamaged, match="not the one that was written"):
        verify("one", runs)
    tombstone.keep(runs / "one", DISK, kept)
    with pytest.raises(JournalDamaged, match="none of the chain heads"):
        verify("one", runs, head="0" * 32)

    tombstone.keep(runs / "one", DISK, replace(kept, summary={"state": 7}, statement={"run": 7}))
    for read in (lambda: verify("one", runs), lambda: read_status("one", runs, 0.0)):
        with pytest.raises(JournalDamaged, match=r"purged.json cannot be read: (run|state): 7 stands where"):
            read()


async def test_the_command_asks_shows_and_tells(tmp_path, job, capsys):
    """Without a yes nothing goes; -n shows; the group's --runs-dir is heard."""
    runs = tmp_path / "runs"
    await finished(runs / "one", job, now=1_000_000_000.0)
    arguments = ["runs", "--runs-dir", str(runs), "purge", "--older-than", "1d"]

    assert code_of([*arguments, "-n"]) == 0
    assert "would be purged" in capsys.readouterr().out
    assert code_of(arguments) == 4
    assert "add --yes to approve. Nothing was removed." in capsys.readouterr().err
    assert (runs / "one" / JOURNAL).exists()
    assert code_of([*arguments, "--yes", "--json"]) == 0
    assert '"run": "one"' in capsys.readouterr().out
    assert not (runs / "one" / JOURNAL).exists()
    assert code_of(arguments) == 0
    assert "no run is that old" in capsys.readouterr().out


@pytest.mark.parametrize("age", ["90", "d", "-1d", "90m", "1.5d"])
def test_an_age_that_is_none_is_refused(age, capsys):
    """It ends with 2 and shows what is wanted."""
    assert code_of(["runs", "purge", "--older-than", age]) == 2
    assert "90d" in capsys.readouterr().err


async def test_a_run_that_is_only_linked_into_a_folder_stays(tmp_path, job):
    """It is another run, at another place."""
    runs, other = tmp_path / "runs", tmp_path / "elsewhere"
    await finished(runs / "one", job)
    await finished(other, job)
    (runs / "one" / "linked").symlink_to(other, target_is_directory=True)
    (old,) = found(runs)

    purge(old, DISK, VirtualClock(LATER))

    assert (other / JOURNAL).exists()
