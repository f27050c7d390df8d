"""A run that changes nothing: the same engine over a transport that cannot write."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bulkscim.engine.step_guards import Done, done_by
from bulkscim.journal import journal, runfolder
from bulkscim.journal.bodies import Applied
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.entries import Entry
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import MEMBERSHIP
from bulkscim.model.row import RowState
from bulkscim.model.run import RunState
from bulkscim.reporting.causes import causes_of
from bulkscim.runs.assembly import Around, Session, opened
from bulkscim.runs.attempts import carry_out
from bulkscim.runs.report import RunReport
from bulkscim.runs.start import Start
from bulkscim.transport.dry_run import Planning

Look = Callable[[RecordedRun], None]
_GROUP = "group:"  # a part that creates a group by its name


def nothing(recorded: RecordedRun) -> None:
    """Look at nothing of a dry run."""


async def plan(start: Start, folder: Path, around: Around, look: Look = nothing) -> RunReport:
    """Go through the same engine over a transport that cannot write; its journal is thrown away after a `look` at it.

    A dry run that stopped early is not looked at.
    """
    disk, clock = LocalDisk(), around.clock
    with (
        runfolder.create(folder, "plan", disk, clock) as held,
        closing(Planning(start.visit.transport, start.seen.profile.enforces_unique)) as planning,
    ):
        header = start.header("plan", start.source)
        record = journal.create(held.path, disk, header, clock)
        try:
            await record.append(Entry(opened(f"{start.command} -n")))
            terms = replace(start.terms, answered_here=planning.answers_alone)
            report = await carry_out(Session(start.job(start.source), record, planning, terms, around))
            if report.state is RunState.FINISHED:
                look(record)
                done = done_by(record)
                if told := _run_told(start, record, done):
                    around.watcher.note(told)
                start.refuse_planned(done, around.watcher.note)
            causes = [replace(cause, command=None) for cause in causes_of(record, "plan")]
        finally:
            await record.aclose()
    read = replace(
        report.totals, requests=planning.asked
    )  # the journal counts the changes as if they were sent
    return replace(report, folder=None, chain="", totals=read, causes=tuple(causes))


def _run_told(start: Start, record: RecordedRun, done: Done) -> str:
    """Say how long a run of what the plan has found takes; empty where nothing is to be sent."""
    own = Counter(f"{end.op} {end.type}" for _, end in record.ends(RowState.DONE) if end.op not in MEMBERSHIP)
    groups = done.left + done.joined
    if not own and not groups:
        return ""
    new_groups = any(entry.part.startswith(_GROUP) for entry, _ in record.each(Applied, _GROUP.encode()))
    return start.later(own, tuple(groups.values()), new_groups=new_groups)
