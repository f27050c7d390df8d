"""A provider is written as a file that is read back as the same."""

from dataclasses import replace

import pytest

from bulkscim.providers.decoding import decoded
from bulkscim.providers.encoding import encoded
from bulkscim.providers.profile import Basis, Bucket, Fact
from bulkscim.providers.provider import Provider
from bulkscim.tenants.profiles import built_in, provider_named


@pytest.mark.parametrize("name", built_in())
def test_each_provider_is_read_back_as_it_was(name):
    """Every key, table and list of the files that come with the program."""
    provider = provider_named(name)

    assert decoded(encoded(provider), name, f"{name}.toml") == provider


@pytest.mark.parametrize("text", ['a "b" \\ c', "a\tb", "ü € 😀", "\x7f", "a = [b]", ""])
def test_texts_are_read_back_as_they_were(text):
    """What TOML escapes is escaped."""
    provider = provider_named("generic")
    fact = Fact("topic", text, Basis.INFERRED)
    profile = replace(provider.profile, facts=(fact,), headers={"X-A.b": "1"} if text.isalnum() else {})

    assert decoded(encoded(Provider(profile, provider.quirks)), "generic", "x").profile == profile


@pytest.mark.parametrize("window", [0.25, 1.0, 60.0, 123456789.0, 1e-05])
def test_numbers_are_read_back_as_they_were(window):
    """No digit is lost."""
    provider = provider_named("generic")
    profile = replace(provider.profile, buckets=(Bucket(7, window, "all"),))

    assert decoded(encoded(Provider(profile, provider.quirks)), "generic", "x").profile == profile
