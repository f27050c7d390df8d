"""What users ask of a run while it works."""

from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from bulkscim.engine.permits import Permits
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import NoSuchRun, Refused, UsageError
from bulkscim.journal import run_lock
from bulkscim.journal.bodies import Approved
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.header import Header
from bulkscim.journal.run_lock import LOCK_TEXT, Holder, read_holder
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.run import RecordedTenant
from bulkscim.runs import orders, pausing
from bulkscim.runs.heeding import Heeding
from bulkscim.runs.ordering import order
from bulkscim.runs.orders import (
    Orders,
    TenantPause,
    pause_tenant,
    read_orders,
    tenant_pause,
    unpause_tenant,
    write_orders,
)
from bulkscim.runs.state_dir import tenant_file
from bulkscim.runs.tenant_lock import tenant_lock
from bulkscim.tenants.profiles import profile_named
from tests.support.making.recorded_runs import CSV, make_run
from tests.support.running.fake_clock import VirtualClock
from tests.support.running.watching import Silent

URL = "https://tenant.example/scim/v2"
ACME = Header(tenant=RecordedTenant(URL, "generic", name="acme"))
OWN = Holder(7, "here", "2026-11-27T12:00:00+00:00")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state folder of this test."""
    monkeypatch.setenv("BULKSCIM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(orders, "user_name", lambda: "ada")


@dataclass
class Recorded:
    """In the place of a journal."""

    folder: Path
    disk: LocalDisk = field(default_factory=LocalDisk)
    header: Header = ACME
    bodies: list = field(default_factory=list)

    async def append(self, *entries):
        """Keep what they say."""
        self.bodies += [entry.body for entry in entries]


@pytest.fixture
def heeding(tmp_path):
    """What heeds the orders to a run at 10/s."""
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    run_lock.write_holder(folder / LOCK_TEXT, LocalDisk(), OWN)
    clock, profile = VirtualClock(), profile_named("generic")
    settings = Settings(connection=Connection(rate="10/s"))
    permits = Permits(settings.buckets(profile), clock, Stopping(clock))
    made = Heeding(Recorded(folder), settings, profile, Silent())
    made.serve(permits)
    return made


def give(heeding, at, **asked):
    """Order something."""
    write_orders(heeding.journal.folder, Orders(OWN.pid, OWN.since, at, by="ada", **asked))


async def test_a_pause_holds_until_it_is_ended_and_is_recorded_once(heeding):
    """However often the file is looked at."""
    assert not await heeding.look()
    give(heeding, 1.0, paused=True)
    assert await heeding.look()
    assert not await heeding.look()
    held = heeding.permits.quiet().held
    assert held is not None
    assert "go" in held
    assert heeding.heard == 1.0

    give(heeding, 2.0)
    assert await heeding.look()
    assert heeding.permits.quiet().held is None
    assert heeding.journal.bodies == [Approved(paused=True, by="ada"), Approved(paused=False, by="ada")]
    assert [note.partition(":")[0] for note in heeding.watcher.notes] == [
        "paused",
        "the pause of this run was ended by ada",
    ]


async def test_a_rate_is_kept_to_and_recorded_as_a_setting(heeding):
    """So resume keeps it, and status shows it."""
    give(heeding, 1.0, rate="50/min")
    await heeding.look()
    give(heeding, 2.0, rate="50/min", paused=True)
    await heeding.look()

    assert [gate.bucket.limit for gate in heeding.permits.gates] == [50]
    assert heeding.journal.bodies[0] == Approved(changed={"settings": {"rate": "50/min"}}, by="ada")
    assert heeding.journal.bodies[1:] == [Approved(paused=True, by="ada")]


async def test_orders_to_another_process_are_not_heeded(heeding):
    """They were left by a process that died, or came with a copy of the folder."""
    write_orders(heeding.journal.folder, Orders(8, OWN.since, 1.0, paused=True))
    assert not await heeding.look()
    write_orders(heeding.journal.folder, Orders(OWN.pid, "2026-11-27T11:00:00+00:00", 1.0, paused=True))
    assert not await heeding.look()
    assert heeding.permits.quiet().held is None


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"pid":"x"}', b"\xff"])
async def test_orders_that_cannot_be_read_are_none(heeding, text):
    """A run goes on as it did."""
    (heeding.journal.folder / orders.ORDERS).write_bytes(text)

    assert not await heeding.look()


async def test_orders_go_when_the_session_ends(heeding):
    """And may be gone already."""
    give(heeding, 1.0, paused=True)
    heeding.forget()
    heeding.forget()

    assert read_orders(heeding.journal.folder, OWN) is None


async def test_a_paused_tenant_holds_all_its_runs_and_lets_none_start(heeding):
    """Until its own pause is ended: that of the run is another one."""
    pause_tenant(URL + "/", TenantPause("eve", 1_795_780_800.0, "incident 4711"))
    await heeding.look()
    give(heeding, 1.0, paused=True)
    await heeding.look()
    give(heeding, 2.0)
    await heeding.look()
    assert (
        "the tenant is paused by eve since 2026-11-27T12:00:00Z (incident 4711)"
        in heeding.permits.quiet().held
    )
    with pytest.raises(Refused, match=r"is paused by eve .*\nnext: bulkscim go --base-url"):
        tenant_lock(URL, LocalDisk()).__enter__()

    assert unpause_tenant(URL)
    assert not unpause_tenant(URL)
    await heeding.look()
    assert heeding.permits.quiet().held is None
    assert [(body.paused, body.by) for body in heeding.journal.bodies] == [
        (True, "eve, tenant"),
        (True, "ada"),
        (False, "ada"),
        (False, ""),
    ]


def test_a_pause_that_cannot_be_read_is_a_pause():
    """It was made for an incident."""
    pause_tenant(URL, TenantPause("eve"))
    tenant_file(URL, "paused.json").write_bytes(b"{")

    assert tenant_pause(URL).told == "is paused"


@pytest.fixture
async def folder(tmp_path, monkeypatch):
    """A run that another process may work on; its answer is waited for only a moment."""
    monkeypatch.setattr("bulkscim.runs.ordering.HEARD_WITHIN_S", 0.1)
    monkeypatch.chdir(tmp_path)
    job = tmp_path / "people.csv"
    job.write_text(CSV, encoding="utf-8")
    return await make_run(tmp_path / "runs" / "two", job, end=None)


async def test_only_a_run_that_works_takes_orders(folder):
    """One that has ended is resumed."""
    with pytest.raises(UsageError, match=r"no process works on two\nnext: bulkscim resume two"):
        list(pausing.pause_run("two", folder.parent))
    with pytest.raises(NoSuchRun):
        list(pausing.pause_run("three", folder.parent))


async def test_each_order_keeps_what_the_others_said(folder):
    """A run that is paused, and slowed down, is still paused."""
    disk = LocalDisk()
    with run_lock.hold(folder, disk, VirtualClock()):
        told = [*pausing.pause_run("two", folder.parent), *pausing.change_rate("two", "5/min", folder.parent)]
        given = read_orders(folder, read_holder(folder / LOCK_TEXT, disk))

    assert (given.paused, given.rate) == (True, "5/min")
    assert all("has not answered" in line for line in told)


async def test_an_order_is_heard_when_the_progress_says_so(folder):
    """The run writes its progress as soon as it has heeded."""
    with run_lock.hold(folder, LocalDisk(), VirtualClock()):
        clock = VirtualClock()
        holder = read_holder(folder / LOCK_TEXT, LocalDisk())
        text = orjson.dumps({"pid": holder.pid, "since": holder.since, "at": 1.0, "heard": clock.now()})
        (folder / "progress.json").write_bytes(text)
        assert order("two", folder.parent, lambda given: given, clock) == (folder, True)


async def test_orders_reach_the_rollback_that_works(folder):
    """Its parent is locked as well, by the same process."""
    child = folder / "rollback-1"
    child.mkdir()
    (child / "journal.jsonl").write_bytes((folder / "journal.jsonl").read_bytes())
    with (
        run_lock.hold(folder, LocalDisk(), VirtualClock()),
        run_lock.hold(child, LocalDisk(), VirtualClock()),
    ):
        assert order("two", folder.parent, lambda given: given, VirtualClock())[0] == child
