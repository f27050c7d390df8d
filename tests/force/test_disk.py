"""The disk is full at some moment, or read-only: the command stops, says so, and goes on when that is fixed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.making.records import create
from tests.support.running.command import FAST, Command
from tests.support.running.rounds import Round, begun, each_on_a_tenant, round_of
from tests.support.running.small_disk import SmallDisk, small_disk
from tests.support.servers.scim_server import Tenant
from tests.support.servers.small_tenant import SmallTenant

ROUNDS = 5
DISK_KIB = 2048
# Root may write whatever the modes say; not so a process that has given up the right to override them.
OBEDIENT = """
import ctypes, os
if os.geteuid() == 0:
    libc, header, rights = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, rights)
    rights[0] &= ~0b110
    libc.capset(header, rights)
"""
# The last is SQLite's word for a file that is too large.
FULL = ("No space left", "File too large", "Input/output error")
LEAST, MOST = 2_000, 120_000  # bytes that are left: from too few for a header to all but enough


class Room:
    """The room that a round's run folder has: a small disk, or a bound on files where none can be mounted."""

    def __init__(self, one: Round, disk: SmallDisk | None) -> None:
        self._one, self._disk = one, disk

    def leave(self, size: int) -> None:
        """Let so many bytes be written."""
        if self._disk is not None:
            self._disk.fill(size)
        else:
            self._one.command = replace(self._one.command, file_bytes=size)

    def free(self) -> None:
        """Let all be written."""
        if self._disk is not None:
            self._disk.free()
        self._one.command = replace(self._one.command, file_bytes=None)


def test_a_disk_that_runs_full_at_any_byte_loses_nothing(tmp_path, seeds):
    """Full, still full, and free again: exit 5 names the file, nothing is sent unrecorded, and resume does the rest."""

    def full(tenant: Tenant, seed: int) -> None:
        folder = tmp_path / str(seed)
        with (
            small_disk(folder / "runs", DISK_KIB) as disk,
            round_of(tenant, Command(folder), seed, {}) as one,
        ):
            room = Room(one, disk)
            room.leave(one.chance.randrange(LEAST, MOST))
            stopped = one.command(*one.run)
            assert stopped.code == 5, stopped.text
            assert any(words in stopped.stderr for words in FULL), stopped.stderr
            sent = one.proxy.all_written()
            again = one.command(*one.next)
            assert (again.code, one.proxy.written) == (5, sent), again.text
            room.free()
            one.finish()

    each_on_a_tenant(full, seeds(ROUNDS), tmp_path)


@contextmanager
def written_but_not_writable(folder: Path, disk: SmallDisk | None) -> Iterator[None]:
    """Let a folder be read and not written: by its disk, or by modes where none can be mounted."""
    places = [path for path in (folder, *folder.rglob("*")) if disk is None]
    if disk is not None:
        disk.allow("ro")
    for path in places:
        path.chmod(0o500)
    try:
        yield
    finally:
        if disk is not None:
            disk.allow("rw")
        for path in places:
            path.chmod(0o700)


def test_a_read_only_run_folder_is_said_and_can_be_read(tmp_path):
    """No run begins there and none goes on, with exit 5 and nothing sent; status and explain answer all the same."""
    command = Command(tmp_path)
    path = tmp_path / "job.jsonl"
    path.write_text("".join(json.dumps(create(f"person{number}@example.com")) + "\n" for number in range(60)))
    with small_disk(command.runs, DISK_KIB) as disk, SmallTenant().serving() as tenant:
        command = replace(command, prelude="" if disk else OBEDIENT)
        run = ("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        with written_but_not_writable(command.runs, disk):
            refused = command(*run)
            assert (refused.code, tenant.writes) == (5, []), refused.text
            assert str(command.runs) in refused.stderr
        assert command.kill_when(lambda: len(tenant.writes) >= 20, *run)
        with written_but_not_writable(command.runs, disk):
            told = [command("status", "last"), command("explain", "last", "--row", "1"), command("runs")]
            sent = len(tenant.writes)
            resumed = command("resume", "last", *FAST)
            assert [outcome.code for outcome in told] == [0, 0, 0], told
            assert (resumed.code, len(tenant.writes)) == (5, sent), resumed.text
        assert command("resume", "last", *FAST).code == 0
        assert command.states() == ["done"] * 60
        assert len(tenant.held["Users"]) == 60


@pytest.mark.parametrize("size", [4, 12])
def test_a_full_folder_for_temporary_files_is_said(tmp_path, size):
    """Nothing is sent, exit 5; with room the same command runs."""
    drafts = tmp_path / "drafts"
    command = Command(tmp_path, environment={"TMPDIR": str(drafts)})
    path = tmp_path / "job.jsonl"
    path.write_text("".join(json.dumps(create(f"person{number}@example.com")) + "\n" for number in range(60)))
    with small_disk(drafts, size) as disk, SmallTenant().serving() as tenant:
        run = ("run", path, "--base-url", tenant.base_url, "--yes", *FAST)
        full = command if disk is not None else replace(command, file_bytes=size * 1024)
        refused = full(*run)
        assert (refused.code, tenant.writes) == (5, []), refused.text
        assert list(drafts.iterdir()) == []
    assert not begun(command)
