"""The time left that a run shows, against the time that it then took: whole commands on a virtual clock."""

from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import pytest
from minimum import Job
from request_jobs import MANY, Trial, deactivate, onboarding, table
from virtual import ANSWER_S, KINDS, Bench

from bulkscim.model.request import Response
from bulkscim.runs import api
from tests.support.running.watching import Silent

OFF = 0.2
SPARE = 0.05
AFTER, BEFORE = 0.05, 0.95  # shares of the time that a run takes


@dataclass
class Watching(Silent):
    """Keeps what is shown, with when."""

    clock: object
    shown: list = field(default_factory=list)

    def moved(self, progress):
        """Keep it."""
        self.shown.append((self.clock.monotonic(), progress))

    def off(self, spare=0.0):
        """Return by what share of the truth the time left was wrong at most, and when.

        `spare`: a share of the whole time that does not count.
        """
        begun, ended = self.shown[0][0], self.shown[-1][0]
        spare_s = spare * (ended - begun)
        found = [
            (
                max(0.0, abs(one.left_s - (ended - at)) - spare_s) / (ended - at),
                round((at - begun) / (ended - begun), 2),
                round(one.left_s),
                round(ended - at),
            )
            for at, one in self.shown
            if AFTER <= (at - begun) / (ended - begun) <= BEFORE
        ]
        return max(found)


class Throttling(Bench):
    """A sandbox that answers one request in so many with a 429."""

    one_in = 0
    _came = 0

    async def send(self, request, headers):
        """Answer, or not now."""
        self._came += 1
        if self.one_in and self._came % self.one_in == 0:
            await self.clock.sleep(ANSWER_S)
            return Response(429, {"retry-after": "3"}, b"", self.clock.now())
        return await super().send(request, headers)


def creates(count):
    """Return a job of plain creates."""
    names = [[f"new{number}@x.example"] for number in range(count)]
    return Trial(
        "", count, lambda folder: table(folder, ["userName"], names), Job(), options={"op": "create"}
    )


def carried_out(folder, trial, rate, one_in=0):
    """Return the watcher of a run that ended well."""
    bench = Throttling(folder, KINDS["generic"], trial.users(), trial.held_groups())
    bench.one_in = one_in
    watcher = Watching(bench.clock)
    run = partial(
        api.run,
        trial.write(folder),
        bench.tenant,
        **MANY,
        **trial.options,
        runs_dir=folder / "runs",
        rate=rate,
        watcher=watcher,
    )
    try:
        assert bench.carry_out(run).others == 0
    finally:
        bench.close()
    return watcher


@pytest.mark.parametrize(
    ("trial", "rate", "one_in"),
    [
        (creates(150), "100/min", 0),
        (deactivate(150, hides=False), "100/min", 0),
    ],
)
def test_time_left_is_true(tmp_path, trial, rate, one_in):
    """Within a fifth of the truth, from the first twentieth of the time to the last.

    Where requests are throttled, the next time cannot be foreseen: that may cost a twentieth of the whole.
    """
    off = carried_out(tmp_path, trial, rate, one_in).off(SPARE if one_in else 0.0)

    assert off[0] <= OFF, off


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trial", "rate", "one_in"),
    [
        (creates(600), "100/min", 0),
        (onboarding(), "100/min", 0),
        (onboarding(), "10/s", 0),
        (deactivate(600, hides=False), "100/min", 0),
    ],
)
def test_time_left_is_true_of_larger_jobs(tmp_path, trial, rate, one_in):
    """Such as creates with managers and groups."""
    off = carried_out(tmp_path, trial, rate, one_in).off(SPARE if one_in else 0.0)

    assert off[0] <= OFF, off


def test_what_a_run_shows_at_its_end(tmp_path):
    """All rows have ended, and every second was shown."""
    watcher = carried_out(tmp_path, creates(20), "100/min")
    seconds = [at for at, _ in watcher.shown]

    assert (watcher.shown[-1][1].ended, watcher.shown[-1][1].requests_left) == (20, 0)
    assert all(later - earlier <= 1.001 for earlier, later in pairwise(seconds))
