"""Base URLs."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.transport.address import checked


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://example.com/scim/v2/", "https://example.com/scim/v2"),
        ("https://example.com", "https://example.com"),
        ("HTTPS://example.com/x", "HTTPS://example.com/x"),
        ("http://localhost:8080/scim", "http://localhost:8080/scim"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_https_and_this_machine_may_be_used(given, used):
    """Last slashes fall away."""
    assert checked(given) == used


@pytest.mark.parametrize(
    "given",
    [
        "http://example.com/scim",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://user:word@example.com",
        "https://user@example.com",
        "https://example.com/?a=b",
        "https://example.com/#x",
        "https://example.com:port/",
        "https://exa mple.com",
        "https://example.com\n",
        "https://[::1",
        "",
    ],
)
def test_everything_else_is_a_usage_error(given):
    """A token would be shown, or the URL means nothing."""
    with pytest.raises(UsageError):
        checked(given)
