"""Ask at the terminal whether a run goes on whose canary is not right."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bulkscim.commands import final_report, runtime, typed_flags
from bulkscim.errors import CanaryFailed
from bulkscim.reporting.console import Console

if TYPE_CHECKING:
    from bulkscim.runs.report import RunReport
    from bulkscim.runs.request import ResumeRequest


def carried_on(
    report: "RunReport", request: "ResumeRequest", people: Console, *, as_json: bool
) -> "RunReport":
    """Go on with the other rows where the user wants that; without a terminal, and after any other end, the report stays."""
    if not isinstance(report.exit_reason, CanaryFailed) or as_json:
        return report
    left = report.totals.pending
    if not people.agrees(f"Send the other {left:,} row{'s' * (left != 1)} all the same?"):
        return report
    from bulkscim.runs.resume import resume

    with runtime.watching(people) as watcher:
        report = runtime.carry_out(lambda: resume(replace(request, despite_canary=True), people, watcher))
    final_report.tell(report, people, typed_flags.typed(), as_json=False)
    return report
