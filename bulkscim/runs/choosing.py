"""Choose which rows of a job file a run takes, by its request, other runs, and a plan."""

import secrets
from dataclasses import replace
from pathlib import Path

from bulkscim.errors import Mismatch, UsageError
from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.selecting import Selected, select
from bulkscim.jobfile.source import JobSource
from bulkscim.jobfile.validate import ALL, Chosen
from bulkscim.journal import runfolder
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.header import Header
from bulkscim.model.base_url import same_base_url
from bulkscim.model.events import People
from bulkscim.model.selection import RowSelection, TakenRows
from bulkscim.reporting.next_commands import run_name
from bulkscim.reporting.recorded import read_header
from bulkscim.runs.request import RunRequest

_SEEDS = 1_000_000
_NONE = TakenRows(b"")


def chosen(request: RunRequest, source: JobSource, folder: Path, people: People) -> tuple[RunRequest, Chosen]:
    """Return the rows that are taken, and the request with what selects them again.

    UsageError where none is left, Mismatch where a run of `not_in` is not one of this job file on this tenant.
    """
    if request.plan is not None:
        return request, _of_plan(request.plan.head.header)
    asked = _complete(request.selection)
    if asked.is_every:
        return request, ALL
    runs = [_taken_by(name, request, source) for name in asked.not_in]
    asked = replace(asked, not_in=tuple(name for name, _ in runs))
    others = [rows for _, rows in runs]
    found = select(source, request.said.defaults, asked, others)
    if not found.rows:
        if found.records:
            raise UsageError(f"no row is left to take: {found.told(asked)}{_beyond_skip(asked, found)}")
        return replace(request, selection=asked), ALL  # the check says what is wrong with the file
    if asked.sample is not None and request.selection.seed is None:
        people.note(f"sample    chosen with --seed {asked.seed}: the same seed chooses these rows again")
    rows = _with_needed(request, source, folder, people, found.rows, union(others))
    return replace(request, selection=asked), Chosen(rows, after_others=bool(others))


def union(sets: list[TakenRows]) -> TakenRows:
    """Return the rows that are in one of several sets."""
    found = _NONE
    for one in sets:
        found = found | one
    return found


def _of_plan(header: Header) -> Chosen:
    """Return the rows of a plan."""
    if header.selection is None:
        return ALL
    return Chosen(header.taken_rows, after_others=bool(header.selection.not_in))


def _complete(asked: RowSelection) -> RowSelection:
    """Return a selection with a seed where it needs one; UsageError where its parts do not fit."""
    if asked.seed is not None and asked.sample is None:
        raise UsageError("--seed chooses the rows of --sample N; give --sample N as well")
    if asked.with_needed and replace(asked, with_needed=False).is_every:
        raise UsageError(
            "--with-needed takes rows along that the taken ones need; give --limit, --sample, --skip, --where or --not-in "
            "as well"
        )
    return replace(asked, seed=secrets.randbelow(_SEEDS)) if asked.sample and asked.seed is None else asked


def _taken_by(name: str, request: RunRequest, source: JobSource) -> tuple[str, TakenRows]:
    """Return how to name a run that is not to be repeated, and the rows that it took."""
    header, folder = read_header(name, request.runs_dir), runfolder.find(name, request.runs_dir, LocalDisk())
    what = ""
    if (header.job.sha256, header.job.header_line) != (source.sha256, source.header_line):
        what = f"another job file ({header.job.path})"
    elif not same_base_url(header.tenant.base_url, request.tenant.base_url):
        what = f"another tenant ({header.tenant.base_url})"
    if what:
        raise Mismatch(
            f"--not-in {name}: that run is of {what}; it says nothing of the rows of {source.name}. Nothing was sent"
        )
    return run_name(folder), header.taken_rows or TakenRows.first(header.rows)


def _beyond_skip(asked: RowSelection, found: Selected) -> str:
    return f", --skip {asked.skip:,} leaves none" if asked.skip and found.left else ""


def _with_needed(
    request: RunRequest, source: JobSource, folder: Path, people: People, rows: TakenRows, others: TakenRows
) -> TakenRows:
    """Return the rows, with those that they need where these are to be taken along; else they are named."""
    beyond = Beyond(source, request.said.defaults, rows, folder / "beyond.sqlite", others)
    if not beyond.rows:
        return rows
    if not request.selection.with_needed:
        people.note(beyond.note())
        return rows
    people.note(beyond.numbers())
    return rows | beyond.rows
