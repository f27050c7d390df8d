"""What is read of a job file is what was checked, block by block."""

import os
from pathlib import Path

import pytest

from bulkscim.errors import JobFileChanged, JobFileInvalid
from bulkscim.jobfile.content import BLOCK, content_of
from bulkscim.jobfile.source import checking, open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults, Verb

LINE = b"x" * 1023 + b"\n"
LINES = 3 * BLOCK // len(LINE)


@pytest.fixture
def job(tmp_path):
    """Return a file of three whole blocks."""
    path = tmp_path / "job.csv"
    path.write_bytes(LINE * LINES)
    return path


def read(content, path, change=None):
    """Read line by line, with a change after the first; return how many lines were given out, and why no more."""
    lines = 0
    try:
        with content.stream(path, "job.csv") as stream:
            for line in stream:
                lines += line == LINE
                if lines == 1 and change:
                    change()
    except JobFileChanged as error:
        return lines, error.how
    return lines, ""


def test_what_is_the_same_is_read_to_its_end(job):
    """Also where it was touched, or copied into its own place."""
    content = content_of(job)

    def copied():
        (job.parent / "new").write_bytes(job.read_bytes())
        (job.parent / "new").replace(job)

    for change in (None, lambda: os.utime(job, (1, 1)), copied):
        assert read(content, job, change) == (LINES, "")
    assert (content.size, len(content.blocks)) == (3 * BLOCK, 3)


def rewritten(path, text, at=0):
    """Write over a part of a file in place."""
    with path.open("rb+") as file:
        file.seek(at)
        file.write(text)


CHANGES = {
    "a block is rewritten in place": (lambda job: rewritten(job, b"y", 2 * BLOCK), "byte 2,097,152"),
    "a block that was read is rewritten": (lambda job: rewritten(job, b"y", 5), "byte 0 "),
    "it is replaced by another": (lambda job: (job.unlink(), job.write_bytes(b"y" * 3 * BLOCK)), "byte 0 "),
    "it is cut short": (lambda job: os.truncate(job, BLOCK + 7), "2,097,145 bytes shorter"),
    "it is emptied": (lambda job: os.truncate(job, 0), "shorter"),
    "it grows": (lambda job: rewritten(job, LINE, 3 * BLOCK), "1,024 bytes longer"),
    "it is removed": (Path.unlink, "gone"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_block_is_given_out_after_a_change(job, name):
    """Not even the blocks in which nothing changed: what follows them would be missing."""
    change, words = CHANGES[name]
    content = content_of(job)
    lines, how = read(content, job, lambda: change(job))

    assert lines == BLOCK // len(LINE)
    assert words in how


@pytest.mark.parametrize("name", CHANGES)
def test_no_block_is_given_out_of_a_file_that_changed_before(job, name):
    """With its old time and size it is found by the hash alone."""
    change, words = CHANGES[name]
    content, before = content_of(job), job.stat()
    change(job)
    if job.exists():
        os.utime(job, ns=(before.st_atime_ns, before.st_mtime_ns))
    lines, how = read(content, job)

    assert lines <= 2 * BLOCK // len(LINE)
    assert words in how


def test_a_file_that_changes_while_it_is_checked_is_invalid(tmp_path):
    """Nothing was sent, so it is exit 2, and not that of a run that stopped."""
    job = tmp_path / "job.csv"
    job.write_text("userName\nada@example.com\n")
    source = open_source(str(job))
    job.write_text("userName\nbob@example.com\n")
    with pytest.raises(JobFileInvalid, match="Nothing was sent"), checking(source):
        check(source, Defaults(Verb.CREATE), tmp_path / "index")
