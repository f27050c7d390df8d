"""What is counted for guards that a run began without, where it goes on: seats in use, and the members of groups."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bulkscim.engine.step_guards import Done, done_by
from bulkscim.jobfile.reading import taken_rows
from bulkscim.jobfile.source import JobSource
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.limits import GuardLimits, Limit
from bulkscim.planning.guards import Bounds, SeatChange, emptied_bound
from bulkscim.runs.group_removals import leaving
from bulkscim.runs.listed_users import seats_in_use
from bulkscim.runs.session import Visit


async def counted_again(
    bounds: Bounds,
    limits: GuardLimits,
    record: RecordedRun,
    source: JobSource,
    visit: Visit,
    say: Callable[[str], None],
) -> Bounds:
    """Return the guards with those that the run began without: by what the tenant shows now, without what the run has done.

    Refused where the seats in use cannot be counted.
    """
    seats = limits.seats if bounds.seats_used is None else None
    emptied = limits.max_emptied if bounds.max_emptied is None else None
    if seats is None and emptied is None:
        return bounds
    done = done_by(record)
    if seats is not None:
        used = (await seats_in_use(seats, visit, say)).used - SeatChange.of(done.effects).net
        bounds = replace(bounds, seats=seats, seats_used=max(0, used))
    if emptied is not None:
        sizes = await _sizes(record, source, visit, done, say)
        bounds = replace(bounds, **_of_groups(bounds, emptied, sizes))
    return bounds


def _of_groups(bounds: Bounds, emptied: Limit, sizes: dict[str, int]) -> dict[str, Any]:
    """Return the guards of groups with these sizes; those of the start go first."""
    known = sizes | dict(bounds.group_sizes or {})
    return {"max_emptied": emptied_bound((emptied,), len(known)), "group_sizes": known}


async def _sizes(
    record: RecordedRun, source: JobSource, visit: Visit, done: Done, say: Callable[[str], None]
) -> dict[str, int]:
    """Return how many members each group that the job takes members from had before the run changed it."""
    header = record.header
    asked = (one for _, one in taken_rows(source, header.defaults, header.taken_rows))
    groups = await leaving(asked, visit, say, bounded=True, moves=visit.seen.profile.one_group)
    return {one.id: max(0, (one.members or 0) + done.left[one.id] - done.joined[one.id]) for one in groups}
