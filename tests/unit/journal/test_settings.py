"""Which limits a run keeps to, by its profile and by what is asked for."""

import pytest

from bulkscim.journal.settings import Connection, Settings
from bulkscim.providers.profile import Bucket, Profile

OWN = Bucket(10, 1.0, quiet_s=5.0)
PROFILE = Profile("any", buckets=(OWN,))


@pytest.mark.parametrize(
    ("rate", "buckets"),
    [
        (None, [("all", 10, 1.0)]),
        ("100/min", [("--rate", 100, 1.0)]),
        ("POST /Users 20/10s", [("all", 10, 1.0), ("POST /Users", 20, 1.0)]),
        ("POST /Users 20/10s, 5/s", [("--rate", 5, 1.0), ("POST /Users", 20, 1.0)]),
        ("auto", [("all", 10, 4.0)]),
        ("auto, 5/s, /Groups 1/s", [("--rate", 5, 4.0), ("/Groups", 1, 1.0)]),
    ],
)
def test_a_rate_for_all_replaces_the_profiles_and_one_for_some_is_added(rate, buckets):
    """What is stated for some is never exceeded; with auto a faster pace is tried for the rest."""
    found = Settings(connection=Connection(rate)).buckets(PROFILE)

    assert [(one.name, one.limit, one.most) for one in found] == buckets
    assert {one.quiet_s for one in found} == {5.0}
