"""The files that are derived from a run's journal: results, errors, what is for later, summary. Delete them at will."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson

from bulkscim.jobfile.source import JobSource
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import USER, JsonObject, Verb
from bulkscim.model.row import RowState
from bulkscim.outputs import run_file
from bulkscim.reporting.derived_file import free_place, remember
from bulkscim.reporting.errors_file import write_errors
from bulkscim.reporting.next_commands import NOTHING, Typed, run_name, with_next
from bulkscim.reporting.results import Asked, Result, results, write_results
from bulkscim.reporting.rollback_preview import of_rollback
from bulkscim.reporting.source import asked
from bulkscim.reporting.summary import SUMMARY, Summary, write_summary


def write_files(
    recorded: RecordedRun, source: JobSource | None, summary: Summary, typed: Typed = NOTHING
) -> Summary:
    """Write what can be written into the run's folder, and return the summary that says where it is.

    Without the job file there is no errors file, and rows that never began show no operation. OSError where
    the folder cannot be written.
    """
    results_ = _write_results(recorded, source)
    errors = write_errors(recorded, source, run_name(recorded.folder)) if source is not None else None
    later = write_later(recorded)
    summary = replace(
        summary,
        results=str(results_),
        errors=str(errors) if errors else summary.errors,
        later=str(later) if later else summary.later,
    )
    summary = with_next(summary, recorded.folder, recorded.header, typed, written=True)
    write_summary(summary, recorded.folder)
    return summary


def written_files(summary: Summary, folder: Path) -> dict[str, str]:
    """Return where the files are that a summary names, and its own."""
    there = {"results": summary.results, "errors": summary.errors, "later": summary.later}
    return {name: path for name, path in there.items() if path} | {"summary": str(folder / SUMMARY)}


def _write_results(recorded: RecordedRun, source: JobSource | None) -> Path:
    path = recorded.folder / "results.csv"
    write_results(all_results(recorded, source), path)
    return path


def all_results(recorded: RecordedRun, source: JobSource | None) -> Iterator[Result]:
    """Return what became of each row; the job file tells what is asked of those that have not settled.

    Those of a rollback say which rows of its parent they take back.
    """
    ledger = recorded.ledger
    totals = ledger.totals()
    unsettled: Asked = ()
    if source is not None and (totals.pending or totals.in_doubt):
        unsettled = asked(recorded, source, lambda row: ledger.takes(row) and not ledger.is_settled(row))
    found = results(recorded, unsettled)
    return of_rollback(found, source) if source is not None and recorded.header.parent else found


def write_later(recorded: RecordedRun) -> Path | None:
    """Write the job file that deletes the users that a run deactivated, when their grace has ended.

    One line for each user that is deactivated now, by id, with what must still be so then: a user that came back is
    left alone. None where the run gave no grace or deactivated no user.
    """
    grace = recorded.header.grace
    if grace is None:
        return None
    day = grace.ends(recorded.timeline.started_at)
    path = free_place(recorded.folder / f"delete-after-{day.isoformat()}.jsonl")
    written = 0
    with run_file(path) as file:
        for record in _deletes(recorded, day):
            file.write(orjson.dumps(record).decode() + "\n")
            written += 1
    if not written:
        path.unlink()
        return None
    remember(path)
    return path


def _deletes(recorded: RecordedRun, day: date) -> Iterator[JsonObject]:
    seen = sqlite3.connect("", isolation_level=None)  # a private temporary file
    seen.execute("create table id (id text primary key) without rowid")
    for _, end in recorded.ends(RowState.DONE, RowState.NOOP):
        if end.op != Verb.DEACTIVATE or not end.id:
            continue
        if seen.execute("insert or ignore into id values (?)", (end.id,)).rowcount:
            yield {
                "op": Verb.DELETE.value,
                "type": USER,
                "id": end.id,
                "expect": {"active": False},
                "not_before": day.isoformat(),
                "_who": end.key,
            }
