"""The end of a command that works on a run: the summary is written and printed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bulkscim.commands import runtime
from bulkscim.errors import BulkScimError, Mismatch
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.reporting.console import Console, Volume
from bulkscim.reporting.hints import CREATE_GROUPS
from bulkscim.reporting.next_commands import Typed, with_next
from bulkscim.reporting.summary import (
    Summary,
    closing_lines,
    urgent_lines,
    write,
    write_summary,
)

if TYPE_CHECKING:
    from bulkscim.jobfile.source import JobSource
    from bulkscim.journal.journal import RecordedRun
    from bulkscim.runs.report import RunReport


def tell(report: "RunReport", people: Console, typed: Typed, *, as_json: bool) -> None:
    """Write the derived files, say how it ended and what comes next; on stdout only what is asked for."""
    summary, written = _summary(report, people, typed)
    if report.exit_reason is not None and report.state is not RunState.INTERRUPTED:
        people.error(str(report.exit_reason))
    if report.folder is not None:
        people.detail(f"folder {report.folder}")
    if people.volume is Volume.QUIET:
        lines = urgent_lines(summary, report.folder)
    else:
        lines = closing_lines(summary, report.folder, written=written)
    for line in lines:
        people.say(line)
    if report.held_back and people.volume is not Volume.QUIET:
        people.say(report.held_back)
    if as_json:
        runtime.print_json(write(summary))


def _summary(report: "RunReport", people: Console, typed: Typed) -> tuple[Summary, bool]:
    """Return the summary that the journal gives (without one, that of the report), and whether results are written."""
    from bulkscim.reporting.recorded import open_at, read_summary

    if report.folder is None:
        commands = [typed.again] if typed.again else []
        if report.state is not RunState.FINISHED:  # what it would have shown is not known
            commands = [typed.looks] if typed.looks else []
        elif report.totals.failed or report.totals.skipped:
            makes_groups = any(CREATE_GROUPS in cause.detail for cause in report.causes)
            flags = f" {CREATE_GROUPS}" if makes_groups else ""
            looks = [f"{typed.looks}{flags}"] if typed.looks and report.totals.failed else []
            commands = [*looks, *(commands if typed.is_plan and _changes(report) else [])]
        elif not _changes(report):
            commands = []
        return replace(summary_of(report), causes=report.causes, next=tuple(commands)), False
    with open_at(report.folder) as recorded:
        summary = replace(read_summary(recorded), state=report.state)
        summary = with_next(summary, recorded.folder, recorded.header, typed)
        ended = report.state is not RunState.INTERRUPTED
        try:
            return _written(recorded, summary, typed, people, ended=ended), ended
        except (OSError, BulkScimError) as error:  # a full disk; the journal has it all
            people.warn(f"the result files could not be written: {error}")
            return summary, False


def _changes(report: "RunReport") -> bool:
    """Whether a dry run has found that anything would be changed."""
    return report.totals.done + report.totals.adopted > 0


def summary_of(report: "RunReport") -> Summary:
    """Return the summary of a run that left no folder."""
    adopted, noop = (report.differ.get(state, 0) for state in (RowState.ADOPTED, RowState.NOOP))
    elapsed_s = round(report.elapsed_s, 1)
    return Summary(None, report.state, report.totals, elapsed_s, report.chain, adopted, noop)


def job_file(recorded: "RecordedRun", job: Path | None, people: Console) -> "JobSource | None":
    """Return the job file of a run; without it there is less to write, which is said."""
    from bulkscim.reporting.source import find_source

    try:
        return find_source(recorded.header, recorded.folder, job)
    except Mismatch as error:
        if job is not None:
            raise
        why = str(error).partition("\n")[0]  # its next command is that of the closing lines
        people.warn(f"no errors file is written without the job file: {why}")
        return None


def _written(
    recorded: "RecordedRun", summary: Summary, typed: Typed, people: Console, *, ended: bool
) -> Summary:
    """Write the derived files; of an interrupted run only the summary, since the user waits for the prompt."""
    from bulkscim.reporting.files import write_files

    if ended:
        job = Path(typed.job[1]) if typed.job else None
        return write_files(recorded, job_file(recorded, job, people), summary, typed)
    write_summary(summary, recorded.folder)
    return summary
