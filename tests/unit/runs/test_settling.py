"""A person decides about a row in doubt: what is recorded, what is refused, and what the reports say of it."""

import csv
import io
from contextlib import closing

import pytest

from bulkscim.errors import Locked, UsageError
from bulkscim.journal import journal, run_lock
from bulkscim.journal.audit import audit
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.explain import explain
from bulkscim.reporting.files import write_files
from bulkscim.reporting.recorded import open_at, read_summary
from bulkscim.reporting.source import find_source
from bulkscim.runs.rollback import _doubts
from bulkscim.runs.settling import SettleRequest, settle
from tests.support.making.recorded_runs import CSV, make_run
from tests.support.running.fake_clock import VirtualClock

pytestmark = pytest.mark.anyio
DOUBTFUL = 4
WHY = "seen in the admin console"


@pytest.fixture
async def folder(tmp_path):
    """A run with a row in each state; row 4 is in doubt."""
    job = tmp_path / "people.csv"
    job.write_text(CSV, encoding="utf-8")
    return await make_run(tmp_path / "runs" / "one", job)


async def decide(folder, **more):
    """Settle the row in doubt."""
    asked = {"row": DOUBTFUL, "applied": True, "note": WHY, **more}
    return await settle(
        SettleRequest(run=str(folder), runs_dir=folder.parent, **asked),
        Console(io.StringIO(), None, volume=Volume.NORMAL, yes=False),
    )


def whole(folder):
    """Return the audited journal: each line is checked."""
    disk = LocalDisk()
    with closing(journal.open_to_read(folder, disk)) as file:
        return audit(file, folder / "journal.jsonl")


@pytest.mark.parametrize(
    ("applied", "state", "word"),
    [(True, RowState.DONE, "settled as done by"), (False, RowState.PENDING, "settled as not applied by")],
)
async def test_journal_and_every_report_tell_who_decided_and_why(folder, applied, state, word):
    """explain, results.csv and the summary agree; the journal stays sound."""
    told, report = await decide(folder, applied=applied)

    assert word in told
    assert WHY in told
    assert report.totals.in_doubt == 0
    with open_at(folder) as recorded:
        summary = read_summary(recorded)
        story = "\n".join(explain(recorded, DOUBTFUL, None, "one"))
        end = next(
            one for one in reversed(recorded.history(DOUBTFUL)) if one.kind in {Kind.APPLIED, Kind.REFUSED}
        )
        write_files(recorded, find_source(recorded.header, folder), summary)
        assert recorded.ledger.state(DOUBTFUL) is state
    assert (summary.totals.in_doubt, summary.state) == (0, "stopped")
    assert (end.body.why, bool(end.body.by)) == (WHY, True)
    assert f"{word} {end.body.by}: {WHY}" in story
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        line = list(csv.DictReader(file))[DOUBTFUL - 1]
    assert (line["state"], line["detail"]) == (state.value, f"{word} {end.body.by}: {WHY}")
    proved = whole(folder)
    assert (proved.state, proved.header.format, proved.torn) == (RunState.STOPPED, 2, 0)
    assert proved.sessions[-1].opened.command == "settle"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        *(({"row": row}, "only a row in doubt") for row in (1, 2, 3, 5, 6, 7)),
        ({"row": 8}, "no row 8"),
        ({"part": "manager"}, "'create'"),
        ({"note": "  "}, "--note"),
    ],
)
async def test_only_a_row_in_doubt_can_be_settled(folder, asked, said):
    """Nothing is written, and the error names the state or the open part."""
    before = whole(folder).end.lines
    with pytest.raises(UsageError, match=said):
        await decide(folder, **asked)

    assert whole(folder).end.lines == before


async def test_row_is_settled_once(folder):
    """The second decision is refused, whatever it is."""
    await decide(folder, part="create")

    with pytest.raises(UsageError, match="row 4 is done"):
        await decide(folder, applied=False)


async def test_lock_of_the_run_is_needed(folder):
    """A process that works on the run must not be written past."""
    with run_lock.hold(folder, LocalDisk(), VirtualClock()), pytest.raises(Locked):
        await decide(folder)


async def test_rollback_names_what_it_cannot_undo(folder):
    """A create that was settled as done has no id: it was left out without a word."""
    await decide(folder)

    with open_at(folder) as recorded:
        assert any("not undone, since the id is not known: row 4" in text for text in _doubts(recorded))
