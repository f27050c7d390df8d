"""Undo after do is nothing."""

import pytest

from bulkscim.providers.quirks import Quirks
from bulkscim.runs.attempts import recover
from tests.support.making.few import few
from tests.support.making.providers import LUCID_QUIRKS
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.undoing import BACK, Others, SandboxStory, Story, job

pytestmark = pytest.mark.anyio
CHILD = FOLDER / "rollback-1"


@pytest.mark.parametrize("seed", few(range(12), 2))
async def test_run_then_rollback_leaves_the_tenant_as_it_was(tmp_path, seed):
    """Any job over any tenant, all nine operations in any order: everybody is as before, new ids aside."""
    story = Story(tmp_path, seed)
    before = story.state()
    await story.run(job(story, seed, 40))

    report = await story.back()

    assert report.totals.failed + report.totals.skipped == 0, story.ended(CHILD)
    assert story.state() == before, story.ended(CHILD)


@pytest.mark.parametrize("seed", few(range(400, 403), 1))
@pytest.mark.parametrize(
    ("profile", "quirks"),
    [("generic", Quirks()), ("generic", Quirks(strips_groups=True)), ("lucid", LUCID_QUIRKS)],
)
async def test_the_sandbox_is_as_it_was(tmp_path, seed, profile, quirks):
    """A server that we did not write, and Lucid's ways: hidden people, one group at a time, groups that must be empty."""
    story = SandboxStory(tmp_path, seed, profile, quirks)
    before = story.state()
    await story.run(job(story, seed, 30))

    report = await story.back()

    assert report.totals.failed + report.totals.skipped == 0, story.ended(CHILD)
    assert story.state() == before, story.ended(CHILD)


@pytest.mark.parametrize("seed", few(range(100, 106), 1))
async def test_the_rollback_of_a_rollback_is_the_run(tmp_path, seed):
    """The undo of the undo brings the run's end back, and can be undone as well."""
    story = Story(tmp_path, seed)
    before = story.state()
    await story.run(job(story, seed))
    after = story.state()
    await story.back()

    await story.back(CHILD)
    again = story.state()
    await story.back()

    assert again == after, story.ended(CHILD / "rollback-1")
    assert story.state() == before, story.ended(FOLDER / "rollback-2")


@pytest.mark.parametrize("seed", few(range(200, 210), 2))
async def test_nothing_that_others_did_since_is_lost(tmp_path, seed):
    """What others set, which users they added and which they deleted between run and rollback stays so."""
    story = Story(tmp_path, seed)
    await story.run(job(story, seed))
    others = Others(story)
    others.meddle()
    assert others.lost() == []

    await story.back()

    assert others.lost() == [], story.ended(CHILD)


@pytest.mark.parametrize("seed", few(range(300, 306), 1))
async def test_a_rollback_through_faults_leaves_the_tenant_as_it_was(tmp_path, seed):
    """Answers of 429 and 503, timeouts, answers lost after the write: in the run, and in the rollback."""
    faults = {"throttled": 0.05, "before": 0.04, "after": 0.04, "cut": 0.04, "late": 0.03}
    story = Story(tmp_path, seed, faults=faults)
    before = story.state()
    await story.run(job(story, seed))

    report = await story.back()

    assert report.totals.failed + report.totals.skipped == 0, story.ended(CHILD)
    assert story.state() == before, story.ended(CHILD)


@pytest.mark.parametrize("seed", few(range(500, 510), 2))
async def test_crashes_of_run_and_rollback_lose_nothing(tmp_path, seed):
    """The machine loses its power in the run, which is rolled back where it stands, and again in the rollback."""
    story = Story(tmp_path, seed)
    before = story.state()
    await story.crashing(story.run(job(story, seed)), 60)
    await story.go_on(FOLDER, work=recover)

    await story.crashing(story.back(), 40)
    if not await story.go_on(CHILD, BACK):
        await story.back()  # nothing of it was begun

    assert story.state() == before
