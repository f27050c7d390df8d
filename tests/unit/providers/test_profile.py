"""Profiles."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.providers.profile import Bucket, Profile, narrow
from bulkscim.scim.discovery import Capabilities
from bulkscim.tenants.profiles import profile_named
from tests.support.making.providers import PROFILES


def test_an_unknown_profile_is_a_usage_error_that_lists_the_known():
    """Who mistypes a name sees the right ones."""
    with pytest.raises(UsageError, match=r"generic, .*lucid, .*; a file of your own"):
        profile_named("generik")
    assert profile_named("lucid") is PROFILES["lucid"]


def test_a_bucket_counts_what_it_matches():
    """Method, path and body size must all fit."""
    bucket = Bucket(5, 1, methods=frozenset({"POST"}), prefix="/Users", body_over=500)
    assert bucket.matches("POST", "/Users", 500)
    assert not bucket.matches("POST", "/Users", 499)
    assert not bucket.matches("GET", "/Users", 500)
    assert not bucket.matches("POST", "/Groups", 500)
    assert Bucket(1, 1).matches("GET", "/x")


def test_what_the_tenant_says_narrows_the_profile():
    """What it leaves out stays as it was."""
    profile = narrow(Profile("x"), Capabilities(patch=False, etag=True, max_results=20))
    assert (profile.patch, profile.filter, profile.etag, profile.page_size) == (
        False,
        True,
        True,
        20,
    )
    assert narrow(Profile("x"), Capabilities(max_results=5000)).page_size == 100


def test_every_media_type_is_accepted_once():
    """Servers answer with either."""
    assert profile_named("generic").accept == "application/scim+json, application/json"
    assert profile_named("lucid").accept == "application/json, application/scim+json"


def test_a_tenant_at_speed_has_its_limits_and_its_delays_scaled():
    """Sixty times as fast: so many more requests in a window, and a sixtieth of each wait."""
    profile = Profile("x", buckets=(Bucket(100, 60.0), Bucket(1, 1.0)), visibility_lag_s=3.0)

    assert profile.at(1) == profile
    assert profile.at(60).buckets == (Bucket(6000, 60.0, quiet_s=1 / 6), Bucket(60, 1.0, quiet_s=1 / 6))
    assert profile.at(60).visibility_lag_s == pytest.approx(0.05)
    assert profile.at(0.001).buckets[1].limit == 1
