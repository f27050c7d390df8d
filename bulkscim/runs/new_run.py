"""Begin a run of a job file, or a dry run of it: all that is looked at and asked before its first change."""

from dataclasses import replace

from bulkscim.engine.clock import RealClock
from bulkscim.journal.durable import LocalDisk
from bulkscim.model.events import People, Watcher
from bulkscim.model.grace import day_of
from bulkscim.model.operation import Verb
from bulkscim.runs.assembly import Around
from bulkscim.runs.dry_run import Look, nothing, plan
from bulkscim.runs.earlier import known_before
from bulkscim.runs.group_removals import unknown_references
from bulkscim.runs.listed_users import listed_users
from bulkscim.runs.open_job import earlier_folders, not_before, opened_job
from bulkscim.runs.orders import refuse_paused
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import RunRequest
from bulkscim.runs.session import visiting
from bulkscim.runs.start import Start, begin
from bulkscim.runs.state_dir import drafts


async def run(request: RunRequest, people: People, watcher: Watcher, look: Look = nothing) -> RunReport:
    """Bring a job file to a tenant; a dry run does all of it but the writing, and hands its journal to `look`.

    Raises one of `errors` where the run cannot begin; what stops it later is in the report.
    """
    clock, request = RealClock(), request.defined()
    if not request.dry_run:
        refuse_paused(request.tenant.base_url, request.tenant.name)
    around = Around(watcher, clock, heed_signals=request.heed_signals, live=True)
    with drafts() as folder, opened_job(request, folder, people) as (request, source, checked):
        settings = request.settings
        for note in (*request.said.notes, *(f"{source.name}: {each}" for each in checked.notes)):
            people.note(note)
        for warning in checked.warnings:
            people.warn(warning)
        not_before(source, checked, day_of(clock.now()), people, dry_run=request.dry_run)
        async with visiting(request.tenant, settings, clock, say=people.note) as visit:
            with known_before(earlier_folders(request, source, checked, people)) as earlier:
                accounts = await visit.protected(request.standing.protect)
                start = Start(request, source, checked, visit, earlier, protects=accounts.names)
                asked = start.operations() if request.plan is None else ()
                listed = await listed_users(request, checked.removals, asked, visit, people.note)
                start = replace(start, listed=listed).with_rivals(people)
                start.refuse_stale_plan()
                start = await start.held(accounts, people)
                if checked.count(Verb.DELETE):
                    unknown = await unknown_references(visit.first, visit.seen.profile, clock)
                    start = replace(start, unknown=unknown)
                start.approve(people)
                source.refuse_change()
                if request.dry_run:
                    return await plan(start, folder, around, look)
                return await begin(start, LocalDisk(), around)
