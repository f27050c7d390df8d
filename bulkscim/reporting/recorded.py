"""A recorded run as the journal in its folder tells it."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bulkscim.journal.entries import Kind
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.run import RunState
from bulkscim.reporting.printable import one_line
from bulkscim.reporting.summary import Summary, moment


def state_of(recorded: RecordedRun, *, locked: bool) -> RunState:
    """Tell where the run stands; `locked`: a living process holds it."""
    if locked:
        return RunState.RUNNING
    timeline = recorded.timeline
    if not timeline.ended_in_order:
        return RunState.INTERRUPTED
    return RunState.FINISHED if timeline.last is Kind.CLOSED else RunState.STOPPED


def summary_of(recorded: RecordedRun, state: RunState) -> Summary:
    """Return the summary, the promised keys first."""
    header, timeline = recorded.header, recorded.timeline
    job, tenant = _object(header, "job"), _object(header, "tenant")
    return {
        "run": header.get("run", recorded.folder.name),
        "state": state.value,
        **asdict(recorded.ledger.totals()),
        "elapsed_s": round(timeline.elapsed_s, 1),
        "chain": recorded.chain,
        "command": header.get("command"),
        "job": job.get("path"),
        "job_sha256": job.get("sha256"),
        "tenant": tenant.get("base_url"),
        "profile": tenant.get("profile"),
        "note": header.get("note") or None,
        "started_at": moment(timeline.started_at or None),
        "ended_at": moment(timeline.ended_at or None) if state is not RunState.RUNNING else None,
        "sessions": timeline.sessions,
        "folder": str(recorded.folder),
    }


def listing_lines(summaries: Iterable[Summary]) -> Iterator[str]:
    """Return a table of runs."""
    yield f"{'run':<34} {'state':<12} {'rows':>10} {'failed':>8} {'in doubt':>8}  tenant, job"
    for each in summaries:
        what = one_line(f"{each['tenant']}, {each['job']}")
        yield (
            f"{one_line(each['run']):<34} {each['state']:<12} {each['rows']:>10,}"
            f" {each['failed'] + each['skipped']:>8,} {each['in_doubt']:>8,}  {what}"
        )


def shown_path(folder: Path) -> str:
    """Return the folder as it is found from here."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


def _object(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}
