"""Get to know a tenant: read what it says of itself and one page, and say what that was."""

from collections.abc import Iterator
from dataclasses import dataclass

from bulkscim.engine.clock import RealClock
from bulkscim.providers import profile_named
from bulkscim.runs.settings import Settings
from bulkscim.runs.tenant import Seen, connected, look
from bulkscim.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A tenant that answered, and what it showed."""

    tenant: Tenant
    seen: Seen

    def lines(self) -> Iterator[str]:
        """Say what it is, for people."""
        profile, users = self.seen.profile, self.seen.users
        yield f"tenant    {self.tenant.base_url}, profile {profile.name}"
        if self.seen.integration:
            yield f"opens     {self.seen.integration}"
        yield f"users     {'unknown' if users is None else f'{users:,} shown'}"
        able = {"PATCH": profile.patch, "filter": profile.filter, "ETag": profile.etag, "Bulk": profile.bulk}
        yield f"can       {', '.join(name for name, can in able.items() if can) or 'none of PATCH, filter, ETag'}"
        paces = (f"{bucket.limit} requests in {bucket.window_s:g} s" for bucket in profile.buckets)
        yield f"pace      {', '.join(paces)}, {profile.concurrency} in flight, unless --rate says otherwise"
        yield from self.seen.notes


async def connect(tenant: Tenant, settings: Settings) -> Acquaintance:
    """Read the tenant with its token; CredentialError when it rejects it, Stopped when it is not reached."""
    profile = profile_named(tenant.profile)
    async with connected(tenant.base_url, tenant.token, profile, settings, RealClock()) as transport:
        return Acquaintance(tenant, await look(transport, profile))
