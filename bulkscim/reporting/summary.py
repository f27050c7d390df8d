"""A run in one object: `status --json` and summary.json, and the same for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from pathlib import Path
from typing import Any

from bulkscim.journal import typed_json
from bulkscim.journal.typed_json import FLAT, OMITTED, REST
from bulkscim.model.harmless import indented_json, one_line, shown_duration
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState, Totals
from bulkscim.model.typed import NEXT
from bulkscim.outputs import run_file
from bulkscim.reporting.causes import Cause, cause_lines, state_words
from bulkscim.reporting.derived_file import told
from bulkscim.reporting.live_status import LiveStatus, live_lines

SUMMARY = "summary.json"

_ENDED_WELL = (RowState.DONE, RowState.ADOPTED, RowState.NOOP)
_GLOSSES = {RowState.ADOPTED: "existed already", RowState.NOOP: "left as it was"}
SHOWN = (*_ENDED_WELL, RowState.FAILED, RowState.SKIPPED, RowState.IN_DOUBT, RowState.PENDING)


@dataclass(frozen=True, slots=True)
class Summary:
    """A run. What follows `noop_differ` is known of a run that has a folder, except causes and next commands.

    `adopted_differ` and `noop_differ` count the rows whose resource is not as the row says. `unended_changes` counts the
    steps that took effect for rows that have not ended. `again` is the command for a
    job file that was changed meanwhile. `changed` are the settings and guards that later sessions changed. `causes` are
    None where they were not looked for. `progress` is there while a process works on the run. `results`, `errors` and `later` are files that are there. `others` is what else
    an earlier version has kept.
    """

    run: str | None
    state: RunState
    totals: Totals = field(metadata=FLAT)
    elapsed_s: float = 0.0
    chain: str = ""
    adopted_differ: int = 0
    noop_differ: int = 0
    undoable: bool = False
    unended_changes: int = 0
    why: str | None = None
    again: str | None = None
    command: str | None = None
    job: str | None = None
    job_sha256: str | None = None
    tenant: str | None = None
    profile: str | None = None
    note: str | None = None
    changed: Mapping[str, JsonObject] | None = None
    started_at: str | None = None
    ended_at: str | None = None
    rollbacks: tuple[str, ...] = ()
    sessions: int = 0
    folder: str | None = None
    causes: tuple[Cause, ...] | None = None
    results: str | None = field(default=None, metadata=OMITTED)
    errors: str | None = field(default=None, metadata=OMITTED)
    later: str | None = field(default=None, metadata=OMITTED)
    next: tuple[str, ...] | None = field(default=None, metadata=OMITTED)
    undo: str | None = field(default=None, metadata=OMITTED)
    later_command: str | None = field(default=None, metadata=OMITTED)
    purged_at: str | None = field(default=None, metadata=OMITTED)
    progress: LiveStatus | None = field(default=None, metadata=OMITTED)
    others: Mapping[str, Any] = field(default_factory=dict, metadata=REST)

    def differ(self, state: RowState) -> int:
        """Return how many rows of a state found a resource that is not as the row says."""
        return {RowState.ADOPTED: self.adopted_differ, RowState.NOOP: self.noop_differ}.get(state, 0)


_NAMES = [one.name for one in fields(Summary)]
_OF_FOLDER = frozenset(_NAMES[_NAMES.index("undoable") : _NAMES.index("causes")])


def read(data: object) -> Summary:
    """Return what the JSON of a summary says; ValueError names the member that does not fit."""
    return typed_json.read(Summary, data)


def write(summary: Summary) -> JsonObject:
    """Return the JSON of a summary: `status --json` and summary.json."""
    made = typed_json.write(summary)
    if summary.folder is not None:
        return made
    return {
        name: made[name]
        for name in made
        if (name not in _OF_FOLDER and made[name] is not None) or name == "run"
    }


def write_summary(summary: Summary, folder: Path) -> Path:
    """Write summary.json, whole or not at all."""
    path = folder / SUMMARY
    with run_file(path) as file:
        file.write(indented_json(write(summary)))
    return path


def closing_lines(summary: Summary, folder: Path | None, *, written: bool = False) -> Iterator[str]:
    """Say how it ended and why, what it cost, where its chain ends, and the next commands.

    Without a folder it was a dry run. `written`: the results files have just been written.
    """
    yield _ended(summary, folder)
    yield from cause_lines(summary.causes or (), dry_run=folder is None)
    reads = ", reads only" if folder is None else ""
    totals = summary.totals
    if summary.progress is None or summary.progress.age_s is None:
        sent = f"{totals.requests:,} request{'s' * (totals.requests != 1)}{reads}"
        yield f"{sent}, {totals.retries:,} of them repeats, {totals.throttled:,} throttled"
    if summary.chain:
        yield f"chain: {summary.chain} (checksum of the journal; `verify` checks it)"
    if written and folder is not None:
        yield f"results: {folder / 'results.csv'}"
    yield from _named(summary)
    if summary.later_command:
        yield from filter(None, [told(Path(summary.later or ""))])
        yield f"later: {summary.later_command}"
    if summary.undo:
        yield f"undo: {summary.undo}"


def urgent_lines(summary: Summary, folder: Path | None) -> Iterator[str]:
    """Say what must not be missed: nothing of a run whose rows all ended as wanted."""
    if any(summary.totals.of(state) for state in SHOWN if state not in _ENDED_WELL):
        yield _ended(summary, folder)
        yield from cause_lines(summary.causes or (), dry_run=folder is None)
        yield from _named(summary)


def _ended(summary: Summary, folder: Path | None) -> str:
    """Say in one line how a run ended."""
    rows, state, dry_run = summary.totals.rows, summary.state.value, folder is None
    counts = ", ".join(_count(summary, state, dry_run=dry_run) for state in SHOWN if summary.totals.of(state))
    time = shown_duration(summary.elapsed_s)
    state = f"dry run, nothing was changed: {state}" if dry_run else state
    made = "".join(f"; {each}" for each in _changes_so_far(summary))
    return f"{state}: {rows:,} row{'s' * (rows != 1)} in {time}: {counts or 'nothing to do'}{made}"


def _changes_so_far(summary: Summary) -> Iterator[str]:
    """Say how many changes no state counts yet: a row that waits for its last membership has made the others."""
    changes = summary.unended_changes
    if changes:
        made = "1 change was" if changes == 1 else f"{changes:,} changes were"
        yield f"{made} made for rows that have not ended"


def _named(summary: Summary) -> Iterator[str]:
    """Name the next commands; the errors file comes before the command that runs it."""
    errors, commands = summary.errors, summary.next or ()
    last = [each for each in commands if errors and Path(errors).name in each]
    yield from (f"{NEXT}{each}" for each in commands if each not in last)
    if errors:
        yield from filter(None, [told(Path(errors))])
        what = "correct these rows, then run the file" if last else "the rows that did not end as wanted"
        yield f"errors: {errors} ({what})"
    yield from (f"{NEXT}{each}" for each in last)


def _count(summary: Summary, state: RowState, *, dry_run: bool) -> str:
    """Return the rows of a state; of rows whose resource existed, how many of them differ from it."""
    notes = "; ".join(filter(None, (_GLOSSES.get(state), _differing(summary, state))))
    return f"{summary.totals.of(state):,} {state_words(state, dry_run=dry_run)}{f' ({notes})' * bool(notes)}"


def _differing(summary: Summary, state: RowState) -> str:
    """Return how many rows of a state found a resource that is not as the row says; empty where none did."""
    differ = summary.differ(state)
    return f"{differ:,} of them differ{'s' * (differ == 1)} from the file" if differ else ""


def status_lines(summary: Summary, folder: Path, now: float, zone: tzinfo | None = None) -> Iterator[str]:
    """Describe a recorded run, with times by the clock of a zone or this machine's; `now` is in seconds since 1970."""
    running = summary.state is RunState.RUNNING
    labels = ("run", "state", "why", "tenant", "job", "note", "started_at", "ended_at", "purged_at")
    for label in labels:
        value = getattr(summary, label)
        if value and (label != "why" or value != summary.state):
            yield f"{label.removesuffix('_at'):<10}{one_line(value)}"
    for values in (summary.changed or {}).values():
        yield f"{'changed':<10}{one_line(', '.join(f'{name} {_as_given(name, one)}' for name, one in values.items()))}"
    yield f"{'rows':<10}{summary.totals.rows:,}"
    for state in SHOWN:
        if summary.totals.of(state):
            differ = _differing(summary, state)
            word = "under way" if running and state is RowState.IN_DOUBT else state.value.replace("_", " ")
            yield f"  {word:<10}{summary.totals.of(state):>12,}{f'  ({differ})' * bool(differ)}"
    yield from (f"{'so far':<10}{each}" for each in _changes_so_far(summary))
    if summary.progress is not None:
        yield from live_lines(summary.progress, now, zone)
    for name in summary.rollbacks:
        yield f"{'rollback':<10}{name}"
    yield from list(closing_lines(summary, folder))[1:]


def _as_given(name: str, value: object) -> object:
    """Return a setting as its flag takes it."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "auto" if name == "concurrency" and value == 0 else value
