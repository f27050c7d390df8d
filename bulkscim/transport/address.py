"""Which base URLs may be used at all."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from bulkscim.errors import UsageError


def checked(base_url: str) -> str:
    """Return a base URL without its last slash; UsageError where it cannot or must not be used.

    A token goes over https only, but for servers on this machine.
    """
    if any(not letter.isprintable() or letter.isspace() for letter in base_url):
        raise UsageError("the base URL holds blanks or control characters; write it as https://host/scim/v2")
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"the base URL is not one: {error}; write it as https://host/scim/v2") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError("the base URL must begin with https:// and name a host, as in https://host/scim/v2")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the base URL holds a user or password; pass the token by BULKSCIM_TOKEN instead")
    if "?" in base_url or "#" in base_url:
        raise UsageError("the base URL must not hold a query or fragment")
    _refuse_plain(parts, host)
    return base_url.rstrip("/")


def _refuse_plain(parts: SplitResult, host: str) -> None:
    """Refuse http to another machine."""
    if parts.scheme == "http" and not loopback(host):
        raise UsageError(f"http would show the token to the network; use https://{parts.netloc}{parts.path}")


def loopback(host: str) -> bool:
    """Say whether a host is this machine by its very name."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
