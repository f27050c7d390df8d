"""A tenant: where it is, how it is spoken to, and the credential for it."""

from dataclasses import dataclass
from pathlib import Path

from bulkscim.model.limits import NO_GUARDS, StandingGuards
from bulkscim.model.run import OwnProfile
from bulkscim.model.secret import Secret
from bulkscim.providers.profile import Profile
from bulkscim.tenants.profiles import built_in, name_of, own_profile, provider_of


@dataclass(frozen=True, slots=True)
class Tenant:
    """A SCIM tenant that can be reached.

    `name` is that of `bulkscim.toml`, empty where the tenant was given by its URL. A `production` tenant is
    changed only by who says its name, or that of `marked_by`, another entry of its URL, which marks it. `others` are the
    other entries of its URL that mark or guard it. A `rehearsal` holds nothing real and is changed without asking. `rate`,
    `concurrency`, `proxy`, `ca_bundle` and `budget_share` are used unless something else is asked for; `guards` hold for every run.
    A sandbox can be `speed` times as fast as the provider that it plays. `from_journal`: the URL is what a journal
    records, and the user did not name it. A `profile` of the user's own, by its name or its path, is read once, into
    `own_profile`; then `profile` is its name.
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
    budget_share: str | None = None
    guards: StandingGuards = NO_GUARDS
    speed: float = 1.0
    from_journal: bool = False
    own_profile: OwnProfile | None = None
    marked_by: str = ""
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.own_profile is None and self.profile not in built_in():
            object.__setattr__(self, "own_profile", own_profile(self.profile))
            object.__setattr__(self, "profile", name_of(self.profile))

    @property
    def production_name(self) -> str:
        """The name that approves a change of a production tenant; empty for any other."""
        return (self.marked_by or self.name) if self.production else ""

    @property
    def named_url(self) -> str | None:
        """The URL as the user gave it; None where a journal alone says it."""
        return None if self.from_journal else self.base_url

    @property
    def provider(self) -> Profile:
        """The facts of its provider, at its speed; UsageError where its file is wrong."""
        return provider_of(self.profile, self.own_profile).profile.at(self.speed)
