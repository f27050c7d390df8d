"""Get to know a tenant: read what it says of itself and one page, and say what that was."""

from collections.abc import Iterator
from dataclasses import dataclass

from bulkscim.engine.clock import RealClock
from bulkscim.model.base_url import base_url_key
from bulkscim.providers import PROFILES
from bulkscim.providers.profile import Profile
from bulkscim.runs.settings import Settings
from bulkscim.runs.tenant import Seen, connected, host_of, look
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
        able = {"PATCH": profile.patch, "filter": profile.filter, "ETag": profile.etag}
        yield f"can       {', '.join(name for name, can in able.items() if can) or 'none of PATCH, filter, ETag'}"
        paces = (f"{bucket.limit} requests in {bucket.window_s:g} s" for bucket in profile.buckets)
        yield f"pace      {', '.join(paces)}, {profile.concurrency} in flight, unless --rate says otherwise"
        yield from self.seen.notes
        if better := _at_home(self.tenant.base_url, profile.name):
            yield f"this is where {better.title} is served; --profile {better.name} knows its ways and limits"


def _at_home(base_url: str, profile: str) -> Profile | None:
    """Return the profile whose usual host this is, where another was chosen."""
    there = (
        each
        for each in PROFILES.values()
        if each.base_url and host_of(base_url_key(each.base_url)) == host_of(base_url_key(base_url))
    )
    return next((each for each in there if each.name != profile), None)


async def connect(tenant: Tenant, settings: Settings) -> Acquaintance:
    """Read the tenant with its token; CredentialError when it rejects it, Stopped when it is not reached."""
    profile = tenant.provider
    clock = RealClock()
    async with connected(tenant.base_url, tenant.token, profile, settings, clock) as transport:
        return Acquaintance(tenant, await look(transport, profile, clock))
