"""What must be true of every run, whatever happens to it: told of each request, each answer, each session.

intent    no write leaves whose start is not durable
before    ... nor one that changes a resource without what stood there
rate      no more requests arrive at the tenant in any window than its limit allows, over all sessions
wait      nothing leaves before a Retry-After is over
overlap   no two writes to one resource are under way at once
accepted  what was answered with 202 is never sent again
once      what a row makes is made once
kept      what was durable before a crash stands after it
rows      every row is in exactly one state, the sum is right, and the ledger is what the journal tells
stop      a run is not stopped for answers that a lookup explains
guess     what is said to be done was done by this run; who is in doubt is named
guard     rows do not go on failing beyond --max-errors
blame     a row fails only by what the tenant has against it
token     a token that is refused makes no row fail
wrong     a row that names what it must not change, or cannot see, does not end well
state     the tenant is as the file says, wherever rows are done, adopted or as wanted
finish    a run that can finish does
"""

from collections import deque

import orjson

from bulkscim.journal import entries, journal
from bulkscim.journal.entries import Kind
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.request import Response
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.pacing.hints import asked_wait
from bulkscim.pacing.rate import rate_of
from bulkscim.planning.newness import CLOCK_TOLERANCE_S
from bulkscim.providers.profile import Bucket
from tests.support.simulation.disk import FOLDER

ENDS, ACCEPTED = {Kind.APPLIED, Kind.REFUSED}, 202
NEEDS_BEFORE = {"replace", "modify", "delete"}
LATE_S = 1e-6  # of a float


class Broken(AssertionError):
    """An oracle was broken; `oracle` is its name."""

    def __init__(self, oracle, text):
        super().__init__(f"{oracle}: {text}")
        self.oracle = oracle


class Intents:
    """The steps that are started and not ended, by what is durable of the journal."""

    def __init__(self, disk, path):
        self._disk, self._path = disk, path
        self._read, self._at, self._lines = None, 0, 0
        self.open = {}
        self.accepted = set()  # (row, part) of what was answered with 202

    def refresh(self):
        """Take in what became durable."""
        stored = self._disk.durable(self._path)
        if stored is not self._read:  # written anew
            self._read, self._at, self.open, self.accepted = stored, 0, {}, set()
        if stored is None:
            return
        end = stored.rfind(b"\n") + 1
        for line in bytes(stored[self._at : end]).splitlines():
            self._take(line)
        self._at = max(self._at, end)

    def _take(self, line):
        """Take in a line; of an end only what is looked at is read."""
        told = orjson.loads(line)
        kind, body = told["k"], told["body"]
        if kind == Kind.STARTED:
            self.open[told["s"]] = entries.decode(line).entry
        elif kind == Kind.LOST and body.get("status") == ACCEPTED:
            self.accepted.add(tuple(told["rows"][0][:2]))
        elif kind in ENDS:
            self.open.pop(told["s"], None)
            if kind == Kind.REFUSED and body.get("existed"):  # a create met a resource: a retry may ask again
                self.accepted.discard(tuple(told["rows"][0][:2]))

    def of(self, request):
        """Return the open starts that a request may be of, its own last: one resource has one write at a time."""
        self.refresh()
        name = _name(request)
        return [
            entry
            for _, entry in sorted(self.open.items())
            if entry.body.action.method == request.method and name in _names(entry.body)
        ]


def _name(request):
    """Return what a write is about: an id, or the name of what it makes."""
    path = request.path.strip("/")
    if request.method != "POST":
        return path
    body = orjson.loads(request.body)
    return f"{path}/{body.get('userName') or body.get('displayName')}"


def _names(body):
    collection = f"{body.type}s"
    if body.action is Action.CREATE:
        return [f"{collection}/{key.value}" for key in body.identity]
    return [f"{collection}/{body.id}"]


class Oracles:
    """All of them over one machine; `broken` holds what was found, the first first."""

    def __init__(self, world, clock, disk, buckets):
        self._world, self._clock = world, clock
        self._disk = disk
        self.follow(FOLDER)
        self._arrived = [(bucket, deque()) for bucket in buckets]
        self._under_way = {}
        self._closed_until = dict.fromkeys(buckets, 0.0)
        self._dated = not world.dates  # without any Dates, the clock of this machine is right
        self.broken = []
        self.explains = world.explains  # also no name that only another integration sees

    def follow(self, folder):
        """Look at the journal of this run folder from now on."""
        self._folder = folder
        self._intents = Intents(self._disk, folder / JOURNAL)
        self._durable = b""
        self.undated = set()  # rows with a write whose process could not know the server's time as it left

    def note(self, oracle, text):
        """Keep that an oracle was broken."""
        self.broken.append(Broken(oracle, f"{text} (at {self._clock.monotonic():.3f} s)"))

    # The tenant tells of each request

    def arriving(self, request):
        """Count a request where the tenant does: as it arrives."""
        now = self._clock.monotonic()
        for bucket, times in self._arrived:
            if bucket.matches(request.method, request.path, len(request.body or b"")):
                self._count(bucket, times, now)

    def leaving(self, request):
        """Look at a request as it leaves."""
        now = self._clock.monotonic()
        until = max([self._closed_until[bucket] for bucket in self._counting(request)], default=0.0)
        if now < until - LATE_S:
            self.note("wait", f"{request.method} {request.path} left {until - now:.3f} s early")
        if request.method != "GET":
            self._check_write(request)

    def _counting(self, request):
        """Return the limits that count a request, the narrowest first."""
        size = len(request.body or b"")
        found = [one for one, _ in self._arrived if one.matches(request.method, request.path, size)]
        return sorted(found, key=Bucket.width)

    def _count(self, bucket, times, now):
        times.append(now)
        rate = rate_of(bucket)
        while times[0] <= now - rate.window_s + LATE_S:
            times.popleft()
        if len(times) > rate.limit:
            self.note(
                "rate",
                f"{len(times)} requests in {rate.window_s} s, {rate.limit} are allowed ({bucket.name})",
            )

    def _check_write(self, request):
        begun = self._intents.of(request)
        if not begun:
            self.note("intent", f"{request.method} {request.path} left without a durable start")
        elif not any(_has_before(entry.body) for entry in begun):
            self.note("before", f"{request.method} {request.path} left without what stood there")
        self.undated |= {entry.rows[0][0] for entry in begun if not self._dated or self._is_ahead(entry.body)}
        if begun and begun[-1].rows[0] in self._intents.accepted:
            self.note("accepted", f"{request.method} {request.path} left again after a 202")
        name = _name(request)
        if self._under_way.get(name):
            self.note("overlap", f"{request.method} {request.path} left while another was under way")
        self._under_way[name] = self._under_way.get(name, 0) + 1

    def _is_ahead(self, body):
        """Tell whether an intent was dated by a clock that was set forward since the last Date."""
        world = self._world
        if not world.leap:
            return False
        server = self._clock.wall + self._clock.monotonic() * (1 + world.drift) + world.ahead_s
        return body.server_time > server + CLOCK_TOLERANCE_S

    def landed(self, request):
        """Note that a request is under way no more."""
        if request.method != "GET":
            self._under_way[_name(request)] -= 1

    def answered(self, request, reply):
        """Look at what an answer asks for, and whether it shows the server's time.

        A wait concerns what counts under the narrowest limit of the request.
        """
        self._dated = self._dated or (isinstance(reply, Response) and "date" in reply.headers)
        if isinstance(reply, Response) and reply.status in {403, 429}:
            closed = self._counting(request)[0]
            until = self._clock.monotonic() + (asked_wait(reply) or 0.0)
            self._closed_until[closed] = max(self._closed_until[closed], until)

    def begins(self):
        """Note that a new process begins; it does not know what the last one was told."""
        self._closed_until = dict.fromkeys(self._closed_until, 0.0)
        self._dated = not self._world.dates

    def process_died(self):
        """Keep what is durable: it must stay."""
        self._durable = _good_part(bytes(self._disk.durable(self._folder / JOURNAL) or b""))

    # The machine tells of each session

    def reopened(self, record):
        """Look at a journal that was opened to go on."""
        if not self._disk.contents(self._folder / JOURNAL).startswith(self._durable):
            self.note("kept", "what was durable before the crash is not in the journal any more")
        self.folded(record)

    def folded(self, record):
        """Compare a ledger with what its journal tells."""
        with journal.read(self._folder, self._disk, use_checkpoint=False) as fresh:
            rows = range(1, fresh.ledger.rows + 1)
            ours = [record.ledger.standing(row) for row in rows]
            theirs = [fresh.ledger.standing(row) for row in rows]
            if ours != theirs or record.ledger.totals() != fresh.ledger.totals():
                self.note(
                    "rows", f"the ledger has {record.ledger.totals()}, its journal {fresh.ledger.totals()}"
                )
        totals = record.ledger.totals()
        states = [record.ledger.state(row) for row in rows]
        if (
            any(states.count(state) != getattr(totals, state.value) for state in RowState)
            or len(states) != totals.rows
        ):
            self.note("rows", f"the totals are {totals}, the rows {states}")

    def ended(self, record, before, notes, reason):
        """Look at a session that came to its end; `before`: how many rows had failed when it began."""
        self.folded(record)
        self._look_at_guard(record, before)
        if self.explains and "faults of the tenant" in str(reason):
            self.note("stop", f"{reason}, though a lookup explains each")
        for row in record.ledger.open_rows() if reason is None else ():
            if not any(f"row {row} " in note for note in notes):
                self.note("guess", f"row {row} is in doubt, and nobody says so")

    def _look_at_guard(self, record, before):
        failed, bound = record.ledger.totals().failed, self._world.max_errors
        if bound is not None and failed > max(bound, before) + self._world.concurrency:
            self.note("guard", f"{failed} rows failed, {bound} are allowed, {before} had failed before")


def _good_part(text):
    """Return the lines of a journal that follow from one another, up to the first that does not."""
    chain, end = entries.FIRST_CHAIN, 0
    for line in text.splitlines(keepends=True):
        chain = entries.link(chain, line[:-1][entries.HASHED])
        if line[:-1][entries.SEAL] != chain + entries.END:
            break
        end += len(line)
    return text[:end]


def _has_before(body):
    return body.action not in NEEDS_BEFORE or body.before is not None
