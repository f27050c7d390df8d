"""A run in one object: `status --json` and summary.json, and the same for people."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bulkscim.model.harmless import indented_json, one_line, shown_duration
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState, Totals
from bulkscim.model.typed import NEXT
from bulkscim.outputs import run_file
from bulkscim.reporting.causes import cause_lines, state_words

Summary = dict[str, Any]
SUMMARY = "summary.json"

_ENDED_WELL = (RowState.DONE, RowState.ADOPTED, RowState.NOOP)
_GLOSSES = {RowState.ADOPTED: "existed already", RowState.NOOP: "left as it was"}
SHOWN = (*_ENDED_WELL, RowState.FAILED, RowState.SKIPPED, RowState.IN_DOUBT, RowState.PENDING)


def differ_counts(differ: Mapping[RowState, int]) -> Summary:
    """Return how many rows of a state found a resource that is not as the row says."""
    return {f"{state.value}_differ": differ.get(state, 0) for state in (RowState.ADOPTED, RowState.NOOP)}


def summary_of_totals(
    totals: Totals,
    state: RunState,
    elapsed_s: float,
    chain: str = "",
    differ: Mapping[RowState, int] | None = None,
) -> Summary:
    """Return the summary of a run that left no folder."""
    totalled = {"run": None, "state": state.value, **asdict(totals)}
    return totalled | {"elapsed_s": round(elapsed_s, 1), "chain": chain} | differ_counts(differ or {})


def moment(seconds: float | None) -> str | None:
    """Return wall time as RFC 3339 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def write_summary(summary: Summary, folder: Path) -> Path:
    """Write summary.json, whole or not at all."""
    path = folder / SUMMARY
    with run_file(path) as file:
        file.write(indented_json(summary))
    return path


def closing_lines(summary: Summary, folder: Path | None, *, written: bool = False) -> Iterator[str]:
    """Say how it ended and why, what it cost, where its chain ends, and the next commands.

    Without a folder it was a dry run. `written`: the results files have just been written.
    """
    yield _ended(summary, folder)
    yield from cause_lines(summary.get("causes") or [], dry_run=folder is None)
    reads = ", all of them reads" if folder is None else ""
    yield (
        f"{summary['requests']:,} requests{reads}, {summary['retries']:,} of them repeats,"
        f" {summary['throttled']:,} throttled"
    )
    if summary["chain"]:
        yield f"chain: {summary['chain']} (checksum of the journal; `verify` checks it)"
    if written and folder is not None:
        yield f"results: {folder / 'results.csv'}"
    yield from _named(summary)
    if summary.get("later_command"):
        yield f"later: {summary['later_command']}"
    if summary.get("undo"):
        yield f"undo: {summary['undo']}"


def urgent_lines(summary: Summary, folder: Path | None) -> Iterator[str]:
    """Say what must not be missed: nothing of a run whose rows all ended as wanted."""
    if any(summary[state] for state in SHOWN if state not in _ENDED_WELL):
        yield _ended(summary, folder)
        yield from cause_lines(summary.get("causes") or [], dry_run=folder is None)
        yield from _named(summary)


def _ended(summary: Summary, folder: Path | None) -> str:
    """Say in one line how a run ended."""
    rows = summary["rows"]
    dry_run = folder is None
    counts = ", ".join(_count(summary, state, dry_run=dry_run) for state in SHOWN if summary[state])
    time = shown_duration(summary["elapsed_s"])
    state = f"dry run, nothing was changed: {summary['state']}" if dry_run else summary["state"]
    return f"{state}: {rows:,} row{'s' * (rows != 1)} in {time}: {counts or 'nothing to do'}"


def _named(summary: Summary) -> Iterator[str]:
    """Name the next commands; the errors file comes before the command that runs it."""
    errors, commands = summary.get("errors"), summary.get("next") or ()
    last = [each for each in commands if errors and Path(errors).name in each]
    yield from (f"{NEXT}{each}" for each in commands if each not in last)
    if errors:
        what = "correct these rows, then run the file" if last else "the rows that did not end as wanted"
        yield f"errors: {errors} ({what})"
    yield from (f"{NEXT}{each}" for each in last)


def _count(summary: Summary, state: RowState, *, dry_run: bool) -> str:
    """Return the rows of a state; of rows whose resource existed, how many of them differ from it."""
    notes = "; ".join(filter(None, (_GLOSSES.get(state), _differing(summary, state))))
    return f"{summary[state]:,} {state_words(state, dry_run=dry_run)}{f' ({notes})' * bool(notes)}"


def _differing(summary: Summary, state: RowState) -> str:
    """Return how many rows of a state found a resource that is not as the row says; empty where none did."""
    differ = summary.get(f"{state.value}_differ")
    return f"{differ:,} of them differ{'s' * (differ == 1)} from the file" if differ else ""


def status_lines(summary: Summary, folder: Path) -> Iterator[str]:
    """Describe a recorded run."""
    running = summary["state"] == RunState.RUNNING
    labels = ("run", "state", "why", "tenant", "job", "note", "started_at", "ended_at", "purged_at")
    for label in labels:
        if summary.get(label) and (label != "why" or summary["why"] != summary["state"]):
            yield f"{label.removesuffix('_at'):<10}{one_line(str(summary[label]))}"
    for values in (summary.get("changed") or {}).values():
        yield f"{'changed':<10}{one_line(', '.join(f'{name} {value}' for name, value in values.items()))}"
    yield f"{'rows':<10}{summary['rows']:,}"
    for state in SHOWN:
        if summary[state]:
            differ = _differing(summary, state)
            word = "under way" if running and state is RowState.IN_DOUBT else state.value.replace("_", " ")
            yield f"  {word:<10}{summary[state]:>12,}{f'  ({differ})' * bool(differ)}"
    for name in summary.get("rollbacks") or ():
        yield f"{'rollback':<10}{name}"
    yield from list(closing_lines(summary, folder))[1:]
