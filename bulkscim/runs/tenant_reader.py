"""Read a tenant's resources, all of them or an error: paced, repeated where that may help, and never written to."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from random import random

from bulkscim.engine.clock import RealClock
from bulkscim.engine.directory.coverage import ListingCoverage, Part
from bulkscim.engine.exchange import Exchange, Paced
from bulkscim.engine.permits import Permits
from bulkscim.engine.reads import Reads, unreadable
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Stopped
from bulkscim.journal.settings import Settings
from bulkscim.model.harmless import escaped
from bulkscim.model.live import Found, Missing, Unreadable
from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Reply
from bulkscim.providers.profile import Profile
from bulkscim.runs.headless import Unwatched
from bulkscim.runs.session import Visit, visiting
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.pages import Page, Unproved
from bulkscim.transport.repeating import Repeating

REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
NAMED = 5  # attributes that a message names


@dataclass(slots=True)
class Browser:
    """A tenant that is only read. `warnings` gathers why what was read may not be all; `say` gets what takes long."""

    profile: Profile
    notes: tuple[str, ...]
    _reads: Reads
    _say: Callable[[str], None]
    warnings: list[str] = field(default_factory=list)

    async def resources(self, kind: str, part: Part) -> AsyncIterator[JsonObject]:
        """Yield all resources of a type, each once; Stopped where the tenant does not show them all.

        `part` returns what matters of a resource. Where listings do not show all of that, each resource is read by its
        id.
        """
        coverage = ListingCoverage(kind, part)
        if coverage.takes_members and not self.profile.lists_members:
            coverage.missing = ("members",)
        known: dict[str, JsonObject | None] | None = None  # what was compared, as it was read by its id
        async with aclosing(self._reads.listing(kind)) as listing:
            async for page in listing:
                if not isinstance(page, Page):
                    self._ended(kind, page)
                    return
                if known is None:
                    known = await self._compared(coverage, page)
                for listed in page.resources:
                    if listed["id"] not in known and coverage.wants(listed):
                        known[listed["id"]] = await self._whole(coverage, listed, page.total)
                    whole = known.pop(listed["id"], listed)
                    if whole is not None:
                        yield whole

    def _ended(self, kind: str, reply: Reply) -> None:
        """Note that a listing may not be all; Stopped where it is not."""
        if not isinstance(reply, Unproved):
            raise Stopped(f"{kind}s cannot be read to their end: {unreadable(reply).why}")
        self.warnings.append(reply.detail)

    async def _compared(self, coverage: ListingCoverage, first: Page) -> dict[str, JsonObject | None]:
        """Compare some resources of a first page with their reads by id."""
        known: dict[str, JsonObject | None] = {}
        for listed in () if coverage.is_short else coverage.choose(first.resources):
            if not coverage.is_blind and not coverage.is_short:
                known[listed["id"]] = await self._whole(coverage, listed, first.total)
        return known

    async def _whole(
        self, coverage: ListingCoverage, listed: JsonObject, total: int | None
    ) -> JsonObject | None:
        """Read a resource by its id; None where it has gone since it was listed."""
        kind, was_short = coverage.kind, coverage.is_short
        read = await self._reads.by_id(kind, listed["id"])
        if isinstance(read, Found):
            if not was_short:
                coverage.compare(listed, read.resource)
            if coverage.is_short and not was_short:
                self._say(_told(coverage, total))
            return read.resource
        if isinstance(read, Missing) and was_short:
            return None
        why = "answered 404" if isinstance(read, Missing) else read.why
        lasts = isinstance(read, Missing) or read.status in REFUSALS
        if was_short or not lasts:
            raise Stopped(f"{kind} {escaped(listed['id'])} cannot be read: {why}")
        if isinstance(read, Unreadable):
            self._refused(coverage, listed, why)
        return listed

    def _refused(self, coverage: ListingCoverage, listed: JsonObject, why: str) -> None:
        """Go on without comparisons; Stopped where a group shows no members at all."""
        kind = coverage.kind
        if coverage.takes_members and not coverage.part(listed).get("members"):
            raise Stopped(
                f"{kind}s cannot be read with their members: the listing shows none, and a read by id is refused: {why}"
            )
        coverage.is_blind = True
        self.warnings.append(
            f"whether the listing of {kind}s shows all attributes is unknown: reads by id are refused: {why}"
        )


def _told(coverage: ListingCoverage, total: int | None) -> str:
    """Say what a listing leaves out, and what it takes to read it."""
    missing, kind = coverage.missing, coverage.kind
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    requests = "one request each" if total is None else f"about {total:,} requests"
    return (
        f"the listing of {kind}s does not show {escaped(', '.join(missing[:NAMED]))}{more} as reads by id do; each {kind} "
        f"is read by its id, in {requests}"
    )


@asynccontextmanager
async def browsing(
    tenant: Tenant, settings: Settings, say: Callable[[str], None] | None = None
) -> AsyncIterator[Browser]:
    """Open a tenant to read it; CredentialError or Stopped where that cannot be done.

    `say` is told what takes long; without it that goes to the log.
    """
    say = say or Unwatched().note
    async with visiting(tenant, settings, RealClock(), say=say) as visit:
        yield Browser(visit.seen.profile, visit.seen.notes, reads_over(visit), say)


def reads_over(visit: Visit) -> Reads:
    """Return reads that keep to a tenant's pace and are repeated where that may help."""
    clock, watcher, profile = visit.clock, Unwatched(), visit.seen.profile
    stopping = Stopping(clock)
    permits = Permits(visit.settings.buckets(profile), clock, stopping, visit.first.arrivals)
    permits.begin_with(visit.known)
    exchange = Exchange(visit.transport, permits, watcher, clock)
    return Reads(Repeating(Paced(exchange, None), clock, random, stopping.pause), clock, profile)
