"""The providers' files that come with the program."""

import pytest

from bulkscim.providers.profile import Bucket, Profile, without_fact
from bulkscim.tenants.profiles import built_in, profile_named


@pytest.mark.parametrize("name", built_in())
def test_every_key_of_a_file_rests_on_a_fact(name):
    """A trait has a standing, and a source where there is one."""
    assert without_fact(profile_named(name)) == []


def test_a_key_without_a_fact_is_found():
    """Nothing says how it is known."""
    assert without_fact(Profile("acme", title="Acme", page_size=7, buckets=(Bucket(1, 1),))) == [
        "buckets",
        "page_size",
    ]
