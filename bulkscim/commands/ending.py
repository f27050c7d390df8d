"""How a command that works on a run ends: its summary, kept and told."""

from pathlib import Path
from typing import TYPE_CHECKING

from bulkscim.commands import setting
from bulkscim.errors import BulkScimError, Mismatch
from bulkscim.model.run import RunState
from bulkscim.reporting.console import People
from bulkscim.reporting.summary import Summary, closing_lines, summary_of_totals, write_summary

if TYPE_CHECKING:
    from bulkscim.jobfile.source import JobSource
    from bulkscim.journal.journal import RecordedRun
    from bulkscim.runs.report import RunReport


def tell(report: "RunReport", people: People, *, as_json: bool) -> None:
    """Write the derived files, say how it ended and what comes next; on stdout only what is asked for."""
    summary, written = _summary(report, people)
    if report.exit_reason is not None and report.state is not RunState.INTERRUPTED:
        people.error(str(report.exit_reason))
    if report.folder is not None:
        people.detail(f"folder {report.folder}")
    for line in closing_lines(summary, report.folder, written=written):
        people.note(line)
    if as_json:
        setting.print_json(summary)


def _summary(report: "RunReport", people: People) -> tuple[Summary, bool]:
    """Return the summary that the journal gives (without one, that of the report), and whether results are written."""
    from bulkscim.reporting.recorded import open_at, read_summary

    if report.folder is None:
        return summary_of_totals(
            report.totals, report.state, report.elapsed_s, report.chain, report.differ
        ), False
    with open_at(report.folder) as recorded:
        summary = read_summary(recorded) | {"state": report.state.value}
        try:
            ended = report.state is not RunState.INTERRUPTED
            return summary, _write(recorded, summary, people, ended=ended)
        except (OSError, BulkScimError) as error:  # a full disk; the journal has it all
            people.warn(f"the result files could not be written: {error}")
            return summary, False


def job_file(recorded: "RecordedRun", job: Path | None, people: People) -> "JobSource | None":
    """Return the job file of a run; without it there is less to write, which is said."""
    from bulkscim.reporting.source import find_source

    try:
        return find_source(recorded.header, recorded.folder, job)
    except Mismatch as error:
        if job is not None:
            raise
        people.warn(f"{error}; without it no errors file is written")
        return None


def _write(recorded: "RecordedRun", summary: Summary, people: People, *, ended: bool) -> bool:
    """Write the derived files; of an interrupted run only the summary, since somebody waits for the prompt."""
    from bulkscim.reporting.files import write_files

    if ended:
        paths = write_files(recorded, job_file(recorded, None, people), summary)
        summary |= {"later": str(paths["later"])} if "later" in paths else {}
    else:
        write_summary(summary, recorded.folder)
    return ended
