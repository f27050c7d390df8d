"""What a seed is: a case, drawn by chance, that can be written down, made smaller and lived again."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from tests.support import simulated_job, simulated_world
from tests.support.simulated_machine import JOBS, Machine
from tests.support.simulated_oracles import Broken
from tests.support.simulated_plan import worked_out
from tests.support.simulated_wider import WiderDrawing
from tests.support.simulated_world import World

WIDER = 1_000_000  # the seeds from here on draw more kinds of worlds and jobs
LARGE, LARGE_SHARE = 300, 0.02  # operations of a few of these jobs


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides how a simulation goes.

    `chance` seeds what is decided on the way: latencies, faults, crashes. None means that it continues the chance by
    which the seed drew its world; a text, that each request has a chance of its own.
    """

    seed: int
    held: tuple
    lines: tuple
    world: World
    chance: str | None = None
    elsewhere: tuple = ()

    def as_json(self):
        """Return the case as text."""
        return json.dumps(asdict(self), indent=1)

    def random(self):
        """Return where the chance of the way comes from."""
        if self.chance is not None:
            return Random(self.chance)
        random = Random(self.seed)
        simulated_world.draw(random)
        return random


def from_json(text):
    """Read a case back."""
    body = json.loads(text)
    world = World(**{name: _frozen(value) for name, value in body.pop("world").items()})
    held, elsewhere = (tuple((kind, one) for kind, one in body.pop(name)) for name in ("held", "elsewhere"))
    return Case(world=world, held=held, elsewhere=elsewhere, lines=tuple(body.pop("lines")), **body)


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value


def case_of(seed, operations=30):
    """Return the case that a seed draws."""
    return _wider(seed, operations) if seed >= WIDER else _plain(seed, operations)


def _wider(seed, operations):
    """Draw from chances of its own, so that what was drawn before stays as it is."""
    random = Random(f"wider {seed}")
    world = simulated_world.widened(simulated_world.draw(Random(seed)), random)
    if random.random() < LARGE_SHARE:
        operations = LARGE
    drawn = WiderDrawing(Random(f"job {seed}"), operations, unique_groups=world.unique_groups)
    held, lines, elsewhere = tuple(drawn.held), tuple(drawn.lines), tuple(drawn.elsewhere)
    return Case(seed, held, lines, world, f"chance {seed}", elsewhere)


def _plain(seed, operations):
    plan = simulated_job.draw(Random(f"job {seed % JOBS}"), operations)
    return Case(seed, tuple(plan.held), tuple(plan.lines), simulated_world.draw(Random(seed)))


def live(case):
    """Live a case to its end and return its story; Broken names the oracle that does not hold."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        plan = worked_out(list(case.held), list(case.lines), case.elsewhere, case.world.on_exists)
        ready = simulated_job.ready(plan, Path(folder))
        try:
            return Machine(case.seed, ready, case.world, case.random(), chance=case.chance).until_done()
        except Broken as broken:
            broken.add_note(f"world: {case.world}")
            raise
        finally:
            ready.job.index.close()


def simulate(seed, operations=30):
    """Live one seed to its end."""
    try:
        return live(case_of(seed, operations))
    except Broken as broken:
        broken.add_note(f"replay: scripts/simulate --from {seed} --seeds 1 --operations {operations}")
        raise
