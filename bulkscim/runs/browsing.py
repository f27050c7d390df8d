"""Read a tenant's resources, all of them or an error: paced, repeated where that may help, and never written to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import random

from bulkscim.engine.clock import RealClock
from bulkscim.engine.permits import Permits
from bulkscim.engine.reads import Reads
from bulkscim.engine.sending import Count, Paced, Sender
from bulkscim.engine.stopping import Stopping
from bulkscim.errors import Stopped
from bulkscim.model.harmless import escaped
from bulkscim.model.live import Found, Unreadable
from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.pacing.arrivals import Arrivals
from bulkscim.providers.profile import Profile
from bulkscim.runs.session import patient
from bulkscim.runs.settings import Settings
from bulkscim.runs.tenant import connected, look
from bulkscim.runs.unattended import Unwatched
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.base import Transport
from bulkscim.transport.repeating import Repeating


@dataclass(frozen=True, slots=True)
class Browser:
    """A tenant that is only read."""

    profile: Profile
    notes: tuple[str, ...]
    _reads: Reads

    async def resources(self, kind: str) -> AsyncIterator[JsonObject]:
        """Yield all resources of a type, each once; Stopped where the tenant does not show them all."""
        async for page in self._reads.pages(kind):
            if isinstance(page, Unreadable):
                raise Stopped(f"{kind}s cannot be read to their end: {page.why}")
            for resource in page:
                yield await self._whole(resource) if self._is_short(kind) else resource

    def _is_short(self, kind: str) -> bool:
        return kind == GROUP and not self.profile.lists_members

    async def _whole(self, group: JsonObject) -> JsonObject:
        """Read a group by its id where listings leave members out; one that has gone stays as listed."""
        read = await self._reads.by_id(GROUP, group["id"])
        if isinstance(read, Unreadable):
            raise Stopped(f"Group {escaped(group['id'])} cannot be read: {read.why}")
        return read.resource if isinstance(read, Found) else group


@asynccontextmanager
async def browsing(tenant: Tenant, settings: Settings) -> AsyncIterator[Browser]:
    """Open a tenant to read it; CredentialError or Stopped where that cannot be done."""
    profile, clock = tenant.provider, RealClock()
    async with connected(tenant.base_url, tenant.token, profile, settings, clock) as transport:
        first = patient(transport, settings, profile, clock, say=Unwatched().note)
        seen = await look(first, profile, clock)
        yield Browser(seen.profile, seen.notes, reads_over(transport, seen.profile, settings, first.arrivals))


def reads_over(transport: Transport, profile: Profile, settings: Settings, arrivals: Arrivals) -> Reads:
    """Return reads that keep to a tenant's pace and are repeated where that may help."""
    clock, watcher = RealClock(), Unwatched()
    stopping = Stopping(clock)
    permits = Permits(settings.buckets(profile), clock, stopping, watcher, arrivals)
    sender = Sender(transport, permits, stopping, Count(watcher), clock, random)
    return Reads(Repeating(Paced(transport, sender, None), clock, random, stopping.pause), clock, profile)
