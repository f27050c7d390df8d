"""A tenant: where it is, how it is spoken to, and the credential for it."""

from dataclasses import dataclass
from pathlib import Path

from bulkscim.model.limits import NO_GUARDS, StandingGuards
from bulkscim.model.secret import Secret
from bulkscim.providers.profile import Profile
from bulkscim.tenants.profiles import profile_named


@dataclass(frozen=True, slots=True)
class Tenant:
    """A SCIM tenant that can be reached.

    `name` is that of `bulkscim.toml`, empty where the tenant was given by its URL. A `production` tenant is
    changed only by who says its name. A `rehearsal` holds nothing real and is changed without asking. `rate`,
    `concurrency`, `proxy` and `ca_bundle` are used unless something else is asked for; `guards` hold for every run.
    A sandbox can be `speed` times as fast as the provider that it plays. `from_journal`: the URL is what a journal
    records, and the user did not name it.
    """

    base_url: str
    token: Secret
    profile: str = "generic"
    name: str = ""
    production: bool = False
    rehearsal: bool = False
    rate: str | None = None
    concurrency: int | None = None
    proxy: str | None = None
    ca_bundle: Path | None = None
    guards: StandingGuards = NO_GUARDS
    speed: float = 1.0
    from_journal: bool = False

    @property
    def named_url(self) -> str | None:
        """The URL as the user gave it; None where a journal alone says it."""
        return None if self.from_journal else self.base_url

    @property
    def provider(self) -> Profile:
        """The facts of its provider, at its speed; UsageError where there is no such profile."""
        return profile_named(self.profile).at(self.speed)
