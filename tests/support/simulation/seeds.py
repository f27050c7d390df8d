"""What a seed is: a case, drawn by chance, that can be written down, made smaller and lived again."""

import json
import random
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

from tests.support.simulation import job as simulated_job
from tests.support.simulation import world as simulated_world
from tests.support.simulation.changed_names import SINCE, joins_since, respelled
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.limited import limited
from tests.support.simulation.machine import JOBS
from tests.support.simulation.oracles import Broken
from tests.support.simulation.own_values import more_values, owning
from tests.support.simulation.plan import worked_out
from tests.support.simulation.shared_requests import draw_crowd, sharing
from tests.support.simulation.undo import Undoing
from tests.support.simulation.versions import versioned
from tests.support.simulation.wider import WiderDrawing
from tests.support.simulation.world import World

WIDER = 1_000_000  # the seeds from here on draw more kinds of worlds and jobs
VEILED = 3_000_000  # ... and tenants that show less than they hold
NAMELESS = 3_500_000  # ... up to HOSTILE, and lookups may not show by what else a user is known
SHAPED = 5_000_000  # ... and tenants that show values in other forms
HOSTILE = 4_000_000  # ... and hostile tenants
RENAMING = 7_000_000  # ... and tenants that change names, or any of what the seeds before draw
OWN = 8_000_000  # ... and tenants with values of their own, or any of what the seeds before draw
SHARING = 9_000_000  # ... and jobs of many memberships, or any of what the seeds before draw
VERSIONED = (
    10_000_000  # ... and tenants whose resources have versions, or any of what the seeds from OWN on draw
)
LIMITED = 11_000_000  # ... and tenants with several limits, or any of what the seeds from OWN on draw
NARROWED = 6_000_000  # these seeds draw tenants that take fewer forms or do not page, in place of these
WHOLE = FOLDER.with_name(f"{FOLDER.name}-2")  # the run of a whole job, after one of its first rows
AFTERWARDS_S = 60.0  # before it: what was made just before counts as made by a run that lost its answer
RENAMED_SHARE = 0.6  # of the seeds from RENAMING on; the others are as those from NARROWED on
OWN_SHARE = 0.7  # of the seeds from OWN on; the others are as those from RENAMING on
ADOPTS_SHARE = 0.4  # of the jobs of the wider ground: those that adopt users with links
LARGE, LARGE_SHARE = 300, 0.02  # operations of a few of these jobs


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides how a simulation goes.

    `chance` seeds what is decided on the way: latencies, faults, crashes. None means that it continues the chance by
    which the seed drew its world; a text, that each request has a chance of its own. `deaths` are when processes die;
    None: by chance.
    """

    seed: int
    held: tuple
    lines: tuple
    world: World
    chance: str | None = None
    elsewhere: tuple = ()
    deaths: tuple | None = None

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
    deaths = body.pop("deaths")
    body["deaths"] = deaths if deaths is None else tuple((key, turns) for key, turns in deaths)
    return Case(world=world, held=held, elsewhere=elsewhere, lines=tuple(body.pop("lines")), **body)


def _frozen(value):
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def case_of(seed, operations=30):
    """Return the case that a seed draws."""
    case = _wider(seed, operations) if seed >= WIDER else _plain(seed, operations)
    return replace(case, world=simulated_world.joined(case.world, Random(f"joins {seed}")))


def _wider(seed, operations):
    """Draw from chances of its own, so that what was drawn before stays as it is."""
    random = Random(f"wider {seed}")
    world = simulated_world.widened(simulated_world.draw(Random(seed)), random)
    world = simulated_world.answering(world, Random(f"answers {seed}"))
    names = Random(f"names {seed}") if seed >= RENAMING else None
    own = Random(f"own {seed}") if seed >= OWN else None
    owns = own is not None and own.random() < OWN_SHARE
    renamed = names is not None and names.random() < RENAMED_SHARE and not owns
    if owns:
        world = simulated_world.often_taken_back(world, own)
    if seed >= NARROWED and not renamed and not (owns and own.random() < 0.7):
        world = simulated_world.narrowed(world, Random(f"narrow {seed}"))
    else:
        world = _shows_less(world, seed)
    world = simulated_world.renaming(world, names) if renamed else world
    world = owning(world, own) if owns else world
    if random.random() < LARGE_SHARE:
        operations = LARGE
    operations = int(operations * _extent(seed))
    drawn = WiderDrawing(Random(f"job {seed}"), operations, unique_groups=world.unique_groups)
    chance = Random(f"adopts {seed}")
    if chance.random() < ADOPTS_SHARE:
        drawn.adopt(chance)
    world = _latest(world, seed, drawn)
    if world.shows_groups:
        drawn.inherit(own)
    if (
        owns and world.hides_inactive and world.limit is None
    ):  # an earlier run tells which users it deactivated
        drawn.hide(own, world.hides, deletes=not world.rollbacks)
    lines = respelled(drawn.lines) if world.renames else drawn.lines
    lines = more_values(drawn.lines, own) if world.derives else lines
    if world.regroups:
        lines = drawn.lines + joins_since(drawn.lines, Random(f"since {seed}"))
    held, lines, elsewhere = tuple(drawn.held), tuple(lines), tuple(drawn.elsewhere)
    return Case(seed, held, lines, world, f"chance {seed}", elsewhere)


def _latest(world, seed, drawn):
    """Return the world with what the last ranges of seeds draw; their memberships are added to the job."""
    if seed >= LIMITED:
        draw_crowd(drawn, Random(f"crowd {seed}"))
        return limited(sharing(world, Random(f"sharing {seed}")), Random(f"limits {seed}"))
    if seed >= VERSIONED:
        return versioned(world, Random(f"versions {seed}"))
    if seed < SHARING:
        return world
    draw_crowd(drawn, Random(f"crowd {seed}"))
    return sharing(world, Random(f"sharing {seed}"))


def _extent(seed):
    """Return by how much a job is longer: of few rows no proof is tried; memberships that share requests come in addition."""
    if seed >= LIMITED:
        return 0.5
    if seed >= VERSIONED:
        return 2
    return 0.5 if seed >= SHARING else 1


def _shows_less(world, seed):
    world = simulated_world.veiled(world, Random(f"veils {seed}")) if seed >= VEILED else world
    if NAMELESS <= seed < HOSTILE:
        world = simulated_world.nameless(world, Random(f"names {seed}"))
    world = simulated_world.shaped(world, Random(f"forms {seed}")) if seed >= SHAPED else world
    if seed >= HOSTILE:
        world = simulated_world.attacked(world, Random(f"hostile {seed}"))
    late = VEILED <= seed < HOSTILE or seed >= RENAMING
    return simulated_world.late(world, Random(f"late {seed}")) if late else world


def _plain(seed, operations):
    plan = simulated_job.draw(Random(f"job {seed % JOBS}"), operations)
    return Case(seed, tuple(plan.held), tuple(plan.lines), simulated_world.draw(Random(seed)))


def live(case):
    """Live a case to its end and return its story; Broken names the oracle that does not hold."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        try:
            return _lived(case, Path(folder))
        except Broken as broken:
            broken.add_note(f"world: {case.world}")
            raise


def _lived(case, folder):
    """Run the job, the first rows of it before where there is a limit, and take back what the world wants taken back."""
    world = case.world
    random.seed(f"reads {case.seed}")  # reads before a run begins draw their waits from Python's own chance
    with _ready(case, list(case.held), folder / "first", world.limit) as first:
        one = Undoing(case.seed, first, world, case.random(), folder, case.deaths, chance=case.chance)
        try:
            return _all_of_it(one, case, folder)
        except Exception as error:
            error.deaths = tuple(one.deaths.happened)
            raise


def _all_of_it(one, case, folder):
    world = one.world
    before = one.tenant.state(whole=True)
    one.until_done()
    if one.world.limit is None:
        return _taken_back(one, before)
    one.time.advance(AFTERWARDS_S)
    made = one.created()
    if world.regroups:
        _rename_groups(one, made, Random(f"{case.chance} regroups"))
    with _ready(case, one.tenant.resources(), folder / "whole", made=made) as whole:
        one.turn_to(whole, WHOLE)
        before = one.tenant.state(whole=True)
        one.until_done()
        return _taken_back(one, before)


def _rename_groups(one, made, random):
    """Let somebody rename groups that a run created."""
    for group in one.tenant.held["Groups"].values():
        if group["id"] in made and random.random() < one.world.regroups:
            group["displayName"] += SINCE


def _taken_back(one, before):
    if one.world.rollbacks:
        one.take_back_and_forth(one.folder, before)
    return one.tell()


@contextmanager
def _ready(case, held, folder, limit=None, *, made=None):
    world = case.world
    hides = world.hides if world.hides_inactive else None
    plan = worked_out(held, list(case.lines[:limit]), case.elsewhere, world.on_exists, hides=hides, made=made)
    ready = simulated_job.ready(plan, folder, limit)
    try:
        yield ready
    finally:
        ready.job.index.close()


def simulate(seed, operations=30):
    """Live one seed to its end."""
    try:
        return live(case_of(seed, operations))
    except Broken as broken:
        broken.add_note(f"replay: scripts/simulate --from {seed} --seeds 1 --operations {operations}")
        raise
