"""The profiles and quirks of the providers that tests name."""

from bulkscim.tenants.profiles import built_in, profile_named, provider_named

PROFILES = {name: profile_named(name) for name in built_in()}
GENERIC, LUCID = PROFILES["generic"], PROFILES["lucid"]
LUCID_QUIRKS = provider_named("lucid").quirks
LUCID_1, LUCID_2 = (extension.urn for extension in LUCID_QUIRKS.extensions)
