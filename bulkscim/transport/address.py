"""Which base URLs may be used at all, and which of them without a proxy."""

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from bulkscim.errors import UsageError

NO_PROXY = ""  # in place of a proxy's URL: none is used, whatever was used before
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")


def checked(base_url: str) -> str:
    """Return a base URL without its last slash; UsageError where it cannot or must not be used.

    A token goes over https only, except to servers on this machine.
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
    """Return whether a host is this machine, by its name or its address in any of its spellings."""
    name = _folded(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_exempt(base_url: str, exceptions: str) -> bool:
    """Return whether NO_PROXY exempts a URL from the proxy, as curl and most HTTP clients read it.

    `exceptions` is a list with commas or blanks: `*`, a host (its subdomains too) with or without a leading dot, an
    IP address, a network (`10.0.0.0/8`), each but the first and last also with a port.
    """
    parts = urlsplit(base_url)
    host = _folded(parts.hostname or "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return any(_exempts(each, host, port) for each in exceptions.replace(",", " ").split())


def _exempts(exception: str, host: str, port: int) -> bool:
    if exception == "*":
        return True
    name, own_port = _split(exception)
    if own_port not in {"", str(port)}:
        return False
    address = _address(host)
    if address is None:
        name = _folded(name).removeprefix("*").removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


def _split(exception: str) -> tuple[str, str]:
    """Return host and port; the port is empty where there is none, and an IPv6 address with a port has brackets."""
    if exception.startswith("["):
        name, _, port = exception[1:].partition("]")
        return name, port.removeprefix(":")
    name, colon, port = exception.rpartition(":")
    return (name, port) if colon and port.isdecimal() and ":" not in name else (exception, "")


def _folded(host: str) -> str:
    return host.casefold().rstrip(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host's address where the host is one, short forms such as `127.1` included; None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        if not _NUMERIC.fullmatch(host):
            return None
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
