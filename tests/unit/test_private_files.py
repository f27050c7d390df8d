"""Files of ours: no link is followed, whatever a folder holds at the moment of opening."""

import errno
import os
import stat
from contextlib import suppress

import pytest

from bulkscim.commands.disk import error_of_disk
from bulkscim.errors import UsageError
from bulkscim.jobfile.index import build, open_index
from bulkscim.jobfile.source import open_source
from bulkscim.journal import run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.private_files import NotARegularFile, create_file, make_folders, open_file
from bulkscim.runs.state_dir import keep
from bulkscim.sandbox.requestlog import RequestLog
from bulkscim.sandbox.settings import Address, SandboxFiles, SandboxSettings, write_address
from bulkscim.sandbox.store import Database

DISK = LocalDisk()


def adopt(path):
    """Let a run folder take over a spooled job file."""
    text = path.parent / "job.csv.gz.txt"
    text.write_bytes("userName\nö@example.com\n".encode("utf-16"))
    path.with_name("journal.jsonl").touch()
    open_source(str(text)).adopted(path.parent)


def draft(path):
    """Write the address of a sandbox whose draft has this name."""
    where = SandboxFiles(path.parent, "job")
    where.address.with_suffix(f".{os.getpid()}").symlink_to(path.readlink())
    write_address(where, Address(1, 1, SandboxSettings()))


MAKING = {
    "create": lambda path: DISK.create(path).write(b"x"),
    "lock text": lambda path: run_lock.write_holder(path, DISK, run_lock.this_process(0.0)),
    "draft": lambda path: keep(path.parent / "draft", path),
    "index": lambda path: build(path, "stamp", tuple).close(),
    "job file": adopt,
    "address": draft,
}
OPENING = {
    "append": DISK.open_append,
    "read": DISK.open_read,
    "lock": DISK.lock,
    "requests": RequestLog,
    "resources": Database,
}


@pytest.mark.parametrize("way", MAKING)
@pytest.mark.parametrize("target", ["victim", "absent"])
def test_a_new_file_takes_the_place_of_a_link(tmp_path, way, target):
    """The file that the link led to was emptied and written, or made where there was none."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "draft").write_text("x")
    path = tmp_path / "job.csv"
    path.symlink_to(tmp_path / target)
    MAKING[way](path)

    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "absent").exists()
    if way != "address":
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert not path.is_symlink()


@pytest.mark.parametrize("way", OPENING)
def test_an_existing_file_is_opened_only_where_it_is_one(tmp_path, way):
    """Links were followed; opening a pipe waited without end."""
    (tmp_path / "victim").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    for name in ("link", "pipe", "dangling"):
        with pytest.raises(NotARegularFile, match=f"{name} is a "):
            OPENING[way](tmp_path / name)
    assert (tmp_path / "victim").read_text() == "mine"
    assert not (tmp_path / "absent").exists()


def test_what_the_user_reads_of_it_is_no_bug(tmp_path):
    """The command ends with 2 and names the file; other errors of opening stay what they are."""
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(NotARegularFile) as found:
        open_file(tmp_path / "link", os.O_RDONLY)

    told = error_of_disk(found.value)
    assert isinstance(told, UsageError)
    assert f"{tmp_path}/link is a link to nowhere" in str(told)
    assert found.value.errno == errno.ELOOP
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "absent", os.O_RDONLY)


def test_an_index_is_only_read_and_no_journal_next_to_it_counts(tmp_path):
    """SQLite opened the index of a resumed run for writing, and would have applied a journal that lay next to it."""
    path = tmp_path / "index.sqlite"
    build(path, "stamp", tuple).close()
    (tmp_path / "index.sqlite-journal").write_bytes(b"prepared")
    before = path.read_bytes()
    with open_index(path, "stamp") as index, suppress(Exception):
        index._database.execute("DELETE FROM stamp")

    assert path.read_bytes() == before
    assert (tmp_path / "index.sqlite-journal").exists()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert open_index(path, "stamp") is None


def test_missing_parents_are_private_too(tmp_path):
    """Only the last folder was, so with umask 000 every user could write in those above it."""
    before = os.umask(0)
    try:
        make_folders(tmp_path / "one" / "two")
        os.close(create_file(tmp_path / "one" / "two" / "file"))
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("one", "one/two", "one/two/file")]

    assert modes == [0o700, 0o700, 0o600]
