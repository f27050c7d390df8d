"""A recorded run is told in one object."""

import dataclasses

import pytest

from bulkscim.journal import runfolder
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Kind
from bulkscim.model.run import RunState
from bulkscim.model.totals import Totals
from bulkscim.reporting.recorded import (
    list_summaries,
    listing_lines,
    open_at,
    open_recorded,
    read_summary,
)
from bulkscim.reporting.summary import closing_lines, next_command, status_lines, summary_of_totals
from tests.support.fake_clock import VirtualClock
from tests.support.recorded_runs import CSV, START, make_run


def summary_of_folder(folder):
    with open_at(folder) as recorded:
        return read_summary(recorded)


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job file, in a folder of its own where we are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BULKSCIM_RUNS_DIR", raising=False)
    path = tmp_path / "people.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


async def test_summary_has_the_promised_keys_and_its_rows_add_up(job, tmp_path):
    """The summary holds state, totals, counters, time and chain; the states sum up to the rows."""
    summary = summary_of_folder(await make_run(tmp_path / "runs" / "one", job))

    promised = ["run", "state", "rows", "done", "adopted", "noop", "failed", "skipped", "in_doubt", "pending"]
    promised += ["requests", "retries", "throttled", "elapsed_s", "chain"]
    assert list(summary)[: len(promised)] == promised
    assert summary["rows"] == sum(summary[state] for state in promised[3:10]) == 7
    assert summary["elapsed_s"] == 5.0
    assert summary["started_at"] == "2026-11-21T22:26:40Z"
    assert summary["tenant"] == "https://tenant.example/scim"


@pytest.mark.parametrize(
    ("end", "why", "state"),
    [
        (Kind.CLOSED, None, RunState.FINISHED),
        (Kind.STOPPED, "the tenant is down", RunState.STOPPED),
        (Kind.STOPPED, "interrupted", RunState.INTERRUPTED),
        (None, None, RunState.INTERRUPTED),
    ],
)
async def test_state_is_what_the_journal_ends_with(job, tmp_path, end, why, state):
    """Closed is finished, stopped is stopped or interrupted as it says, no end at all is interrupted."""
    folder = await make_run(tmp_path / "runs" / "one", job, end=end, why=why)

    assert summary_of_folder(folder)["state"] == state


async def test_locked_run_is_running(job, tmp_path):
    """A run whose lock is held is running, whatever its journal ends with."""
    folder = await make_run(tmp_path / "runs" / "one", job, end=None)
    with (
        runfolder.hold(folder, LocalDisk(), VirtualClock()),
        open_recorded("last", tmp_path / "runs") as recorded,
    ):
        assert read_summary(recorded)["state"] == "running"


async def test_status_for_people_names_why_and_the_next_command(job, tmp_path):
    """People read state, reason, counts, the chain, and what to type."""
    folder = await make_run(tmp_path / "runs" / "one", job)
    text = "\n".join(status_lines(summary_of_folder(folder), folder))

    assert "the tenant is down" in text
    assert "ticket 7" in text
    assert "in doubt" in text
    assert text.endswith("next: bulkscim resume one")


async def test_runs_are_listed_newest_first_and_damage_is_said(job, tmp_path):
    """One run that cannot be read does not hide the others."""
    await make_run(tmp_path / "runs" / "early", job)
    late = await make_run(tmp_path / "runs" / "late", job, now=START + 3600)
    damaged = await make_run(tmp_path / "runs" / "bad", job, now=START + 7200)
    path = damaged / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")
    (damaged / "checkpoint.json").unlink(missing_ok=True)
    path.write_bytes(b"\n".join([*lines[:3], b"x" * len(lines[3]), *lines[4:]]))

    summaries = list(list_summaries(tmp_path / "runs"))

    assert [each["run"] for each in summaries] == ["bad", "late", "early"]
    assert summaries[0]["state"] == "damaged"
    assert late.name in "\n".join(listing_lines(summaries))


def test_next_command_follows_from_the_end():
    """Doubt and an early stop want resume, failures want results and retry, a dry run wants to be one no more."""
    from pathlib import Path

    folder = Path("runs/one")

    def following(state, **counts):
        return next_command(summary_of_totals(Totals(**counts), state, 1.0), folder)

    assert following(RunState.STOPPED, rows=1, pending=1) == "bulkscim resume one"
    assert following(RunState.FINISHED, rows=2, in_doubt=1, failed=1) == "bulkscim resume one"
    assert "bulkscim retry one" in following(RunState.FINISHED, rows=1, failed=1)
    assert following(RunState.FINISHED, rows=1, done=1) == "bulkscim results one"
    assert "without -n" in next_command(summary_of_totals(Totals(), RunState.FINISHED, 1.0), None)


def test_folder_elsewhere_is_named_by_its_path(tmp_path):
    """A run that is not in the usual place is named so that it can be found."""
    folder = tmp_path / "my runs" / "one"
    summary = summary_of_totals(dataclasses.replace(Totals(), rows=1, pending=1), RunState.STOPPED, 0.5)

    assert f"resume '{folder}'" in list(closing_lines(summary, folder))[-1]
