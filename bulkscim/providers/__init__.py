"""Providers as data: one file each, found by name."""

from bulkscim.errors import UsageError
from bulkscim.providers.generic import GENERIC
from bulkscim.providers.lucid import LUCID
from bulkscim.providers.profile import Profile

PROFILES = {profile.name: profile for profile in (GENERIC, LUCID)}


def profile_named(name: str) -> Profile:
    """Return a provider's profile."""
    if name not in PROFILES:
        raise UsageError(f"no profile named {name!r}; there are: {', '.join(PROFILES)}")
    return PROFILES[name]
