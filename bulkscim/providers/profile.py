"""What a provider can do and how, as data. Code asks "can it?" of a profile, never "is it Slack?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bulkscim.model.operation import USER
from bulkscim.scim.capabilities import Capabilities

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit of the tenant: so many requests in so many seconds, for those that it matches.

    Empty `methods` and `prefix` match all. A request waits for every bucket that matches it.
    """

    limit: int
    window_s: float
    name: str = "all"
    methods: frozenset[str] = frozenset()
    prefix: str = ""
    body_over: int = 0

    def matches(self, method: str, path: str, size: int = 0) -> bool:
        """Say whether a request counts against this limit."""
        return (
            (not self.methods or method in self.methods)
            and path.startswith(self.prefix)
            and size >= self.body_over
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """A provider's facts. The defaults are those of a service about which nothing is known."""

    name: str
    buckets: tuple[Bucket, ...] = (Bucket(10, 1.0),)
    concurrency: int = 8
    media_type: str = "application/scim+json"
    headers: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100
    visibility_lag_s: float = 2.0
    enforces_unique: frozenset[str] = frozenset({USER})
    patch: bool = True
    filter: bool = True
    etag: bool = False
    bulk: bool = False
    quoted_filters: bool = True
    lists_inactive: bool = True
    lists_members: bool = True

    @property
    def accept(self) -> str:
        """The Accept header: this provider's media type first, plain JSON as well."""
        return ", ".join(dict.fromkeys((self.media_type, "application/scim+json", "application/json")))


def narrow(profile: Profile, capabilities: Capabilities) -> Profile:
    """Return the profile with what the tenant says of itself; what it leaves out stays as it was."""
    page = profile.page_size
    if capabilities.max_results:
        page = min(page, capabilities.max_results)
    return replace(
        profile,
        patch=profile.patch if capabilities.patch is None else capabilities.patch,
        filter=profile.filter if capabilities.filter is None else capabilities.filter,
        etag=profile.etag if capabilities.etag is None else capabilities.etag,
        bulk=profile.bulk if capabilities.bulk is None else profile.bulk and capabilities.bulk,
        page_size=page,
    )
