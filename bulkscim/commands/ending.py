"""How a command that works on a run ends: its summary, kept and told."""

from typing import TYPE_CHECKING

from bulkscim.commands import setting
from bulkscim.model.run import RunState
from bulkscim.reporting.console import People
from bulkscim.reporting.summary import Summary, closing_lines, summary_of_totals, write_summary

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport


def tell(report: "RunReport", people: People, *, as_json: bool) -> None:
    """Write summary.json, say how it ended and what comes next; on stdout only what is asked for."""
    summary = _summary(report, people)
    if report.exit_reason is not None and report.state is not RunState.INTERRUPTED:
        people.error(str(report.exit_reason))
    if report.folder is not None:
        people.detail(f"folder {report.folder}")
    for line in closing_lines(summary, report.folder):
        people.note(line)
    if as_json:
        setting.print_json(summary)


def _summary(report: "RunReport", people: People) -> Summary:
    """Return the summary that the journal gives; without one, that of the report."""
    from bulkscim.reporting.recorded import summary_at

    if report.folder is None:
        return summary_of_totals(report.totals, report.state, report.elapsed_s, report.chain)
    summary = summary_at(report.folder) | {"state": report.state.value}
    try:
        write_summary(summary, report.folder)
    except OSError as error:  # a full disk; the journal has it all
        people.warn(f"cannot write summary.json: {error.strerror}")
    return summary
