"""Run folders: named, made once, found, listed and locked."""

import errno
import json
import socket
from pathlib import Path

import pytest

from bulkscim.errors import Locked, NoSuchRun, UsageError
from bulkscim.journal import journal, run_lock, runfolder
from bulkscim.journal.durable import LocalDisk
from tests.support.making.journals import done, header_of, opened, started
from tests.support.running.fake_clock import VirtualClock

MOMENT = 1_795_299_003.0  # 2026-11-21T22:10:03Z


@pytest.fixture
def disk():
    """The real file system."""
    return LocalDisk()


@pytest.fixture
def clock():
    """A clock that shows 22:10:03."""
    return VirtualClock(MOMENT)


def make(runs_dir, stem, disk, clock):
    """Make a run with a journal, and let go of it."""
    with runfolder.create(runs_dir, stem, disk, clock) as held:
        journal.create(held.path, disk, header_of({"run": held.path.name}, 3), clock).close()
    return held.path


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("onboarding", "20261121T221003-onboarding"),
        ("Entrées 2026", "20261121T221003-Entrées-2026"),
        ("../..", "20261121T221003-job"),
        ("a/b\\c:d\n", "20261121T221003-a-b-c-d"),
        ("", "20261121T221003-job"),
        ("x" * 200, "20261121T221003-" + "x" * 60),
    ],
)
def test_a_folder_is_named_by_time_and_job(tmp_path, disk, clock, stem, name):
    """The time is UTC; what a file name cannot hold becomes a dash."""
    assert make(tmp_path / "runs", stem, disk, clock) == tmp_path / "runs" / name


def test_two_runs_of_one_second_get_their_own_folders(tmp_path, disk, clock):
    """The second is numbered."""
    names = [make(tmp_path, "people", disk, clock).name for _ in range(3)]

    assert names == [f"20261121T221003-people{more}" for more in ("", "-2", "-3")]


def test_a_held_folder_names_its_holder(tmp_path, disk, clock):
    """Locked says which process, where and since when; it is free again after release."""
    held = runfolder.create(tmp_path, "people", disk, clock)
    with pytest.raises(Locked, match=r"in use by process \d+ on .+ since 2026-11-21T22:10:03\+00:00"):
        run_lock.hold(held.path, disk, clock)

    assert run_lock.is_locked(held.path, disk)
    held.release()
    assert not run_lock.is_locked(held.path, disk)
    run_lock.hold(held.path, disk, clock).release()


def test_a_lock_text_that_is_lost_does_not_unlock(tmp_path, disk, clock):
    """Only the system's lock decides."""
    with runfolder.create(tmp_path, "people", disk, clock) as held:
        (held.path / "lock.json").write_text("[]")
        with pytest.raises(Locked, match="another process"):
            run_lock.hold(held.path, disk, clock)


def test_asking_whether_a_folder_is_locked_makes_no_file(tmp_path, disk):
    """Reading commands leave no trace."""
    assert not run_lock.is_locked(tmp_path, disk)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_found_by_id_path_and_as_the_last(tmp_path, disk, clock, monkeypatch):
    """All three lead to the same folder."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "runs", "first", disk, clock)
    clock.advance(60)
    newest = make(tmp_path / "runs", "a-second", disk, clock)
    runs_dir = tmp_path / "runs"

    assert runfolder.find(newest.name, runs_dir, disk) == newest
    assert runfolder.find(str(newest), runs_dir, disk) == newest
    assert runfolder.find(f"runs/{newest.name}", runs_dir, disk).resolve() == newest
    assert runfolder.find("last", runs_dir, disk) == newest


def test_the_last_run_is_the_newest_by_its_journal(tmp_path, disk, clock):
    """Folders that the user named have no time in their names."""
    with runfolder.adopt(tmp_path / "runs" / "0-mine", disk, clock) as held:
        clock.advance(60)
        journal.create(held.path, disk, header_of({}, 1), clock).close()
    make(tmp_path / "runs", "older", disk, VirtualClock(MOMENT))
    (tmp_path / "runs" / "zz-no-run").mkdir()
    found = [path.name for path in runfolder.runs(tmp_path / "runs", disk)]

    assert found == ["20261121T221003-older", "0-mine"]


def test_child_whose_process_died_before_it_began_leaves_its_number(tmp_path, disk, clock):
    """The first rollback that begins is rollback-1."""
    parent = make(tmp_path, "onboarding", disk, clock)
    with runfolder.create_within(parent, disk, clock) as died:
        assert died.path.name == "rollback-1"

    with runfolder.create_within(parent, disk, clock) as first:
        assert first.path == died.path
        journal.create(first.path, disk, header_of({"run": "rollback-1"}, 3), clock).close()
    with runfolder.create_within(parent, disk, clock) as second:
        assert second.path.name == "rollback-2"


def test_child_runs_are_not_listed(tmp_path, disk, clock):
    """They are found by their path only."""
    parent = make(tmp_path, "people", disk, clock)
    child = make(parent, "rollback", disk, clock)

    assert runfolder.runs(tmp_path, disk) == [parent]
    assert runfolder.find(f"{parent.name}/{child.name}", tmp_path, disk) == child


@pytest.mark.parametrize("name", ["nothing", "last", "", "../elsewhere"])
def test_a_run_that_is_not_there_is_named(tmp_path, disk, name):
    """The message says what was looked for and where."""
    with pytest.raises(NoSuchRun, match=tmp_path.name):
        runfolder.find(name or "''", tmp_path / "runs", disk)


def test_a_child_of_the_last_run_that_is_not_there_is_named_once(tmp_path, disk, clock, monkeypatch):
    """Below a relative folder of runs the path was put together twice."""
    monkeypatch.chdir(tmp_path)
    last = make(Path("runs"), "people", disk, clock)

    with pytest.raises(
        NoSuchRun, match=rf"no run 'last/rollback-1': found no journal in {last}/rollback-1\n"
    ):
        runfolder.find("last/rollback-1", Path("runs"), disk)


def test_a_folder_that_is_absent_or_empty_can_be_given(tmp_path, disk, clock):
    """It is made where it is not there."""
    for path in (tmp_path / "deep" / "new", tmp_path):
        with runfolder.adopt(path, disk, clock) as held:
            assert held.path == path


async def test_a_folder_whose_run_never_sent_anything_can_be_given(tmp_path, disk, clock):
    """Neither a torn header nor a run without a started step stands in the way."""
    (tmp_path / "journal.jsonl").write_bytes(b'{"n":           1,"c":')
    runfolder.adopt(tmp_path, disk, clock).release()
    run = journal.create(tmp_path, disk, header_of({}, 2), clock)
    await run.append(opened(), done(1))
    run.close()

    runfolder.adopt(tmp_path, disk, clock).release()


async def test_a_folder_whose_run_has_begun_cannot_be_given(tmp_path, disk, clock):
    """The message names the command to go on, and the folder is not left locked."""
    run = journal.create(tmp_path, disk, header_of({}, 2), clock)
    await run.append(opened(), started(1, 1))
    run.close()
    with pytest.raises(UsageError, match=f"next: bulkscim resume {tmp_path}"):
        runfolder.adopt(tmp_path, disk, clock)

    assert not run_lock.is_locked(tmp_path, disk)


def test_a_folder_in_use_cannot_be_given(tmp_path, disk, clock):
    """Another process may be about to send."""
    with runfolder.adopt(tmp_path / "mine", disk, clock), pytest.raises(Locked):
        runfolder.adopt(tmp_path / "mine", disk, clock)


def test_a_folder_that_was_let_go_has_no_holder_before(tmp_path, disk, clock):
    """A released lock leaves no text."""
    with runfolder.create(tmp_path, "people", disk, clock) as held:
        assert held.note == ""
    with run_lock.hold(held.path, disk, clock) as again:
        assert (again.before, again.note) == (None, "")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (
            socket.gethostname(),
            "since 2026-11-20T08:00:00+00:00 ended without releasing it; this command continues",
        ),
        ("laptop-7", "process 4711 on laptop-7 since 2026-11-20T08:00:00+00:00 is named as the holder"),
    ],
)
def test_who_did_not_let_go_is_named_to_the_next(tmp_path, disk, clock, host, said):
    """A process that was killed leaves its text; one of another machine may still be at work on a copy."""
    with runfolder.create(tmp_path, "people", disk, clock) as held:
        pass
    text = {"pid": 4711, "host": host, "since": "2026-11-20T08:00:00+00:00"}
    (held.path / "lock.json").write_text(json.dumps(text))

    with run_lock.hold(held.path, disk, clock) as again:
        assert said in again.note
        assert str(held.path) in again.note


@pytest.mark.parametrize("named", ["runs", "runs/below/it"])
def test_a_file_where_the_folder_should_be_is_said(tmp_path, disk, clock, named):
    """A run's folder cannot be made below a file, nor in place of one."""
    (tmp_path / "runs").write_text("notes")

    with pytest.raises(UsageError, match="a file is in the way"):
        runfolder.create(tmp_path / named, "people", disk, clock)
    with pytest.raises(UsageError, match="a file is in the way"):
        runfolder.adopt(tmp_path / named, disk, clock)


class CannotLock(LocalDisk):
    """A disk that was made read-only."""

    def lock(self, path):
        raise OSError(errno.EROFS, "Read-only file system", str(path))


def test_no_run_works_where_no_process_can_write(tmp_path, disk, clock):
    """A run folder on a read-only disk can be looked at."""
    folder = make(tmp_path / "runs", "people", disk, clock)

    assert not run_lock.is_locked(folder, CannotLock())
