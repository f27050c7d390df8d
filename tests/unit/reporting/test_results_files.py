"""results.csv and the errors file tell what became of every row."""

import csv
import io
import json

import pytest

from bulkscim.errors import Mismatch
from bulkscim.journal import journal
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.reporting.errors_file import write_errors
from bulkscim.reporting.results import COLUMNS, results, write_results
from bulkscim.reporting.source import asked, find_source
from tests.support.making.journals import entry_of
from tests.support.making.recorded_runs import CSV, make_run


@pytest.fixture
async def recorded(tmp_path):
    """A run with a row in each state."""
    job = tmp_path / "people.csv"
    job.write_text(CSV, encoding="utf-8")
    folder = await make_run(tmp_path / "runs" / "20261121T222640-people", job)
    with journal.read(folder, LocalDisk()) as found:
        yield found


def written(recorded, source):
    """Write results.csv and read it back."""
    path = recorded.folder / "results.csv"
    unsettled = asked(recorded, source, lambda row: not recorded.ledger.is_settled(row))
    write_results(results(recorded, unsettled), path)
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


async def test_every_row_has_one_line_in_row_order(recorded):
    """One line a row, in order, with its state; rows that did not end are told by the job file."""
    lines = written(recorded, find_source(recorded.header, recorded.folder))

    assert lines[0] == list(COLUMNS)
    assert [line[0] for line in lines[1:]] == [str(row) for row in range(1, 8)]
    assert [line[5] for line in lines[1:]] == [
        "done", "failed", "skipped", "in_doubt", "noop", "adopted", "pending",
    ]  # fmt: skip
    assert lines[1][1:5] == ["create", "User", "ada@example.com", "u1"]
    assert lines[4][1:4] == ["create", "User", "dan@example.com"]
    assert lines[4][8] == "timeout after 30 s"
    assert lines[7][1:5] == ["create", "User", "liz@example.com", ""]


async def test_spreadsheet_does_not_run_a_cell(recorded):
    """A detail that begins like a formula is guarded."""
    lines = written(recorded, find_source(recorded.header, recorded.folder))

    assert lines[2][8].startswith("'=no good")


async def test_errors_file_holds_failed_records_as_they_were(recorded):
    """Failed and skipped records come with their own columns, what went wrong, and without secrets."""
    path = write_errors(recorded, find_source(recorded.header, recorded.folder), "last")
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))

    assert [line["_row"] for line in lines] == ["2", "3"]
    assert lines[0]["userName"] == "bob@example.com"
    assert lines[0]["title"] == "'=cmd()"
    assert lines[0]["password"] == "[secret]"
    assert (lines[0]["_status"], lines[0]["_code"]) == ("400", "invalidValue")
    assert lines[0]["_run"] == recorded.folder.name
    assert "bulkscim retry last" in lines[1]["_hint"]
    assert "pw-bob" not in path.read_text(encoding="utf-8")


async def test_jsonl_errors_keep_the_line_and_mask_secrets(tmp_path):
    """A JSONL job gets errors.jsonl: the original line and what went wrong, secrets masked."""
    job = tmp_path / "people.jsonl"
    names = ["ada", "bob", "eve", "dan", "flo", "kim", "liz"]
    records = [
        {"op": "create", "data": {"userName": f"{name}@example.com", "password": f"pw-{name}"}}
        for name in names
    ]
    job.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    folder = await make_run(tmp_path / "runs" / "one", job)
    with journal.read(folder, LocalDisk()) as recorded:
        path = write_errors(recorded, find_source(recorded.header, folder), "last")

    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first["data"] == {"userName": "bob@example.com", "password": "[secret]"}
    assert (first["_row"], second["_row"]) == (2, 3)


async def test_changed_job_file_is_not_taken(recorded, tmp_path):
    """Another content at the old place is a Mismatch that names --job."""
    (tmp_path / "people.csv").write_text(CSV.replace("ada", "bea"), encoding="utf-8")

    with pytest.raises(Mismatch, match="--job"):
        find_source(recorded.header, recorded.folder)


async def test_moved_job_file_is_found_next_to_and_in_the_folder(recorded, tmp_path):
    """A job file that moved into the run folder, or next to it, is found there."""
    job = tmp_path / "people.csv"
    for place in (recorded.folder, recorded.folder.parent):
        job = job.replace(place / "people.csv")

        assert find_source(recorded.header, recorded.folder).path == job


async def test_finished_run_without_failures_leaves_no_errors_file(recorded, tmp_path):
    """Where nothing failed an errors file of before goes away: it would only mislead."""
    source = find_source(recorded.header, recorded.folder)
    stale = write_errors(recorded, source, "last")
    recorded.ledger.apply((_reopened(2),), 1)
    recorded.ledger.apply((_reopened(3),), 1)

    assert write_errors(recorded, source, "last") is None
    assert not stale.exists()


async def test_corrections_of_a_user_stay_where_nothing_failed_any_more(recorded):
    """What a user has written goes away by no command but that of the user."""
    source = find_source(recorded.header, recorded.folder)
    corrected = write_errors(recorded, source, "last")
    corrected.write_text("corrected")
    recorded.ledger.apply((_reopened(2),), 1)
    recorded.ledger.apply((_reopened(3),), 1)

    assert write_errors(recorded, source, "last") is None
    assert corrected.read_text() == "corrected"


def _reopened(row):
    return entry_of(Kind.REOPENED, ((row, ""),))
