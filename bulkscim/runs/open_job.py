"""Open the job file of a run, choose its rows, and check them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from bulkscim.engine.clock import RealClock
from bulkscim.errors import Refused
from bulkscim.jobfile.record_checks import Rules
from bulkscim.jobfile.source import JobSource, checking, open_source
from bulkscim.jobfile.validate import Checked, Chosen, check
from bulkscim.model.events import People
from bulkscim.reporting.console import interruptible
from bulkscim.runs.canary import canary_rows
from bulkscim.runs.choosing import chosen
from bulkscim.runs.earlier import folders_of
from bulkscim.runs.request import RunRequest
from bulkscim.runs.tenant_schemas import kept_schemas

INDEX = "index.sqlite"


@contextmanager
def opened_job(
    request: RunRequest, folder: Path, people: People
) -> Iterator[tuple[RunRequest, JobSource, Checked]]:
    """Open and check the job file; JobFileInvalid lists what is wrong with it, or says that it changed meanwhile.

    The request that is returned says how the rows were selected in a way that selects them again.
    """
    with interruptible() if request.heed_signals else nullcontext():
        source = request.job if isinstance(request.job, JobSource) else _opened(request, request.job)
    with checking(source):
        request, rows = chosen(request, source, folder, people)
        with _checked(request, source, folder, rows) as checked:
            yield _with_canary(request, source, checked), source, checked


def _with_canary(request: RunRequest, source: JobSource, checked: Checked) -> RunRequest:
    """Return the request with the rows that are done first, where any are wanted."""
    if request.canary is None or request.dry_run:
        return request
    found = canary_rows(source, request.said.defaults, checked, request.canary, request.plan)
    return replace(request, canary_rows=found)


def _opened(request: RunRequest, job: str) -> JobSource:
    return open_source(job, _stdin(), request.said.form)


@contextmanager
def _checked(request: RunRequest, source: JobSource, folder: Path, rows: Chosen) -> Iterator[Checked]:
    live = kept_schemas(request.tenant, RealClock().now())
    rules = Rules(strict=request.strict, live=live, warns_by_live=True)
    checked = check(source, request.said.defaults, folder / INDEX, rows, rules)
    with checked.sound_index():
        yield checked


def not_before(source: JobSource, checked: Checked, today: date, people: People, *, dry_run: bool) -> None:
    """Refuse a file of which something is for a later day; a dry run says so and goes on."""
    if checked.not_before <= today.isoformat():
        return
    told = f"{source.name} is for {checked.not_before} or later (`not_before`), and today is {today.isoformat()} (UTC)"
    if not dry_run:
        raise Refused(f"{told}. Nothing was sent; run it on that day or later.")
    people.note(told)


def earlier_folders(request: RunRequest, source: JobSource, checked: Checked, people: People) -> list[str]:
    """Return the folders of the runs whose failed records these are, or whose rows are left out; what they made is known by its ref."""
    folders, notes = folders_of(
        (*checked.earlier, *request.selection.not_in),
        request.runs_dir,
        source.path.resolve().parent,
        request.tenant.base_url,
    )
    for note in notes:
        people.note(note)
    return folders


def _stdin() -> BinaryIO | None:
    """Return standard input; a program in the background has none."""
    return getattr(sys.stdin, "buffer", None)
