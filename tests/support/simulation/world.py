"""What one seed makes of tenant, network, disk and machine: drawn once, printed when an oracle fails.

`draw` is fixed: seeds below 1,000,000 draw exactly the worlds that they have always drawn, for CI and the issues name
them. Features that came later are added by `widened`, by a chance of its own, to the seeds from 1,000,000 up.
"""

from dataclasses import dataclass, field, fields, replace

from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.row import RowRules
from bulkscim.planning.guards import Bounds
from bulkscim.providers.profile import Bucket, Profile
from bulkscim.runs.assembly import Terms
from tests.support.simulation.changed_names import CHANGES, NORMALISES
from tests.support.simulation.changed_names import FORMS as UNICODE
from tests.support.simulation.limited import bucket_of
from tests.support.simulation.other_forms import FORMS, texts_for_objects

RATES = ((100, 60.0), (10, 1.0), (50, 10.0), (600, 60.0), (1000, 3600.0), (300, 60.0))
REFUSALS = (409, 423)  # of a lock; a 429 is none
FAULTS = (
    "throttled",  # 429, not applied
    "busy_before",  # a 5xx, not applied
    "busy_after",  # a 5xx, applied
    "unreached",  # no byte was sent
    "cut_before",
    "cut_after",
    "late_before",  # no answer within the time-out
    "late_after",
    "truncated",
    "page",  # a web page with 200
    "empty",  # 200 and nothing in it
)


@dataclass(frozen=True, slots=True)
class World:
    """One world. Shares are of requests; what is empty, 0 or None is as it should be.

    `lag_s`: a new resource is not shown by filters and lists for so long. `filters`: good, refused, ignored, or
    nothing (each finds nothing). `joins`: the same of filters with several names, or the "first" name counts, or "some". `duplicates` is the status for a name that is taken; "page" is a web page with 500,
    "unsaid" a 400 without a reason. `outage` is begin, length
    and kind; `revoked` the number of the request from which the token is refused, and how. `poison` is the status
    that the creates of some names always get, `lock` that of a write to what was written a moment ago. `lies`: 2xx that
    did nothing. `crashes` at most; `power` the share
    of these in which the machine falls, not the process alone. `sync_s` is the longest sync, `jump_s` by how
    much this machine's clock is set between two sessions.

    In the wider ground: `slows` is by how much each other request in flight makes one slower. `drift` is how many
    seconds the server's clock gains in a second; `leap` when this machine's clock is set, and by how much, in
    the middle of a session. `accepted` is the share of writes that are answered with 202; they are applied at once, or
    the seconds of `accepts_s` later, by method, or never: `dropped` is the share of these. `on_exists` is what the
    tool is told. `filters_links`: a good filter finds the holders of a member and the reports of a manager. `meddles` is the share of the tool's requests after which a second client changes something. With `limit`
    a run of the first rows comes before the run of all. `rollbacks` are made one of the other: 1 takes the run back, 2
    also takes that back, 3 takes the run back a second time. `throttles` is the form of a throttling answer: 429, or a
    403 with "wait" (Retry-After) or "spent" (the headers of a limit), once for each request. `duplicates` may be 201: the create of a name that is taken
    overwrites the resource that has it and answers with it. `held_s` is for how long it has been there, 0 for years. `veils`, from the seed VEILED on, are what the tenant
    does not show: lists of members are "cut", or members "hidden"; lookups are "short"; filters compare "capitals".
    From the seed NAMELESS on lookups that are short may be "nameless": they leave out externalId as well.
    `forms`, from the seed SHAPED on, name those of `other_forms` in which it shows values.
    From the seed HOSTILE on, `hostile` is the share of answers that are huge, cut off, nested or of wrong types,
    `odd_ids` that of answers with ids that no URL can hold.
    `late_s`: a new resource is a 404 by its id for so long, and a 400 as a member or manager.
    From the seed NARROWED on `veils` may also say that "plain json" alone is taken, or that there is "one page" for any
    `startIndex`.
    From the seed RENAMING on `renames` are those of `changed_names` that the tenant makes to names. `regroups`
    is the share of the groups that the run of the first rows created, and that are renamed before the run of all.
    From the seed OWN on `derives` are the values of `own_values` that the service derives or rewrites; `derives_late`: the
    answers to writes do not show the derived ones. `shows_groups`: users show their groups, inherited ones as well.
    `hides` says more of a tenant that hides who is inactive: "reads" by id are a 404, "changes" by id as well, and it is
    "untold" to the tool.
    From the seed SHARING on `takes_members` are those of `shared_requests` in which it takes changes of several members;
    `most_members` of them go in one request.
    From the seed VERSIONED on `versions` says what it makes of If-Match: see `versions`.
    From the seed LIMITED on there are further `limits`: see `limited`; the tool is to use a `share` of each, and a `burst`.
    """

    rate: tuple[int, float] = (600, 60.0)
    posts: tuple[int, float] | None = None
    concurrency: int = 4
    latency_s: float = 0.2
    lag_s: float = 0.0
    known_lag_s: float = 2.0
    page: int = 100
    hides_inactive: bool = False
    filters: str = "good"
    joins: str = "refused"
    duplicates: int | str = 409
    unique_groups: bool = False
    shows_created: bool = True
    dates: bool = True
    ahead_s: float = 0.0
    bare_answers: bool = False
    faults: dict[str, float] = field(default_factory=dict)
    read_faults: float = 0.0
    retry_after: str = "seconds"
    outage: tuple[float, float, str] | None = None
    revoked: tuple[int, int] | None = None
    redirects: float = 0.0
    poison: int = 0
    lies: float = 0.0
    lock: int = 0
    max_errors: int | None = None
    jump_s: float = 0.0
    crashes: int = 0
    power: float = 0.5
    sync_s: float = 0.002
    bad_disk: float = 0.0
    read_back: str | None = None
    slows: float = 0.0
    drift: float = 0.0
    leap: tuple[float, float] | None = None
    accepted: float = 0.0
    accepts_s: dict[str, float] = field(default_factory=dict)
    dropped: float = 0.0
    on_exists: str = "adopt"
    filters_links: bool = False
    meddles: float = 0.0
    limit: int | None = None
    rollbacks: int = 0
    throttles: str = "429"
    held_s: float = 0.0
    veils: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    hostile: float = 0.0
    odd_ids: float = 0.0
    late_s: float = 0.0
    renames: tuple[str, ...] = ()
    regroups: float = 0.0
    derives: tuple[str, ...] = ()
    derives_late: bool = False
    shows_groups: str = ""
    hides: tuple[str, ...] = ()
    takes_members: tuple[str, ...] = ()
    most_members: int = 100
    versions: str = ""
    limits: tuple[tuple, ...] = ()
    share: str | None = None
    burst: int | None = None

    def __str__(self):
        """Return what is out of the ordinary."""
        plain = World()
        shown = {one.name: getattr(self, one.name) for one in fields(self)}
        return ", ".join(f"{name}={value}" for name, value in shown.items() if value != getattr(plain, name))

    @property
    def calm(self):
        """The same tenant on a good day: no faults, no crashes."""
        return replace(
            self,
            faults={},
            read_faults=0.0,
            outage=None,
            revoked=None,
            redirects=0.0,
            lies=0.0,
            crashes=0,
            bad_disk=0.0,
            hostile=0.0,
            odd_ids=0.0,
        )

    @property
    def explains(self):
        """Whether a lookup explains each answer of 5xx: it can only be for a name that is taken, and shown."""
        calm = not (
            self.faults
            or self.read_faults
            or self.outage
            or self.lies
            or self.hides_inactive
            or self.meddles
            or self.hostile
        )
        return calm and not self.may_refuse and self.revoked is None

    @property
    def may_refuse(self):
        """Whether rows may fail that no record is to blame for."""
        locked = self.lock in REFUSALS
        odd = self.redirects or self.poison or self.lies or self.odd_ids
        return bool(locked or odd or self.lag_s > self.known_lag_s)

    @property
    def terms(self):
        """What the tool knows of the tenant, and is asked to do."""
        buckets = [Bucket(*self.rate)]
        if self.posts:
            buckets.append(Bucket(*self.posts, "creates", frozenset({"POST"})))
        buckets += map(bucket_of, self.limits)
        profile = Profile(
            "simulated",
            buckets=tuple(buckets),
            concurrency=self.concurrency,
            most_concurrency=self.concurrency,
            page_size=self.page,
            visibility_lag_s=self.known_lag_s,
            enforces_unique=frozenset({"User", "Group"} if self.unique_groups else {"User"}),
            most_members=self.most_members,
            lists_inactive=not self.hides_inactive or "untold" in self.hides,
            etag=bool(self.versions),
        )
        # Without a draw of its own, so that seeds stay what they were.
        wait_out = "10m" if self.concurrency % 2 else None
        connection = Connection(wait_out=wait_out, budget_share=self.share, burst=self.burst)
        return Terms(
            profile,
            Settings(RowRules(self.on_exists, create_groups=True, read_back=self.read_back), connection),
            Bounds(None, None, self.max_errors),
        )


def draw(random):
    """Return a world by chance: each feature is there now and then."""

    def now_and_then(share, value, otherwise):
        return value() if random.random() < share else otherwise

    rate, dates = random.choice(RATES), random.random() < 0.8
    return World(
        rate=rate,
        posts=now_and_then(0.15, lambda: (max(1, rate[0] // 3), rate[1]), None),
        concurrency=random.randrange(1, 9),
        latency_s=random.choice((0.02, 0.2, 1.0, 3.0)),
        lag_s=now_and_then(0.3, lambda: random.choice((0.5, 1.9, 1.9, 8.0)), 0.0),
        page=random.choice((3, 10, 100)),
        hides_inactive=random.random() < 0.15,
        filters=now_and_then(0.25, lambda: random.choice(("refused", "ignored", "nothing")), "good"),
        duplicates=now_and_then(0.4, lambda: random.choice((400, 500, 200)), 409),
        unique_groups=random.random() < 0.4,
        shows_created=random.random() < 0.8,
        dates=dates,
        ahead_s=now_and_then(0.2 * dates, lambda: random.uniform(-100, 100), 0.0),
        bare_answers=random.random() < 0.15,
        faults=_faults(random),
        read_faults=now_and_then(0.5, lambda: random.random() * 0.15, 0.0),
        retry_after=random.choice(("seconds", "seconds", "fraction", "date", "absent", "long")),
        outage=now_and_then(0.15, lambda: _outage(random), None),
        revoked=now_and_then(0.12, lambda: (random.randrange(5, 150), random.choice((401, 401, 403))), None),
        redirects=now_and_then(0.05, lambda: 0.03, 0.0),
        poison=now_and_then(0.06, lambda: random.choice((400, 500, 503, 409)), 0),
        lies=now_and_then(0.04, lambda: 0.05, 0.0),
        lock=now_and_then(0.08, lambda: random.choice((*REFUSALS, 429, 429)), 0),
        jump_s=now_and_then(0.15 * dates, lambda: random.uniform(-5000, 5000), 0.0),
        max_errors=now_and_then(0.1, lambda: random.randrange(4), None),
        crashes=random.choice((0, 1, 2, 3, 4)),
        power=random.choice((0.0, 0.5, 1.0)),
        sync_s=random.choice((0.0, 0.002, 0.02, 0.5, 5.0)),
        bad_disk=now_and_then(0.12, lambda: 0.01, 0.0),
    )


def joined(world, random):
    """Return a world whose tenant takes filters with several names, more or less well, where it takes filters."""
    joins = random.choice(("good", "good", "good", "good", "refused", "ignored", "nothing", "first", "some"))
    return replace(world, joins=joins if world.filters == "good" else world.filters)


def widened(world, random):
    """Return a world with features of the wider ground, each there now and then."""

    def now_and_then(share, value, otherwise):
        return value() if random.random() < share else otherwise

    return replace(
        world,
        slows=now_and_then(0.25, lambda: random.choice((0.1, 0.5, 1.0)), 0.0),
        drift=now_and_then(0.25 * world.dates, lambda: random.uniform(-5e-4, 5e-4), 0.0),
        leap=now_and_then(
            0.15 * world.dates,
            lambda: (random.random() * 30, random.choice((-1, 1)) * random.random() * 5000),
            None,
        ),
        on_exists=now_and_then(0.3, lambda: random.choice(("update", "skip")), "adopt"),
        filters_links=random.random() < 0.5,
        meddles=now_and_then(0.3, lambda: random.choice((0.02, 0.1, 0.3)), 0.0),
        limit=now_and_then(0.15, lambda: random.randrange(1, 30), None),
        **(
            now_and_then(0.15, lambda: _accepted(random), {})
            | now_and_then(0.3, lambda: _taken_back(world, random), {})
        ),
    )


def answering(world, random):
    """Return a world of the wider ground whose tenant says things in other words, now and then."""
    if world.crashes:
        # A process that dies with a 202 in hand takes it for a lost answer: then what comes late counts as not applied.
        world = replace(world, accepts_s={"POST": 0.5} if world.accepts_s and world.lag_s <= 1 else {})
    throttles = random.choice(("429", "429", "403 wait", "403 spent"))
    words = random.choice((world.duplicates, world.duplicates, 500, "page", "unsaid"))
    world = replace(world, throttles=throttles, duplicates=words)
    if random.random() < 0.85:
        return world
    # A service that shows no time of creation cannot be caught at it.
    return replace(world, duplicates=201, shows_created=True, held_s=random.choice((0.0, 0.0, 10_000.0)))


def veiled(world, random):
    """Return a world whose tenant may show less than it holds."""
    if random.random() < 0.5:
        return world
    veils = random.choice((("cut",), ("hidden",), ("short",), ("capitals",), ("short", "cut")))
    if "cut" in veils or "hidden" in veils:
        # What was accepted may never be seen, nor a member that a second client adds. A rollback removes members blindly,
        # which nobody takes back.
        world = replace(world, accepted=0.0, meddles=0.0, rollbacks=min(world.rollbacks, 1))
    return replace(world, veils=veils)


def nameless(world, random):
    """Return a world whose lookups, where they are short, may leave out the externalId of users as well."""
    if "short" not in world.veils or random.random() < 0.5:
        return world
    return replace(world, veils=(*world.veils, "nameless"))


def shaped(world, random):
    """Return a world whose tenant may show values in other forms than the schema's."""
    if random.random() < 0.4:
        return world
    # A bare address does not show its type, which a rollback could not restore.
    names = [form.__name__ for form in FORMS if form is not texts_for_objects]
    return replace(world, forms=tuple(random.sample(names, random.choice((1, 1, 2, 3)))))


def attacked(world, random):
    """Return a world of the wider ground whose tenant is hostile, now and then."""
    if random.random() < 0.85:
        return world
    return hostile(world, random.choice((0.01, 0.05, 0.15)), random.choice((0.0, 0.0, 0.02, 0.1)))


def hostile(world, share, odd_ids):
    """Return a world with these shares of spoilt answers, and without what cannot be known then.

    That is what an earlier run made, what a tenant holds and does not show, and whether a 201 was about something new: a
    rollback leaves what may have been there before, and what was made under an id that was shown too late.
    """
    rollbacks = 0 if world.duplicates == 201 else world.rollbacks
    world = replace(world, veils=(), limit=None, rollbacks=rollbacks, hostile=share, odd_ids=odd_ids)
    return replace(world, lag_s=0.0) if rollbacks else world


def late(world, random):
    """Return a world of the wider ground whose tenant shows new resources late by their ids as well, now and then.

    A rollback that begins at once does not know what its run created a moment ago.
    """
    if world.rollbacks or random.random() < 0.8:
        return world
    return replace(world, late_s=random.choice((0.3, 1.0, 1.9)))


def narrowed(world, random):
    """Return a world whose tenant may take plain JSON only, or show one page for any `startIndex`."""
    more = random.choice(((), (), ("plain json",), ("one page",), ("plain json", "one page")))
    if "one page" not in more or world.filters != "good":
        more = tuple(one for one in more if one != "one page")
        return replace(world, veils=world.veils + more)
    return replace(world, veils=world.veils + more, page=100)


def renaming(world, random):
    """Return a world whose tenant may change names, unless it is hostile; or in which groups of an earlier run are renamed.

    Not both: a later run looks up by the names in its file what an earlier run made, and may make a group again.
    """
    if world.hostile:
        return world
    if random.random() < 0.25:
        return replace(world, limit=random.randrange(8, 30), regroups=random.choice((0.5, 1.0)))
    form = random.choice(((), ("nfc",), ("nfd",)))
    changes = tuple(one for one in CHANGES if one not in UNICODE and random.random() < 0.5) + form
    more = (NORMALISES,) if random.random() < 0.3 else ()
    return replace(world, limit=None, renames=changes + more)


def _taken_back(world, random):
    """Return a world whose refusals and lies leave nothing half done, so that all of it can be taken back."""
    told = {
        "poison": 0,
        "redirects": 0.0,
        "lies": 0.0,
        "shows_created": True,
        "max_errors": None,
        "crashes": 6,
    }
    return told | {
        "lag_s": min(world.lag_s, 1.9),
        "ahead_s": 0.0,
        "dropped": 0.0,
        "rollbacks": random.choice((1, 1, 2, 3)),
    }


def often_taken_back(world, random):
    """Return a world whose runs are taken back more often than not."""
    return world if world.rollbacks or random.random() < 0.3 else replace(world, **_taken_back(world, random))


def _accepted(random):
    """Return how writes are answered with 202: applied at once, within the visibility lag, after it, or never."""
    late = random.choice((0.5, 1.5, 8.0, 60.0))
    soon = dict.fromkeys(random.choice((("POST",), ("POST", "PATCH", "PUT", "DELETE"))), late)
    dropped = random.choice((0.0, 0.0, 0.3))
    return {"accepted": random.random() * 0.3, "accepts_s": random.choice(({}, soon)), "dropped": dropped}


def _faults(random):
    """Return some kinds of fault, each with its share."""
    if random.random() < 0.15:
        return {}
    return {name: random.random() * 0.08 for name in FAULTS if random.random() < 0.4}


def _outage(random):
    kind = random.choice(("unreached", "busy", "late", "page"))
    return random.random() * 60, random.choice((2.0, 30.0, 600.0)), kind
