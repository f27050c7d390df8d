"""The whole engine on a virtual clock, over a tenant that loses answers and a disk that loses what was not synced.

A seed is one schedule of delays, faults and crashes, and replays exactly. The promises are the oracles.
"""

import json
from collections import Counter
from random import Random

import pytest

from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.journal import journal
from bulkscim.planning.guards import Bounds
from bulkscim.providers import profile_named
from bulkscim.runs.assembly import Around, Job, Terms, carry_out, opened
from bulkscim.runs.settings import Settings
from tests.support.fake_clock import VirtualClock
from tests.support.simulated_disk import FOLDER, SimulatedDisk
from tests.support.simulated_tenant import Crash, SimulatedTenant
from tests.support.watching import Silent

FAULTS = {"throttled": 0.05, "before": 0.04, "after": 0.04, "cut": 0.05, "late": 0.03}
SETTINGS = Settings(rate="1000000/s", concurrency=6, create_groups=True)
TERMS = Terms(profile_named("generic"), SETTINGS, Bounds(None, None, None))
JOURNAL = FOLDER / "journal.jsonl"


def people(count):
    """Return a job of people with managers before, after and in a circle, groups, and changes of all of them."""
    lines = [{"op": "create", "type": "Group", "data": {"displayName": "Sales"}}]
    for number in range(count):
        data = {"userName": f"p{number}@example.com", "externalId": f"E{number}", "title": "New"}
        data["manager"] = {"userName": f"p{(number * 7 + 3) % count}@example.com"}
        data["groups"] = ["Sales", f"Team {number % 3}"] if number % 2 else [f"Team {number % 3}"]
        lines.append({"op": "create", "type": "User", "data": data})
    for number in range(0, count, 3):
        match = {"userName": f"p{number}@example.com"}
        patch = [{"op": "replace", "path": "title", "value": "Lead"}]
        lines.append({"op": "patch", "type": "User", "match": match, "patch": patch})
        by_another_name = {"externalId": f"E{(number + 1) % count}"}
        again = [{"op": "replace", "path": "nickName", "value": "N"}]
        lines.append({"op": "patch", "type": "User", "match": by_another_name, "patch": again})
        lines.append({"op": "deactivate", "type": "User", "match": match})
    for number in range(1, count, 4):
        member = {"userName": f"p{number}@example.com"}
        lines.append(
            {"op": "remove_member", "type": "Group", "match": {"displayName": "Sales"}, "member": member}
        )
    lines.append({"op": "delete", "type": "User", "match": {"userName": f"p{count - 2}@example.com"}})
    return lines


@pytest.fixture
def job(tmp_path):
    """Return the job, checked and indexed."""
    path = tmp_path / "people.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in people(12)))
    source = open_source(str(path))
    checked = check(source, Defaults(), tmp_path / "index")
    with checked.sound_index() as index:
        yield Job(source, Defaults(), index, checked.rows)


def fresh(disk, job, clock):
    disk.make_folder(FOLDER)
    return journal.create(FOLDER, disk, {"job": {}}, job.count, clock)


async def calm(job):
    """Return what the tenant looks like after a run that nothing disturbs."""
    clock, disk = VirtualClock(), SimulatedDisk()
    tenant = SimulatedTenant(clock, Random(0))
    record = fresh(disk, job, clock)
    await record.append(opened("run"))
    report = await carry_out(job, record, tenant, TERMS, Around(Silent(), clock))
    assert report.totals.done == report.totals.rows, report.totals
    return tenant.state()


class Machine:
    """One machine that crashes now and then, with the tenant that outlives it."""

    def __init__(self, job, seed, faults):
        self.job = job
        self.random = Random(seed)
        self.clock = VirtualClock()
        self.disk = SimulatedDisk()
        self.tenant = SimulatedTenant(self.clock, self.random, faults, self.witness)
        self.tenant.on_crash = self.lose_power
        self.unrecorded = []

    def witness(self, request):
        """Note a write whose intent is not on the disk, should it leave."""
        stored = bytes(self.disk._file(JOURNAL)._stored)
        body = json.loads(request.body or b"{}")
        name = body.get("userName") or body.get("displayName") or request.path.rsplit("/", 1)[1]
        started = [line for line in stored.split(b"\n") if b'"k":"started"' in line and name.encode() in line]
        if not started:
            self.unrecorded.append(request)

    def lose_power(self):
        """Let every later write to the disk fail."""
        self.disk.fail_at = range(self.disk.calls + 1, 1_000_000)

    async def session(self, record):
        await record.append(opened("resume"))
        return await carry_out(
            self.job, record, self.tenant, TERMS, Around(Silent(), self.clock, self.random.random)
        )

    async def until_done(self):
        """Run, crash, resume until a session comes to its end; return its report."""
        record = fresh(self.disk, self.job, self.clock)
        for _ in range(60):
            self.tenant.crash_at = self.tenant.requests + self.random.randrange(5, 60)
            try:
                report = await self.session(record)
            except BaseException as error:  # the crash comes in groups
                if not _is_crash(error):
                    raise
            else:
                if report.totals.pending + report.totals.in_doubt == 0:
                    return report
            self.disk.crash(lambda: self.random.random() < 0.5)
            self.clock.advance(self.random.random() * 5)
            record = journal.open_for_append(FOLDER, self.disk, self.clock)
        raise AssertionError(f"no end after 60 sessions: {record.ledger.totals()}")


def _is_crash(error):
    if isinstance(error, BaseExceptionGroup):
        return any(_is_crash(one) for one in error.exceptions)
    return isinstance(error, Crash)


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_crashes_the_end_is_that_of_an_undisturbed_run(job, seed):
    """Recorded before sent; never twice, never lost; every row in one state; the tenant as the file says."""
    machine = Machine(job, seed, FAULTS)

    report = await machine.until_done()

    assert machine.unrecorded == []
    assert [name for name, times in Counter(machine.tenant.created).items() if times > 1] == []
    assert report.totals.done + report.totals.noop == report.totals.rows, report.totals
    assert machine.tenant.state() == await calm(job)


async def test_a_seed_replays_exactly(job):
    """The same seed gives the same requests, so that a failure can be looked at."""
    counts = []
    for _ in range(2):
        machine = Machine(job, 7, FAULTS)
        await machine.until_done()
        counts.append((machine.tenant.requests, machine.disk.calls, machine.clock.now()))

    assert counts[0] == counts[1]
