"""A tenant: where it is, how it is spoken to, and the credential for it."""

from dataclasses import dataclass

from bulkscim.model.secret import Secret


@dataclass(frozen=True, slots=True)
class Tenant:
    """A SCIM tenant that can be reached.

    `name` is that of `bulkscim.toml`, empty where the tenant was given by its URL. A `production` tenant is
    changed only by who says its name. A `rehearsal` holds nothing real and is changed without asking. `rate`
    and `concurrency` stand in for the profile's, unless something else is asked for.
    """

    base_url: str
    token: Secret
    profile: str = "generic"
    name: str = ""
    production: bool = False
    rehearsal: bool = False
    rate: str | None = None
    concurrency: int | None = None
