"""Find out by reading what a tenant does: ask what the table of questions says, within the profile's limits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from bulkscim.engine.clock import RealClock
from bulkscim.journal.settings import Settings
from bulkscim.model.request import NoAnswer, Reply, Request, Response
from bulkscim.pacing.retry import throttles
from bulkscim.providers.probing.questions import next_question
from bulkscim.providers.probing.record import Record, answer_of
from bulkscim.providers.probing.traits import Finding, findings
from bulkscim.providers.probing.writing import text_of
from bulkscim.providers.profile import Profile
from bulkscim.providers.provider import Provider
from bulkscim.runs.session import first_look
from bulkscim.runs.tenant import connected
from bulkscim.tenants.profiles import provider_of
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import say_nothing

WRITES = "a probe that only reads has no other request than GET"


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe of a tenant found, and how many requests it took; all were reads.

    `narrowed`: the profile by which it was probed, narrowed by what the tenant says of itself.
    """

    provider: Provider
    narrowed: Profile
    findings: tuple[Finding, ...]
    requests: int
    throttled: int
    notes: tuple[str, ...]
    at: float

    @property
    def profile(self) -> Profile:
        """The profile by which the tenant was probed."""
        return self.provider.profile


def profile_file(probed: Probed) -> str:
    """Return the text of a profile with what was seen."""
    day = datetime.fromtimestamp(probed.at, UTC).date().isoformat()
    return text_of(probed.provider, probed.findings, day)


class OnlyReads:
    """A transport that sends GETs and nothing else, and keeps their last answers."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.requests = 0
        self.throttled = 0
        self.replies: dict[str, Reply] = {}

    async def send(self, request: Request) -> Reply:
        """Send one GET."""
        if request.method != "GET":
            raise ValueError(WRITES)
        self.requests += 1
        reply = await self._inner.send(request)
        self.throttled += isinstance(reply, Response) and throttles(reply)
        self.replies[request.path] = reply
        return reply


async def probe(tenant: Tenant, settings: Settings, say: Callable[[str], None] = say_nothing) -> Probed:
    """Probe a tenant by reading; CredentialError when it rejects the token, Stopped when it is not reached.

    `say` is told of long waits.
    """
    clock, profile = RealClock(), tenant.provider
    async with connected(tenant, settings, clock) as transport:
        reads = OnlyReads(transport)
        visit = await first_look(reads, settings, profile, clock, say=say)
        record = await gathered(visit.first, profile, reads.replies)
    provider = provider_of(profile.name, tenant.own_profile)
    found = findings(record)
    return Probed(
        provider, visit.seen.profile, found, reads.requests, reads.throttled, visit.seen.notes, clock.now()
    )


async def gathered(transport: Transport, profile: Profile, known: dict[str, Reply]) -> Record:
    """Ask all questions whose answers could prove something; `known` holds answers that have come, by path."""
    come = dict(known)
    record = Record(profile, f"bulkscim-probe-{uuid4().hex}@example.invalid")
    while (question := next_question(record)) is not None:
        if question.path not in come:
            come[question.path] = await answered(transport, question.path)
        record.take(question.name, answer_of(question.path, come[question.path]))
    return record


async def answered(transport: Transport, path: str) -> Reply:
    """Return the answer to a GET: asked once, and again where none came."""
    reply = await transport.send(Request("GET", path))
    return await transport.send(Request("GET", path)) if isinstance(reply, NoAnswer) else reply
