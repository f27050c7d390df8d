"""One more oracle: what a run did is taken back, through crashes too, and the tenant is as it was before."""

from dataclasses import replace
from pathlib import Path
from random import Random

from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.validate import index_of
from bulkscim.journal import journal, runfolder
from bulkscim.planning.partial import PART
from bulkscim.reporting.source import find_source
from bulkscim.runs.assembly import Around, Job
from bulkscim.runs.rollback import undo
from bulkscim.runs.session import go_on, past_of, patient
from bulkscim.runs.tenant import look
from tests.support import simulated_world
from tests.support.simulated_disk import FOLDER
from tests.support.simulated_machine import JOBS, RETRIES, SESSIONS, Machine, job
from tests.support.simulated_oracles import Broken
from tests.support.watching import Silent


class Undoing(Machine):
    """A machine that knows the command `rollback` as well: begun, or gone on with where its child run is there."""

    def __init__(self, seed, ready, world, random, draft):
        super().__init__(seed, ready, world, random)
        self.draft = Path(draft)
        self.before = self.tenant.state()
        self.retries = 0

    async def _process(self, name):
        if name != "rollback":
            return await super()._process(name)
        around = Around(Silent(), self.time, self.random.random, heed_signals=False)
        found = runfolder.children(FOLDER, self.disk)
        if found:
            return await self._go_on_with(found[-1], around)
        self.oracles.follow(FOLDER / "rollback-1")
        with journal.read(FOLDER, self.disk) as recorded:
            terms = await self._seen(recorded)
            draft = self.draft / f"{self.story.seed}-{self.story.sessions}"
            draft.mkdir()
            return self._told(await undo(recorded, self.tenant, terms, around, self.disk, draft))

    async def _go_on_with(self, folder, around):
        with runfolder.hold(folder, self.disk, self.time) as held:
            record = journal.open_for_append(folder, self.disk, self.time)
            source = find_source(record.header, folder)
            with index_of(source, Defaults(), self.draft / "resumed", None) as index:
                given = Job(source, Defaults(), index, record.ledger.rows)
                seen = await self._seen(record, died=held.before is not None)
                report = await go_on(given, record, self.tenant, seen, around, retry=self._has_failed())
            await record.aclose()
            return self._told(report)

    async def _seen(self, record, *, died=False):
        asked = replace(self.terms.settings, on_exists="fail", create_groups=False, on_drift=PART)
        first = patient(self.tenant, asked, self.terms.profile, self.time, past_of(record, died=died))
        seen = await look(first, self.terms.profile)
        return replace(
            self.terms, settings=asked, profile=seen.profile, ahead_s=seen.ahead_s, arrivals=first.arrivals
        )

    def _told(self, report):
        self.totals, self.reason = (report.totals, report.exit_reason) if report else (None, None)

    def _has_failed(self):
        """Whether the rollback has come to its end with rows that the tenant refused: a lock is gone a moment later."""
        ended = self.totals and not self.totals.pending + self.totals.in_doubt
        return bool(ended and self.totals.failed)

    def take_back(self):
        """Take the run back, in as many sessions as it needs, and compare with what was before."""
        self.totals = None
        for _ in range(SESSIONS):
            ended = self.command("rollback")
            self.time.advance(self.terms.profile.buckets[0].window_s)
            left = self.totals and self.totals.pending + self.totals.in_doubt
            if not ended or self.reason is not None or left:
                continue
            if not self._has_failed() or self.retries == RETRIES:
                break
            self.retries += 1
        else:
            raise Broken("finish", f"the rollback does not end: {self.totals}, {self.reason}")
        self._compare(self.tenant.state())

    def _compare(self, after):
        for name in sorted(self.before.keys() | after.keys()):
            if self.before.get(name) != after.get(name):
                told = f"{name} is {after.get(name)} after the rollback, was {self.before.get(name)}; {self.totals}"
                raise Broken("undo", told)


def undone(seed, draft, operations=30):
    """Live a seed to its end and take it back; in a world whose refusals and lies leave nothing half done."""
    random = Random(seed)
    drawn = simulated_world.draw(random)
    told = {
        "poison": 0,
        "redirects": 0.0,
        "lies": 0.0,
        "shows_created": True,
        "max_errors": None,
        "crashes": 6,
    }
    world = replace(drawn, lag_s=min(drawn.lag_s, 1.9), ahead_s=0.0, **told)
    one = Undoing(seed, job(seed % JOBS, operations), world, random, draft)
    try:
        one.until_done()
        one.take_back()
    except Broken as broken:
        broken.add_note(f"world: {world}")
        raise
    return one.story
