"""explain tells the story of one row."""

import pytest

from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.harmless import escaped_lines
from bulkscim.reporting.explain import _told, explain
from bulkscim.reporting.source import asked, find_source
from tests.support.making.journals import entry_of, header_of
from tests.support.making.recorded_runs import CSV, START, header, make_run, started
from tests.support.running.fake_clock import VirtualClock


@pytest.fixture
async def recorded(tmp_path):
    """A run with a row in each state."""
    job = tmp_path / "people.csv"
    job.write_text(CSV, encoding="utf-8")
    with journal.read(await make_run(tmp_path / "runs" / "one", job), LocalDisk()) as found:
        yield found


def story(recorded, row):
    """Return the story of a row as one text."""
    source = find_source(recorded.header, recorded.folder)
    [(_, operation)] = asked(recorded, source, lambda number: number == row, row)
    return "\n".join(explain(recorded, row, operation, "last"))


async def test_story_of_a_done_row(recorded):
    """What was asked, what was sent with before and after, what came back, how it ended."""
    text = story(recorded, 1)

    assert "create User userName ada@example.com" in text
    assert 'userName: nothing → "ada@example.com"' in text
    assert "POST User ada@example.com for part create" in text
    assert "applied: 201, id u1" in text
    assert "2026-11-21T22:26:42Z" in text
    assert "done" in text.splitlines()[0]


async def test_secret_is_not_shown(recorded):
    """A password of the job file is masked."""
    text = story(recorded, 1)

    assert "pw-ada" not in text
    assert "[secret]" in text


async def test_story_of_a_failed_row_ends_with_what_to_do(recorded):
    """A refusal is shown as the server gave it, harmless, with a hint."""
    text = story(recorded, 2)

    assert "refused: 400 invalidValue =no good\\x1b[2J title" in escaped_lines(text)
    assert "\x1b" not in text
    assert "hint: correct the value\nnext: bulkscim results last" in text


async def test_row_in_doubt_names_resume(recorded):
    """A lost answer is told, and resume is the next command."""
    text = story(recorded, 4)

    assert "in doubt" in text
    assert "no answer: timeout after 30 s" in text
    assert text.endswith("decide it with `settle`\nnext: bulkscim resume last")


async def test_row_that_was_never_touched(recorded):
    """A pending row says so."""
    assert "nothing was sent for it" in story(recorded, 7)


async def test_without_the_job_file_the_journal_still_tells(recorded):
    """What was sent is told even where the job file is gone."""
    text = "\n".join(explain(recorded, 1, None, "last"))

    assert "applied: 201" in text
    assert "asks" not in text


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (None, "unknown"),
        ([], "none"),
        (["g1"], "g1"),
        ([f"g{n}" for n in range(1, 8)], "g1, g2, g3, g4, g5 and 2 more"),
    ],
)
def test_groups_of_a_deleted_user_are_told(ids, told):
    """Also that it is not known."""
    body = {"action": "delete", "type": "User", "id": "u1", "groups": ids, "reports": ids}
    lines = list(_told(entry_of(Kind.STARTED, ((1, "delete"),), 1, body=body), 1))

    assert lines[1:] == [f"              member of groups: {told}", f"              manager of: {told}"]


def test_groups_that_a_deactivation_took_are_told():
    """By the answer to it."""
    body = {"part": "deactivate", "id": "u1", "status": 200, "stripped": ["g1", "g2"]}

    assert list(_told(entry_of(Kind.APPLIED, ((1, "deactivate"),), 1, body=body), 1))[1:] == [
        "              removed from groups by that: g1, g2"
    ]


async def test_a_create_that_a_lookup_found_shows_no_empty_answer(tmp_path):
    """It said "applied: , id u1"."""
    path = tmp_path / "job.csv"
    path.write_text(CSV)
    made = journal.create(tmp_path, LocalDisk(), header_of(header(path, "run"), 1), VirtualClock(START))
    await made.append(started(1, 1, "ada@example.com"))
    await made.append(entry_of(Kind.LOST, ((1, "create"),), 1, body={"detail": "timeout"}))
    body = {"part": "create", "id": "u1", "status": None, "seen": True}
    await made.append(entry_of(Kind.APPLIED, ((1, "create"),), 1, body=body))
    await made.aclose()

    with journal.read(tmp_path, LocalDisk()) as found:
        text = "\n".join(explain(found, 1, None, "last"))

    assert "  applied, id u1 (found after the answer was lost)" in text
