"""Open and check the job file of a run, with a limit also the rows beyond it that are needed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from bulkscim.engine.clock import RealClock
from bulkscim.errors import Refused, UsageError
from bulkscim.jobfile.needed import Beyond
from bulkscim.jobfile.record_checks import Rules
from bulkscim.jobfile.source import JobSource, checking, open_source
from bulkscim.jobfile.validate import Checked, check
from bulkscim.model.events import People
from bulkscim.reporting.console import interruptible
from bulkscim.runs.options import RowSelection
from bulkscim.runs.request import RunRequest
from bulkscim.runs.tenant_schemas import kept_schemas

INDEX = "index.sqlite"


@contextmanager
def opened_job(
    request: RunRequest, folder: Path, people: People
) -> Iterator[tuple[RunRequest, JobSource, Checked]]:
    """Open and check the job file; JobFileInvalid lists what is wrong with it, or says that it changed meanwhile.

    With a limit the user is told which rows beyond it are needed. Where these are to be taken along, the job file is
    a copy of the rows, and the request that is returned has no limit.
    """
    if request.selection.with_needed and request.selection.limit is None:
        raise UsageError("--with-needed takes rows beyond --limit N along; give --limit N as well")
    with interruptible() if request.heed_signals else nullcontext():
        source = request.job if isinstance(request.job, JobSource) else _opened(request, request.job)
    with checking(source):
        beyond = _beyond(request, source, folder)
        if beyond is None or not request.selection.with_needed:
            if beyond is not None:
                people.note(beyond.note())
            with _checked(request, source, folder) as checked:
                yield request, source, checked
            return
        people.note(beyond.numbers())
        whole, copy = replace(request, selection=RowSelection()), beyond.selected()
        with checking(copy), _checked(whole, copy, folder) as checked:
            yield whole, copy, replace(checked, records=beyond.records)


def _beyond(request: RunRequest, source: JobSource, folder: Path) -> Beyond | None:
    """Return the rows beyond the limit that are needed; None where there are none."""
    if request.selection.limit is None:
        return None
    beyond = Beyond(source, request.said.defaults, request.selection.limit, folder / "beyond.sqlite")
    return beyond if beyond.rows else None


def _opened(request: RunRequest, job: str) -> JobSource:
    return open_source(job, _stdin(), request.said.form)


@contextmanager
def _checked(request: RunRequest, source: JobSource, folder: Path) -> Iterator[Checked]:
    live = kept_schemas(request.tenant, RealClock().now())
    rules = Rules(strict=request.strict, live=live, warns_by_live=True)
    checked = check(source, request.said.defaults, folder / INDEX, request.selection.limit, rules)
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


def _stdin() -> BinaryIO | None:
    """Return standard input; a program in the background has none."""
    return getattr(sys.stdin, "buffer", None)
