"""One seed: a job, a tenant, a disk, and a process that dies and begins again until all is done."""

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from bulkscim.errors import BulkScimError, JournalDamaged, NoSuchRun
from bulkscim.journal import journal, run_lock
from bulkscim.journal.bodies import Applied
from bulkscim.journal.entries import Entry, Kind
from bulkscim.runs.assembly import Around, Session, opened
from bulkscim.runs.session import begin, first_look, go_on, past_of
from tests.support.making.journals import entry_of, header_of
from tests.support.running.virtual_loop import Killed, Stuck, VirtualLoop, VirtualTime, live
from tests.support.running.watching import Silent
from tests.support.simulation import job as simulated_job
from tests.support.simulation import world as simulated_world
from tests.support.simulation.chance import Deaths, OneStream, OwnStreams
from tests.support.simulation.disk import FOLDER, SimulatedDisk
from tests.support.simulation.ends import look_at_end, look_at_session
from tests.support.simulation.oracles import Broken, Oracles
from tests.support.simulation.own_values import REWRITTEN
from tests.support.simulation.service import SimulatedService

JOBS = 40  # different jobs of a size, shared by all seeds
SESSIONS = 40
RETRIES = 3
DOUBTED = 4
HOURS, USUAL = 4.0, 30  # of virtual time that the commands of so many operations may take, all together
POISONED = (simulated_job.address("n1"), simulated_job.address("n4"))
TEMPORARY = tempfile.TemporaryDirectory(prefix="simulation-")


@lru_cache(maxsize=4 * JOBS)
def job(number, operations):
    """Return one of the jobs, checked once for all seeds of this process."""
    plan = simulated_job.draw(Random(f"job {number}"), operations)
    return simulated_job.ready(plan, Path(TEMPORARY.name) / f"{number}-{operations}")


@dataclass(slots=True)
class Story:
    """What one seed went through."""

    seed: int
    world: object
    sessions: int = 0
    crashes: int = 0
    faults: int = 0
    requests: int = 0
    turns: int = 0
    seconds: float = 0.0
    digest: int = 0


class Machine:
    """A machine that crashes as its world has it, with the tenant that outlives it.

    `deaths` are when its processes die, one after the other, as `Deaths` takes it. `chance` is a text from which each
    request and each session draws by itself; without, all draw from one stream.
    """

    def __init__(self, seed, ready, world, random, deaths=None, *, chance=None):
        self.world, self.random = world, random
        self.deaths, self._chance = Deaths(deaths), chance
        self.time = VirtualTime()
        self.time.leap = world.leap
        self.disk = SimulatedDisk(
            clock=self.time, random=Random(random.random()), slow_s=world.sync_s, bad=world.bad_disk
        )
        self.terms = world.terms
        limits = self.terms.settings.buckets(self.terms.profile)
        self.oracles = Oracles(world, self.time, self.disk, limits)
        poisoned = POISONED if world.poison else ()
        network = OneStream(Random(random.random())) if chance is None else OwnStreams(chance)
        self.tenant = SimulatedService(self.time, network, world, self.oracles, poisoned)
        self.tenant.left = self.deaths.left
        for collection, resource in ready.plan.held:
            self.tenant.hold(collection, resource)
        self.tenant.directory.elsewhere |= {(kind, name.casefold()) for kind, name in ready.plan.elsewhere}
        self.story = Story(seed, world)
        self.turn_to(ready, FOLDER)

    def turn_to(self, ready, folder):
        """Take up a job, to be run in this folder; what an earlier run made is there before."""
        self.ready, self.folder = ready, folder
        self.disk.make_folder(folder)
        self.oracles.follow(folder)
        self.oracles.explains = self.world.explains and not ready.plan.elsewhere
        self.tenant.begins()
        self.retried, self.notes = set(), []
        self.totals = self.record = self.reason = None
        self._doubted = 0
        self.died = False
        self.spent_s, self._sessions_before = 0.0, self.story.sessions

    def command(self, name):
        """Carry one command out as a process of its own; return whether it came to an end of its own."""
        self.story.sessions += 1
        self.tenant.new_session()
        self.oracles.begins()
        self._draws_anew(self.story.sessions)
        loop = VirtualLoop(self.time, self.deaths.turn(self._dies_at), self.turns.randrange)
        self.deaths.begins(loop)
        try:
            self._live(loop, name)
        except Killed:
            return False
        except JournalDamaged as error:
            raise Broken("kept", str(error)) from error
        except BulkScimError as error:
            self.reason = error
            self._leave_no_trace()
            return False
        except Stuck as error:
            raise Broken("finish", f"{name}: {error}") from error
        finally:
            self.story.turns += loop.turns
            if self.oracles.broken:
                raise self.oracles.broken[0]
        return True

    def _live(self, loop, name):
        """Run a process to its end, and count the time that it takes."""
        began = self.time.monotonic()
        try:
            live(loop, self._process(name), self._die)
        finally:
            self.spent_s += self.time.monotonic() - began

    def _draws_anew(self, session):
        """Give each session streams of its own, where there is a chance for each."""
        self.turns = self.random
        if self._chance is not None:
            self.random, self.turns = (
                Random(f"{self._chance} {use} {session}") for use in ("session", "turns")
            )
            self.disk.random = Random(f"{self._chance} disk {session}")

    def _leave_no_trace(self):
        """Let a window pass: what a command sent that could not begin stands in no journal, and nobody knows of it."""
        self.time.advance(max(bucket.window_s for bucket in self.terms.profile.buckets))

    def _dies_at(self):
        """Draw the turn in which the next process dies, 0 for never."""
        if self.story.crashes == self.world.crashes:
            return 0
        return 1 + int(self.random.expovariate(1 / self.random.choice((30, 300, 1500))))

    def _die(self):
        """Crash: the process alone, or the whole machine."""
        self.story.crashes += 1
        self.deaths.died()
        self.disk.process_died()
        self.oracles.process_died()
        self.tenant.process_died()
        if self.random.random() < self.world.power:
            self.disk.crash(lambda: self.random.random() < 0.5)

    async def _process(self, name):
        around = self._around()
        with self._journal(name) as record:
            failed = record.ledger.totals().failed
            asked, profile = self.terms.settings, self.terms.profile
            past = None if name == "run" else past_of(record, died=self.died)
            visit = await first_look(self.tenant, asked, profile, self.time, past)
            terms = visit.terms(self.terms.bounds, self.terms.runs_dir, self.terms.protects)
            session = Session(self.ready.job, record, self.tenant, terms, around)
            if name == "run":
                report = await begin(
                    session, Entry(opened("run")), entry_of(Kind.APPROVED, body={"yes": True})
                )
            else:
                report = await go_on(session, retry=name == "retry")
            self.totals, self.reason = report.totals, report.exit_reason
            self.oracles.ended(record, failed, around.watcher.notes, report.exit_reason)
            await record.aclose()
            look_at_session(self, record)

    def _around(self):
        watcher = Silent()
        self.notes.append(watcher.notes)
        return Around(watcher, self.time, self.turns.random, heed_signals=False)

    @contextmanager
    def _journal(self, name):
        with run_lock.hold(self.folder, self.disk, self.time) as held:
            self.died = held.before is not None
            if name == "run":
                header = {"job": {}, "tenant": {"base_url": "https://t.example"}}
                header |= self.ready.counts if self._chance is not None else {}
                said = {"budget_share": self.world.share, "burst": self.world.burst}
                header |= {"settings": {name: value for name, value in said.items() if value}}
                record = journal.create(
                    self.folder, self.disk, header_of(header, self.ready.job.count), self.time
                )
            else:
                record = journal.open_for_append(self.folder, self.disk, self.time)
                self.oracles.reopened(record)
            self.record = record
            yield record

    def created(self):
        """Return the ids of what the run has created by its journal."""
        with journal.read(self.folder, self.disk) as recorded:
            return frozenset(how.id for _, how in recorded.each(Applied) if how.after is not None)

    def until_done(self):
        """Run, resume and retry until nothing is left to do; return the story."""
        name, retries = "run", 0
        while name:
            sessions = self.story.sessions - self._sessions_before
            if sessions > self._most_sessions() or self.spent_s > self._most_hours() * 3600:
                told = f"{sessions} sessions, {self.spent_s:.0f} s, {self.totals}, {self.reason}"
                raise Broken("finish", told)
            ended = self.command(name)
            self.time.advance(self.random.choice((0.0, 1.0, 30.0, 4000.0)) * self.random.random())
            self.time.wall += self.world.jump_s * self.random.random()
            name = self._next(name, ended)
            retries += name == "retry" and ended
            if retries > RETRIES:
                break
        look_at_end(self)
        return self.tell()

    def _most_sessions(self):
        """Return how many sessions a run may take: a bound on errors stops one at each row that fails."""
        if self.world.max_errors is None:
            return SESSIONS
        may_fail = self.ready.job.count if self.world.may_refuse else len(self.ready.plan.foreign)
        return SESSIONS + (1 + RETRIES) * may_fail

    def _most_hours(self):
        """Return how long a run may take; where each row that fails ends a session, each of these reads all listings."""
        stops = self.world.max_errors is not None and self.world.may_refuse
        return HOURS * max(1.0, self.ready.job.count / USUAL) * (2 if stops else 1)

    def _next(self, name, ended):
        """Return the next command, None where all is done."""
        if not ended or self.reason is not None:
            if self._has_begun():
                return "resume"
            self._leave_no_trace()
            return "run"
        totals = self.totals
        hidden = self.may_doubt or self.world.renames  # a lost create whose name was perhaps changed
        if totals.in_doubt and (hidden or self._doubts_two_of_a_name()):
            self._doubted += 1  # by two of a name, which nobody but a person can tell apart
            self.time.advance(max(self.world.accepts_s.values(), default=0.0))  # by then it has taken effect
        if (totals.pending or totals.in_doubt) and self._doubted < DOUBTED:
            return "resume"
        return "retry" if totals.failed + totals.skipped > len(self.ready.plan.foreign) else None

    @property
    def may_doubt(self):
        """Whether the tenant may never show what became of a write, whatever it names."""
        world = self.world
        unseen = (
            world.lag_s > world.known_lag_s or world.dropped or world.odd_ids > 0 or "reads" in world.hides
        )  # such an id spoils a listing; a deactivated user is hidden or deleted
        # What was accepted is overwritten by then, was taken in part, or has a value that the service never shows.
        changed = world.meddles or world.takes_members or {*REWRITTEN} & {*world.derives}
        return bool(unseen or (world.accepted and changed))

    def _doubts_two_of_a_name(self):
        """Tell whether only rows are in doubt that must fail: more than one resource answers to what they name."""
        return set(self.record.ledger.open_rows()) <= self.ready.plan.foreign

    def _has_begun(self):
        try:
            with journal.read(self.folder, self.disk):
                return True
        except NoSuchRun:
            return False

    def tell(self):
        """Return the story so far."""
        story = self.story
        story.faults = self.tenant.faults + self.disk.faults
        story.requests = self.tenant.requests
        story.seconds = self.time.monotonic()
        story.digest = hash((story.requests, story.turns, story.seconds, self.disk.calls))
        return story


def machine(seed, operations=30, world=None):
    """Return the machine of a seed."""
    random = Random(seed)
    drawn = simulated_world.joined(simulated_world.draw(random), Random(f"joins {seed}"))
    return Machine(seed, job(seed % JOBS, operations), world or drawn, random)


def simulate(seed, operations=30, world=None):
    """Live one seed to its end; Broken names the oracle, the seed and its world where it does not hold."""
    one = machine(seed, operations, world)
    try:
        return one.until_done()
    except Broken as broken:
        broken.add_note(f"world: {one.world}")
        broken.add_note(f"replay: scripts/simulate --from {seed} --seeds 1 --operations {operations}")
        raise
