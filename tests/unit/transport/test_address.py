"""Base URLs."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.transport.address import checked, is_exempt, loopback


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


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [
        *(
            (name, True)
            for name in ("localhost", "LocalHost", "localhost.", "a.localhost", "127.255.0.9", "::1")
        ),
        *((name, True) for name in ("::ffff:127.0.0.1", "127.1", "0x7f.1", "2130706433", "127.0.0.1.")),
        *(
            (name, False)
            for name in ("localhost.example.com", "128.0.0.1", "::2", "127.0.0.1.example.com", "")
        ),
        *((name, False) for name in ("::ffff:10.0.0.1", "127.1.example", "notlocalhost", "1.2.3.4.5", "0x")),
    ],
)
def test_this_machine_is_known_by_every_spelling(host, is_this_machine):
    """`127.1` and `localhost.` were another machine, so a proxy was asked for them."""
    assert loopback(host) is is_this_machine


@pytest.mark.parametrize(
    ("exceptions", "url", "exempt"),
    [
        ("", "https://a.example.com", False),
        (" , ", "https://a.example.com", False),
        ("*", "https://a.example.com", True),
        ("example.com", "https://a.example.com", True),
        ("example.com", "https://example.com/scim", True),
        (".example.com", "https://a.example.com", True),
        ("*.example.com", "https://a.b.EXAMPLE.com.", True),
        ("Example.COM.", "https://a.example.com", True),
        ("example.com", "https://badexample.com", False),
        ("example.com", "https://example.com.evil.example", False),
        (".", "https://a.example.com", False),
        ("other, a.example.com", "https://a.example.com", True),
        ("other a.example.com", "https://a.example.com", True),
        ("a.example.com:443", "https://a.example.com", True),
        ("a.example.com:8443", "https://a.example.com:8443/scim", True),
        ("a.example.com:8443", "https://a.example.com", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.1.2.3/8", "https://10.9.9.9", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://10.example.com", False),
        ("2.3", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd12::1]", True),
        ("fd12:0::1", "https://[fd12::1]:8443", True),
        ("[fd12::1]:8443", "https://[fd12::1]:8443", True),
        ("[fd12::1]:8443", "https://[fd12::1]", False),
        ("[fd12::1]", "https://[fd12::1]", True),
        ("nonsense/x:y:z", "https://10.1.2.3", False),
    ],
)
def test_no_proxy_is_read_as_other_tools_read_it(exceptions, url, exempt):
    """NO_PROXY was not read at all."""
    assert is_exempt(url, exceptions) is exempt
