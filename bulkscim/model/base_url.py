"""When two base URLs are those of one tenant: the only place that decides it (pure)."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def base_url_key(base_url: str) -> str:
    """Return a text that is equal for the base URLs of one tenant.

    Capitals, a default port, a dot after the host and slashes at the end make no difference. A text that is no URL is
    equal to itself alone.
    """
    folded = base_url.strip().lower().rstrip("/")
    try:
        parts = urlsplit(folded)
        host, port = parts.hostname, parts.port
    except ValueError:
        return folded
    if not host:
        return folded
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    user, at, _ = parts.netloc.rpartition("@")
    named = "" if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f":{port}"
    rest = folded[len(f"{parts.scheme}://{parts.netloc}") :]
    return f"{parts.scheme}://{user}{at}{host}{named}{rest}"


def same_base_url(one: str, other: str) -> bool:
    """Return whether two base URLs are those of one tenant."""
    return base_url_key(one) == base_url_key(other)
