"""One equality of base URLs."""

import pytest

from bulkscim.model.base_url import base_url_key, same_base_url

ONE = "https://host.example/scim/v2"


@pytest.mark.parametrize(
    "other",
    [
        f"{ONE}/",
        "HTTPS://Host.Example/SCIM/v2",
        "https://host.example:443/scim/v2",
        "https://host.example./scim/v2//",
    ],
)
def test_spellings_of_one_tenant(other):
    """Five places compared with three rules: one tenant was two to the lock, or to what earlier runs had made."""
    assert same_base_url(ONE, other)
    assert base_url_key(base_url_key(other)) == base_url_key(ONE)


@pytest.mark.parametrize(
    "other",
    [
        "http://host.example/scim/v2",
        "https://host.example:8443/scim/v2",
        "https://host.example/scim",
        "https://host.example.org/scim/v2",
        "https://user@host.example/scim/v2",
        "https://host.example/scim/v2?x=1",
        "",
    ],
)
def test_other_tenants(other):
    """Another scheme, port, path, host, user or query is another place."""
    assert not same_base_url(ONE, other)


@pytest.mark.parametrize(
    "text", ["", "no url", "http://[::1", "http://[::1]:80/x", "http://host:port/x", "://"]
)
def test_what_is_no_url_is_equal_to_itself(text):
    """A journal may hold anything."""
    assert same_base_url(text, text)
