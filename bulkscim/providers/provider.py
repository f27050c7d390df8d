"""A provider: what clients need to know of it, and how it answers."""

from dataclasses import dataclass

from bulkscim.providers.profile import Profile
from bulkscim.providers.quirks import Quirks


@dataclass(frozen=True, slots=True)
class Provider:
    """What one file says: the profile by which a tenant is asked, and the quirks that a sandbox wears."""

    profile: Profile
    quirks: Quirks
