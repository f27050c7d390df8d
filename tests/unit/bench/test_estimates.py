"""The time left that a run shows, against the time that it then took: whole commands on a virtual clock."""

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest import mock

import pytest
from minimum import Job
from request_jobs import MANY, Trial, deactivate, delete, memberships, new_groups, onboarding, table, upsert
from virtual import ANSWER_S, KINDS, Bench

import bulkscim.tenants.tenant
from bulkscim.journal.durable import LocalDisk
from bulkscim.journal.run_lock import LOCK_TEXT, read_holder
from bulkscim.model.request import Response
from bulkscim.providers.profile import Bucket
from bulkscim.providers.provider import Provider
from bulkscim.providers.quirks import Quirks
from bulkscim.runs import api
from bulkscim.runs.orders import Orders, write_orders
from tests.support.making.providers import PROFILES
from tests.support.running.watching import Silent

OFF = 0.2
SLOWED_AFTER_S = 20.0
SPARE_S = 5.0  # which no user minds
AFTER, BEFORE = 0.05, 0.95  # shares of the time that a run takes
SEVERAL = (
    Bucket(20, 10.0, "creates", methods=frozenset({"POST"})),
    Bucket(30, 10.0, "groups", methods=frozenset({"PATCH"}), prefix="/Groups"),
    Bucket(100, 10.0, "reads", methods=frozenset({"GET"})),
)


@dataclass
class Watching(Silent):
    """Keeps what is shown, with when."""

    clock: object
    shown: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def moved(self, progress):
        """Keep it."""
        self.shown.append((self.clock.monotonic(), progress))

    def off(self, after=AFTER):
        """Return by what share of the truth the time left was wrong at most, with when, what was said, and the truth."""
        begun, ended = self.shown[0][0], self.shown[-1][0]
        found = [
            (
                max(0.0, abs(one.left_s - (ended - at)) - SPARE_S) / (ended - at),
                round((at - begun) / (ended - begun), 2),
                round(one.left_s),
                round(ended - at),
            )
            for at, one in self.shown
            if after <= (at - begun) / (ended - begun) <= BEFORE
        ]
        return max(found)


class Throttling(Bench):
    """A sandbox that lets so many requests through in 60 s, or answers one in so many with a 429."""

    one_in = 0
    a_minute = 0
    _came = 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._passed = []

    async def send(self, request, headers):
        """Answer, or not now."""
        self._came += 1
        now = self.clock.monotonic()
        self._passed = [at for at in self._passed if at > now - 60]
        wait = self._passed[0] + 60 - now if self.a_minute and len(self._passed) >= self.a_minute else 0
        if wait or (self.one_in and self._came % self.one_in == 0):
            await self.clock.sleep(ANSWER_S)
            return Response(429, {"retry-after": str(int(wait) + 1)}, b"", self.clock.now())
        self._passed.append(now)
        return await super().send(request, headers)


def creates(count):
    """Return a job of plain creates."""
    names = [[f"new{number}@x.example"] for number in range(count)]
    return Trial(
        "", count, lambda folder: table(folder, ["userName"], names), Job(), options={"op": "create"}
    )


def carried_out(folder, trial, rate, *, undo=False, kind="generic", burst=None, watching=Watching, **limits):
    """Return the watchers of a run that ended well and, with `undo`, of its rollback."""
    bench = Throttling(folder, KINDS[kind], trial.users(), trial.held_groups())
    options = {"runs_dir": folder / "runs", **({"rate": rate} if rate else {})}
    options |= {"burst": burst} if burst else {}
    watchers = [watching(bench.clock)]
    first = partial(
        api.run, trial.write(folder), bench.tenant, **MANY, **trial.options, **options, watcher=watchers[0]
    )
    for name, value in limits.items():
        setattr(bench, name, value)
    try:
        assert bench.carry_out(first).others == 0
        if undo:
            watchers.append(Watching(bench.clock))
            run = next((folder / "runs").iterdir())
            back = partial(api.rollback, run, bench.tenant, max_delete="100%", **options, watcher=watchers[1])
            assert bench.carry_out(back).others == 0
    finally:
        bench.close()
    return watchers


@pytest.mark.parametrize(
    ("trial", "rate", "undo"),
    [
        (creates(100), "100/min", False),
        (deactivate(80, hides=False), "100/min", False),
        (memberships(100, 10, each=5), "100/min", False),
        pytest.param(deactivate(100, hides=False), "100/min", True, marks=pytest.mark.slow),
        pytest.param(new_groups(20, 40), "100/min", False, marks=pytest.mark.slow),
        pytest.param(delete(100, 10), "100/min", False, marks=pytest.mark.slow),
    ],
)
def test_time_left_is_true(tmp_path, trial, rate, undo):
    """Within a fifth of the truth, from the first twentieth of the time to the last."""
    for watcher in carried_out(tmp_path, trial, rate, undo=undo):
        assert watcher.off()[0] <= OFF, watcher.off()


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["100/min", "10/s"])
@pytest.mark.parametrize(
    "trial",
    [
        creates(600),
        deactivate(600, hides=False),
        delete(600, 30),
        upsert(600, 600),
        memberships(1000, 20, each=5),
        memberships(400, 50, each=10),
        new_groups(40, 100),
    ],
    ids=lambda trial: trial.name,
)
def test_time_left_is_true_of_larger_jobs(tmp_path, trial, rate):
    """And of their rollbacks."""
    for watcher in carried_out(tmp_path, trial, rate, undo=True):
        assert watcher.off()[0] <= OFF, watcher.off()


@pytest.mark.slow
@pytest.mark.parametrize(
    "trial",
    [
        onboarding(),
        deactivate(300, hides=True),
        memberships(300, 10, each=1),
        memberships(300, 10, each=1, by_id=True),
        delete(200, 10),
    ],
    ids=lambda trial: trial.name,
)
def test_time_left_is_true_at_lucid(tmp_path, trial):
    """Where filters take one name, and who joins a group leaves another."""
    off = carried_out(tmp_path, trial, None, kind="lucid")[0].off()

    assert off[0] <= OFF, off


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["100/min", "10/s"])
def test_time_left_is_true_of_creates_with_managers_and_groups(tmp_path, rate):
    """Which are worked on at different times."""
    off = carried_out(tmp_path, onboarding(), rate)[0].off()

    assert off[0] <= OFF, off


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["100/min", "10/s"])
def test_time_left_is_true_of_rows_that_change_nothing_once_some_have_ended(tmp_path, rate):
    """That only one in ten changes something cannot be known before: each row was taken for a change until then."""
    (watcher,) = carried_out(tmp_path, upsert(2000, 200), rate)

    assert watcher.off(after=0.2)[0] <= OFF, watcher.off(after=0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "after"),
    [({"a_minute": 90}, AFTER), ({"a_minute": 60}, 0.7), ({"one_in": 100}, AFTER)],
    ids=["90 a minute", "60 a minute", "a stray 429 in 100"],
)
def test_time_left_is_true_where_the_tenant_throttles(tmp_path, limits, after):
    """At once where it lets through nearly what was said, else when the pace is learned, which tries faster ones now and then."""
    (watcher,) = carried_out(tmp_path, deactivate(600, hides=False), "100/min", **limits)

    assert watcher.off(after)[0] <= OFF, watcher.off(after)


@pytest.mark.parametrize(
    "trial",
    [
        creates(100),
        pytest.param(memberships(100, 50, each=20), marks=pytest.mark.slow),
        pytest.param(onboarding(), marks=pytest.mark.slow),
        pytest.param(delete(300, 30), marks=pytest.mark.slow),
    ],
    ids=lambda trial: trial.name,
)
def test_time_left_is_true_under_several_limits(tmp_path, trial):
    """Each sort of requests waits for its own."""
    profile = replace(PROFILES["generic"], buckets=SEVERAL)
    with mock.patch.object(bulkscim.tenants.tenant, "provider_of", return_value=Provider(profile, Quirks())):
        off = carried_out(tmp_path, trial, None)[0].off()

    assert off[0] <= OFF, off


@pytest.mark.parametrize("count", [150, pytest.param(240, marks=pytest.mark.slow)])
def test_time_left_is_true_between_bursts(tmp_path, count):
    """Nothing leaves for most of each minute: that is the limit, and no slow tenant."""
    (watcher,) = carried_out(tmp_path, creates(count), "60/min", burst=60)
    waits = [one.waiting for _, one in watcher.shown]

    assert watcher.off()[0] <= OFF, watcher.off()
    assert sum(why is not None and why.startswith("limit, ") for why in waits) > 0.8 * len(waits)


@dataclass
class Slowing(Watching):
    """Asks for a slower rate at some moment."""

    folder: Path = Path()
    asked: bool = False

    def moved(self, progress):
        """Ask for it once."""
        super().moved(progress)
        if not self.asked and self.clock.monotonic() - self.shown[0][0] >= SLOWED_AFTER_S:
            (run,) = self.folder.iterdir()
            holder = read_holder(run / LOCK_TEXT, LocalDisk())
            write_orders(run, Orders(holder.pid, holder.since, at=1.0, rate="50/min"))
            self.asked = True


def test_time_left_is_true_after_a_slower_rate_was_asked_for(tmp_path):
    """What was sent before counts under it, so the run first waits: the wait is named, and passes."""
    watcher = partial(Slowing, folder=tmp_path / "runs")
    (seen,) = carried_out(tmp_path, creates(250), "5/s", watching=watcher)
    begun = seen.shown[0][0]
    seen.shown = [(at, one) for at, one in seen.shown if at - begun > SLOWED_AFTER_S + 2]
    waits = [one.waiting for at, one in seen.shown if at - begun < SLOWED_AFTER_S + 40]

    assert seen.off(0.0)[0] <= OFF, seen.off(0.0)
    assert all(why is not None and why.startswith("limit, ") for why in waits[5:])


def test_what_a_run_shows_at_its_end(tmp_path):
    """All rows have ended, and every second was shown."""
    (watcher,) = carried_out(tmp_path, creates(20), "100/min")
    seconds = [at for at, _ in watcher.shown]

    assert (watcher.shown[-1][1].ended, watcher.shown[-1][1].requests_left) == (20, 0)
    assert all(later - earlier <= 1.001 for earlier, later in pairwise(seconds))
