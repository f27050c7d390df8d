"""How far a run in another process is, as `status` tells it."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from bulkscim.journal import run_lock
from bulkscim.journal.durable import LocalDisk
from bulkscim.model.progress import UNLIMITED, RunProgress
from bulkscim.model.run import Totals
from bulkscim.reporting.live_status import live_lines, live_status
from bulkscim.reporting.progress_file import KeptProgress, forget_progress, keep_progress, read_progress
from bulkscim.reporting.recorded import read_status
from bulkscim.reporting.summary import status_lines, write
from tests.support.making.recorded_runs import CSV, START, make_run
from tests.support.running.fake_clock import VirtualClock

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
MOVING = KeptProgress(7, "then", NOON - 2, 725.0, 1234, 0, 700.4, 840.0, 50 / 60, 3)
OTHER = run_lock.Holder(8, "here", "before")
WAITING = replace(MOVING, waiting="limit, 12 s", throttled=4)


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (
            MOVING,
            """
left      about 14 min, until 12:13
elapsed   12:07
requests  1,234 sent, about 700 left; the limit is 50/min
""",
        ),
        (
            WAITING,
            """
left      about 14 min, until 12:13
waits     limit, 12 s
elapsed   12:07
requests  1,234 sent, 4 throttled, about 700 left; the limit is 50/min
""",
        ),
        (
            replace(MOVING, budget_share=0.6, whole_per_second=100 / 60),
            """
left      about 14 min, until 12:13
elapsed   12:07
requests  1,234 sent, about 700 left; the limit is 60% of 100/min
""",
        ),
        (
            replace(MOVING, left_s=86_400.0, per_second=UNLIMITED),
            """
left      about 24 h 0 min, until 28 Nov 11:59
elapsed   12:07
requests  1,234 sent, about 700 left; no limit
""",
        ),
        (
            replace(WAITING, at=NOON - 250),
            """
left      not known: for 4 min 10 s its process has written nothing; it holds the run, and may be suspended
elapsed   12:05
requests  1,234 sent, 4 throttled; the limit is 50/min
""",
        ),
        (
            None,
            """
left      not known: the run has just begun, or is about to end
""",
        ),
    ],
)
def test_what_status_tells_of_a_run_that_goes_on(kept, told):
    """The time left by now, and nothing of it where what was left is old."""
    assert "\n".join(live_lines(live_status(kept, NOON), NOON, UTC)) == told.strip()


def test_a_clock_that_was_set_back_makes_nothing_older_or_longer():
    """The file seems to come from the future."""
    live = live_status(MOVING, NOON - 100)

    assert (live.age_s, live.left_s, live.is_current) == (0.0, 840.0, True)


@pytest.fixture
async def folder(tmp_path):
    """A run of another process, which has not ended."""
    job = tmp_path / "people.csv"
    job.write_text(CSV, encoding="utf-8")
    return await make_run(tmp_path / "runs" / "one", job, end=None)


def keep(folder, holder=None):
    """Leave a progress in the folder, of the process that holds it or of another one."""
    holder = holder or run_lock.read_holder(folder / run_lock.LOCK_TEXT, LocalDisk())
    progress = RunProgress(Totals(rows=7, pending=7), 0, 60.0, 9, 1, 12.0, 30.0, 0.5, "limit, 3 s")
    keep_progress(folder, progress, holder, START + 60)


async def test_status_has_the_progress_of_the_process_that_works(folder):
    """In JSON as `progress`, after all keys that were there before; in text between the rows and the chain."""
    with run_lock.hold(folder, LocalDisk(), VirtualClock()):
        keep(folder)
        summary, _ = read_status("one", folder.parent, START + 61)

    told = write(summary)
    assert list(told)[-1] == "progress"
    assert told["progress"] == {
        "is_current": True,
        "age_s": 1.0,
        "elapsed_s": 61.0,
        "requests": 9,
        "throttled": 1,
        "requests_left": 12.0,
        "left_s": 29.0,
        "ends_at": "2026-11-21T22:28:10Z",
        "per_second": 0.5,
        "begun": 0,
        "waiting": "limit, 3 s",
        "paused": False,
        "rollback": None,
        "budget_share": 1.0,
        "whole_per_second": 0.0,
    }
    text = list(status_lines(summary, folder, START + 61, UTC))
    assert text[text.index("left      about 29 s, until 22:28") + 1] == "waits     limit, 3 s"
    assert not any("of them repeats" in line for line in text)


async def test_a_rollback_that_works_is_told_of_its_run(folder):
    """One process holds both; the run's own progress is long over."""
    child = folder / "rollback-1"
    child.mkdir()
    (child / "journal.jsonl").write_bytes((folder / "journal.jsonl").read_bytes())
    with (
        run_lock.hold(folder, LocalDisk(), VirtualClock()),
        run_lock.hold(child, LocalDisk(), VirtualClock()),
    ):
        keep(child)
        summary, _ = read_status("one", folder.parent, START + 61)

    assert summary.progress.rollback == "rollback-1"
    assert list(live_lines(summary.progress, START + 61, UTC))[0:2] == [
        "works on  rollback-1",
        "left      about 29 s, until 22:28",
    ]


async def test_a_process_that_died_says_nothing(folder):
    """Its file stays; the lock is free, so that the run is interrupted."""
    keep(folder, OTHER)
    summary, _ = read_status("one", folder.parent, START + 61)

    assert summary.progress is None
    assert "progress" not in write(summary)


async def test_what_another_process_left_is_not_of_this_one(folder):
    """A process that begins to resume has written nothing yet, and what one left that was just killed is fresh."""
    keep(folder, OTHER)
    with run_lock.hold(folder, LocalDisk(), VirtualClock()):
        summary, _ = read_status("one", folder.parent, START + 61)

    assert summary.progress is not None
    assert summary.progress.age_s is None


@pytest.mark.parametrize("text", [b"", b"[]", b'{"pid":1}', b'{"pid":"x","since":"","at":1}', b"\xff"])
async def test_a_damaged_file_says_nothing(folder, text):
    """It is a cache."""
    (folder / "progress.json").write_bytes(text)

    with run_lock.hold(folder, LocalDisk(), VirtualClock()):
        assert read_progress(folder) is None


async def test_what_is_kept_is_read_again_until_it_is_forgotten(folder):
    """And of a later version what is known here."""
    with run_lock.hold(folder, LocalDisk(), VirtualClock()):
        keep(folder)
        path = folder / "progress.json"
        path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"colour": "red"}))

        assert read_progress(folder).requests == 9
        forget_progress(folder)
        assert read_progress(folder) is None
