"""A SCIM service about which nothing is known: slow enough for most, halved by every 429."""

from bulkscim.providers.profile import Profile

GENERIC = Profile("generic", assumes_unique=True, visibility_lag_s=30.0)
