"""The real file system keeps to the same promises."""

import os
import stat
import subprocess
import sys

import pytest

from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from tests.support.making.journals import done, entry_of, header_of, opened, told, work
from tests.support.running.fake_clock import VirtualClock

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has the profile's own access list")


def mode(path):
    """Return the permissions of a path."""
    return stat.S_IMODE(path.stat().st_mode)


@POSIX
def test_what_is_made_is_private(tmp_path):
    """Folders are 0700 and files 0600, whatever the umask allows."""
    disk = LocalDisk()
    before = os.umask(0)
    try:
        disk.make_folder(tmp_path / "runs" / "one")
        disk.create(tmp_path / "runs" / "one" / "file").close()
        disk.lock(tmp_path / "runs" / "one" / "lock").release()
    finally:
        os.umask(before)

    assert mode(tmp_path / "runs" / "one") == 0o700
    assert mode(tmp_path / "runs" / "one" / "file") == 0o600
    assert mode(tmp_path / "runs" / "one" / "lock") == 0o600


def test_a_folder_is_made_once(tmp_path):
    """The second to make it is told."""
    LocalDisk().make_folder(tmp_path / "one")

    with pytest.raises(FileExistsError):
        LocalDisk().make_folder(tmp_path / "one")


def test_reading_sees_what_was_appended(tmp_path):
    """A reader may be open before; short reads come only at the end."""
    disk = LocalDisk()
    appender = disk.create(tmp_path / "file")
    reader = disk.open_read(tmp_path / "file")
    appender.write(b"abc")
    appender.write(b"defg")
    appender.sync()

    assert (reader.size(), reader.read_at(2, 3), reader.read_at(5, 100), reader.read_at(9, 5)) == (
        7,
        b"cde",
        b"fg",
        b"",
    )
    for file in (appender, reader, appender, reader):
        file.close()


def test_a_lock_keeps_others_out_until_it_is_released(tmp_path):
    """Also within one process."""
    disk = LocalDisk()
    lock = disk.lock(tmp_path / "lock")

    assert disk.lock(tmp_path / "lock") is None
    lock.release()
    lock.release()
    again = disk.lock(tmp_path / "lock")
    assert again is not None
    again.release()


def test_a_lock_ends_with_its_process(tmp_path):
    """A killed holder leaves nothing to clean up."""
    text = (
        "import os, pathlib, signal, sys\n"
        "from bulkscim.journal.durable import LocalDisk\n"
        "lock = LocalDisk().lock(pathlib.Path(sys.argv[1]))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    path = tmp_path / "lock"
    arguments = [sys.executable, "-c", text, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"held"
        assert LocalDisk().lock(path) is None
        process.kill()
        process.wait()

    lock = LocalDisk().lock(path)
    assert lock is not None
    lock.release()


def test_folders_are_listed_by_name(tmp_path):
    """Files are left out; a folder that is not there has none."""
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()

    assert LocalDisk().folders(tmp_path) == ["a", "b"]
    assert LocalDisk().folders(tmp_path / "c") == []


async def test_a_journal_lives_on_it(tmp_path):
    """Made, closed in order, gone on with, killed, and gone on with again."""
    disk, clock = LocalDisk(), VirtualClock()
    run = journal.create(tmp_path, disk, header_of({"run": "real"}, 20), clock)
    await run.append(opened())
    await work(run, range(1, 6))
    await run.append(entry_of(Kind.STOPPED))
    await run.aclose()
    run = journal.open_for_append(tmp_path, disk, clock)
    await work(run, range(6, 11))
    run.close()
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(b"torn")
    run = journal.open_for_append(tmp_path, disk, clock)
    await run.append(done(11))

    with journal.read(tmp_path, disk) as recorded:
        assert told(recorded) == told(run)
        assert recorded.ledger.totals().done == 11
    await run.aclose()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.json", "journal.jsonl"]
