"""A tenant in memory, on a virtual clock, in a world of faults: it answers late, wrongly, twice, or not at all."""

from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import unquote

import orjson

from bulkscim.model.request import Loss, NoAnswer, Response
from tests.support.simulation import hostile
from tests.support.simulation.client import ATTRIBUTES, SecondClient
from tests.support.simulation.directory import KINDS, NAMES, Directory
from tests.support.simulation.world import World

TIMEOUT_S = 30.0
LOCKED_S = 0.4
REDIRECTED = 300
PLAIN = World()


@dataclass(slots=True)
class Flight:
    """A request that has left and is not answered yet."""

    request: object
    generation: int
    random: object
    sent_at: float
    arrived: bool = False
    counted: bool = False


class Quiet:
    """Watches nothing."""

    def leaving(self, request):
        """Say nothing."""

    def arriving(self, request):
        """Say nothing."""

    def answered(self, request, reply):
        """Say nothing."""

    def landed(self, request):
        """Say nothing."""


class SimulatedService:
    """The Transport protocol over a directory of its own, as the world has it.

    `watch` is given each request as it leaves and as it arrives, and each answer as it comes. `poisoned` names what can never
    be created. `chance` gives each request its chance.
    """

    def __init__(self, clock, chance, world=PLAIN, watch=None, poisoned=()):
        self.clock, self.chance, self.world = clock, chance, world
        self.directory = Directory(clock, world)
        self.client = SecondClient(self.directory, clock)
        self.client.attributes = ATTRIBUTES[:1] if world.derives else ATTRIBUTES
        self.watch = watch or Quiet()
        self.poisoned = frozenset(poisoned)
        self.began = clock.monotonic()
        self.requests = 0
        self.faults = 0
        self.lied = False
        self.token_good = True
        self.meddling = True  # whether the second client is there
        self.generation = 0
        self.flights = {}
        self.left = lambda key: None  # given the name and number of each request as it leaves
        self._numbers = 0
        self._accepted = []
        self._locked_until = {}
        self._denied = set()  # names of requests that were throttled by a 403

    @property
    def held(self):
        """The resources by collection and id."""
        return self.directory.held

    def hold(self, collection, resource):
        """Hold a resource that was there before."""
        self.directory.hold(collection, resource)

    async def send(self, request):
        """Answer after a while, or not at all."""
        self._numbers += 1
        number = self._numbers
        key, random = self.chance.of(self._name(request))
        self.left(key)
        self.client.meant(request)
        flight = self.flights[number] = Flight(request, self.generation, random, self.clock.monotonic())
        self.watch.leaving(request)
        try:
            reply = await self._answer(flight)
        finally:
            if flight.generation == self.generation:
                self.flights.pop(number, None)
                self.watch.landed(request)
        self.watch.answered(request, reply)
        return reply

    def _name(self, request):
        """Return what a request is called, without ids that depend on what was made before."""
        path, _, query = request.path.partition("?")
        collection, _, resource_id = path.strip("/").partition("/")
        if collection not in KINDS:
            return f"{request.method} {path}"
        if resource_id:
            held = self.directory.held[collection].get(unquote(resource_id), {})
            return f"{request.method} {collection} {held.get(NAMES[collection], resource_id)}"
        named = orjson.loads(request.body)[NAMES[collection]] if request.method == "POST" else query
        return f"{request.method} {collection} {named}"

    def process_died(self):
        """Let what has left arrive or not, and forget who asked."""
        self.generation += 1
        for flight in self.flights.values():
            if not flight.arrived and flight.random.random() < 0.5 and self._is_up():
                self._count(flight)
                self._arrive(flight.request)
            self.watch.landed(flight.request)
        self.flights.clear()

    def begins(self):
        """Take what is there before a run for what it is: not this run's, nor a change of the second client."""
        self.directory.made.clear()
        self.directory.ids.clear()
        self.directory.overwritten_before |= self.directory.overwritten
        self.directory.overwritten.clear()
        self.client.begins()

    def resources(self):
        """Return all that is held, as a plan holds it."""
        self.catch_up()
        return [(collection, one) for collection, held in self.held.items() for one in held.values()]

    def new_session(self):
        """Take a new token where the old one is revoked."""
        self.token_good = True

    def _is_up(self):
        return self.token_good and self._outage() is None

    async def _answer(self, flight):
        await self._travel(flight)
        if self._outage() != "unreached":
            self._count(flight)
        self.requests += 1
        if self.world.revoked and self.requests == self.world.revoked[0]:
            self.token_good = False
        out = await self._refused_by_all()
        if out is not None:
            return out
        fault = self._fault(flight)
        before = await self._fails_before(fault, flight)
        if before is not None:
            return before
        flight.arrived = True
        reply = self._taken(flight)
        if self.meddling and self.world.meddles and flight.random.random() < self.world.meddles:
            self.client.act(flight.random)
        slow = await self._travel(flight)
        if reply.status == 202 and self.world.accepts_s:
            return reply  # without it, what comes late would count as not applied
        return slow or self._hostile(flight, await self._fails_after(fault, flight, reply))

    def _hostile(self, flight, reply):
        """Spoil a share of the answers in the ways of a hostile tenant."""
        if not self.world.hostile or not isinstance(reply, Response):
            return reply
        at = flight.random.random()
        ways = (hostile.spoilt, self.world.hostile), (hostile.odd_ids, self.world.odd_ids)
        for way, share in ways:
            at -= share
            if at < 0:
                self.faults += 1
                return way(flight.random, flight.request, reply)
        return reply

    def _count(self, flight):
        """Count a request under the tenant's limits, once."""
        if not flight.counted:
            flight.counted = True
            self.watch.arriving(flight.request)

    async def _travel(self, flight):
        """Let the time of one way pass: longer where others are under way, and never after the client has given up."""
        others = len(self.flights) - 1
        seconds = flight.random.random() * self.world.latency_s * (1 + self.world.slows * others)
        left = flight.sent_at + TIMEOUT_S - self.clock.monotonic()
        await self.clock.sleep(min(seconds, left if flight.arrived else left / 2))
        return NoAnswer(Loss.TIMEOUT, "no answer in time") if seconds > left else None

    async def _refused_by_all(self):
        """Answer what no request gets past: an outage, a token that is no good."""
        kind = self._outage()
        if kind is None and self.token_good:
            return None
        self.faults += 1
        match kind:
            case "unreached":
                return NoAnswer(Loss.NEVER_SENT, "connection refused")
            case "busy":
                return self.directory.answer(503, {})
            case "page":
                return Response(502, {}, b"<html><title>Bad gateway</title></html>", self.clock.now())
            case "late":
                await self.clock.sleep(TIMEOUT_S)
                return NoAnswer(Loss.TIMEOUT, "no answer in time")
        return self.directory.answer(self.world.revoked[1], {"detail": "the token is revoked"})

    def _outage(self):
        if self.world.outage is None:
            return None
        begin, length, kind = self.world.outage
        return kind if begin <= self.clock.monotonic() - self.began < begin + length else None

    def _fault(self, flight):
        """Choose what goes wrong with a request."""
        random = flight.random
        if flight.request.method == "GET":
            kinds = (
                "throttled",
                "busy_before",
                "unreached",
                "cut_after",
                "late_before",
                "truncated",
                "page",
                "empty",
            )
            failing = random.random() < self.world.read_faults
            fault = random.choice(kinds) if failing else None
        else:
            fault = self._write_fault(random)
        self.faults += fault is not None
        return fault

    def _write_fault(self, random):
        at = random.random()
        for name, share in (
            *self.world.faults.items(),
            ("redirect", self.world.redirects),
            ("lie", self.world.lies),
        ):
            at -= share
            if at < 0:
                return name
        return None

    def _taken(self, flight):
        """Carry a request out, or accept it: then it is carried out at once, later, or never."""
        world, request = self.world, flight.request
        if (
            self._refuses_media(request)
            or request.method == "GET"
            or not world.accepted
            or flight.random.random() >= world.accepted
        ):
            return self._arrive(request)
        if request.method == "POST" and self._never_works(orjson.loads(request.body)):
            return self._arrive(request)  # accepted, it would stay in doubt until somebody settles it
        late = world.accepts_s.get(request.method, 0.0)
        if late or world.dropped:
            if flight.random.random() >= world.dropped:
                self._accepted.append((self.clock.monotonic() + late, request))
        elif (reply := self._arrive(request)).status >= REDIRECTED:
            return reply
        return self.directory.answer(202, None)

    async def _fails_before(self, fault, flight):
        """Answer in place of the directory."""
        match fault:
            case "throttled":
                return self._throttled(flight)
            case "busy_before":
                return self.directory.answer(flight.random.choice((500, 502, 503, 504, 408)), {})
            case "unreached":
                return NoAnswer(Loss.NEVER_SENT, "connection refused")
            case "cut_before":
                return NoAnswer(Loss.CUT, "the connection was cut")
            case "late_before":
                await self.clock.sleep(TIMEOUT_S)
                return NoAnswer(Loss.TIMEOUT, "no answer in time")
            case "redirect":
                return self.directory.answer(302, {}, {"location": "https://login.example/"})
            case "lie":
                self.lied = True
                return self.directory.answer(200, {"id": "nobody"})
        return None

    async def _fails_after(self, fault, flight, reply):
        """Spoil an answer on its way back."""
        match fault:
            case "busy_after":
                return self.directory.answer(flight.random.choice((500, 502, 503, 504)), {})
            case "cut_after":
                return NoAnswer(Loss.CUT, "the connection was cut")
            case "late_after":
                await self.clock.sleep(TIMEOUT_S)
                return NoAnswer(Loss.TIMEOUT, "no answer in time")
            case "truncated":
                return NoAnswer(Loss.CUT, "the answer was truncated", reply.status)
            case "page":
                return Response(200, {}, b"<html><title>Welcome</title></html>", self.clock.now())
            case "empty" if reply.status in {
                200,
                201,
                204,
            }:  # of another it would be a 200 that did nothing, a lie
                return Response(200, {}, b"", self.clock.now())
        return reply

    def _throttled(self, flight):
        """Answer that there were too many requests; by a 403 only once for each, since a second one is a refusal."""
        name, form = self._name(flight.request), self.world.throttles
        if form == "429" or name in self._denied:
            return self.directory.answer(429, {}, self._retry_after(flight.random))
        self._denied.add(name)
        wait, headers = flight.random.choice((0, 1, 3, 20)), self._retry_after(flight.random)
        if form == "403 spent" or not headers:
            reset = str(int(self.directory.now()) + 1 + wait)
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        return self.directory.answer(403, {"detail": "a secondary limit"}, headers)

    def _retry_after(self, random):
        seconds = random.choice((0, 1, 3, 20))
        match self.world.retry_after:
            case "seconds":
                return {"retry-after": str(seconds)}
            case "fraction":
                return {"retry-after": f"{seconds + 0.5}"}
            case "date":
                return {"retry-after": formatdate(self.directory.now() + seconds, usegmt=True)}
            case "long":
                return {"retry-after": str(seconds * 10)}
        return {}

    def catch_up(self):
        """Carry out what was accepted and is due by now."""
        now = self.clock.monotonic()
        due = [(at, request) for at, request in self._accepted if at <= now]
        self._accepted = [(at, request) for at, request in self._accepted if at > now]
        for self.directory.behind_s, request in ((now - at, request) for at, request in due):
            self._carry_out(request)
        self.directory.behind_s = 0.0

    def _arrive(self, request):
        """Let a request take effect, and return the answer that it would have."""
        self.catch_up()
        return self._carry_out(request)

    def _carry_out(self, request):
        path = request.path.partition("?")[0]
        collection, _, resource_id = path.strip("/").partition("/")
        if collection not in KINDS:
            return self.directory.answer(404, {})
        reply = self._effect(request, collection, resource_id)
        if reply.status < REDIRECTED:
            self.client.saw(request, collection, unquote(resource_id))
        return reply

    def _effect(self, request, collection, resource_id):
        body = orjson.loads(request.body) if request.body else {}
        if self._refuses_media(request):
            return self.directory.answer(415, {"detail": "plain JSON is taken"})
        if resource_id and self._is_locked(request):
            return self.directory.answer(self.world.lock, {"detail": "locked"})
        if resource_id:
            return self.directory.one(
                request.method, collection, unquote(resource_id), body, request.if_match
            )
        if request.method != "POST":
            return self.directory.listed(collection, request.path)
        if self._never_works(body):
            return self.directory.answer(self.world.poison, {"detail": "this one never works"})
        return self.directory.create(collection, body)

    def _refuses_media(self, request):
        return "plain json" in self.world.veils and request.body and request.media_type != "application/json"

    def _never_works(self, body):
        return not self.poisoned.isdisjoint(body.get(name) for name in NAMES.values())

    def _is_locked(self, request):
        """Lock what is written to for a while; a write that comes too soon does not make it longer."""
        if not self.world.lock or request.method == "GET":
            return False
        now = self.clock.monotonic()
        if now < self._locked_until.get(request.path, 0.0):
            self.faults += 1
            return True
        self._locked_until[request.path] = now + LOCKED_S
        return False

    def state(self, *, whole=False):
        """Return the tenant by names instead of ids, to be compared."""
        self.catch_up()
        return self.directory.state(whole=whole)
