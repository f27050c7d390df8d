"""`before.jsonl` is durable before a step that removes something."""

import anyio
import pytest

from bulkscim.errors import JournalDead
from bulkscim.journal.before_file import BEFORE, BeforeFile
from bulkscim.journal.durable import LocalDisk


async def test_lines_of_several_workers_are_kept(tmp_path):
    file = BeforeFile(tmp_path, LocalDisk())
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(file.keep, [b"%d" % number])
    file.close()

    assert sorted((tmp_path / BEFORE).read_bytes().split(), key=int) == [b"%d" % one for one in range(20)]
    assert (tmp_path / BEFORE).stat().st_mode & 0o077 == 0


async def test_a_later_session_ends_a_line_that_was_cut_short(tmp_path):
    (tmp_path / BEFORE).write_bytes(b'{"row":1}\n{"ro')
    file = BeforeFile(tmp_path, LocalDisk())
    await file.keep([b'{"row":2}'])
    file.close()

    assert (tmp_path / BEFORE).read_bytes() == b'{"row":1}\n{"ro\n{"row":2}\n'


async def test_nothing_to_keep_makes_no_file(tmp_path):
    await BeforeFile(tmp_path, LocalDisk()).keep([])

    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_cannot_be_written_keeps_the_step_from_being_sent(tmp_path):
    file = BeforeFile(tmp_path / "missing", LocalDisk())
    for _ in range(2):
        with pytest.raises(JournalDead, match="cannot be written"):
            await file.keep([b"1"])
