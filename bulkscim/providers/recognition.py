"""Which provider a tenant is of, by its address and by what it showed, and how sure that is (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from bulkscim.providers.profile import Profile

ANY = "*"  # for a host: any


class Sureness(StrEnum):
    """How sure it is that a tenant is of a provider."""

    CERTAIN = "certain"
    LIKELY = "likely"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The provider that a tenant seems to be of, how sure that is, and by what."""

    profile: Profile
    sure: Sureness
    why: str


def recognised(profiles: Iterable[Profile], base_url: str, ids: Iterable[str]) -> Recognised | None:
    """Return the provider that a tenant is of; None where nothing tells, or where several are as likely.

    `ids` are those of resources that the tenant showed.
    """
    known, shown = list(profiles), list(ids)
    found = [one for profile in known if (one := _by_address(profile, _place(base_url)))]
    certain = [one for one in found if one.sure is Sureness.CERTAIN]
    likely = found + [one for profile in known if (one := _by_ids(profile, shown))]
    for some in (certain, likely):
        if len({one.profile.name for one in some}) == 1:
            return some[0]
    return None


def _by_address(profile: Profile, place: tuple[str, str]) -> Recognised | None:
    usual = (f"{'/'.join(_place(profile.base_url))}*",) if profile.base_url else ()
    for form in (*usual, *profile.addresses):
        host, _, path = form.lower().partition("/")
        if fnmatchcase(place[0], host) and fnmatchcase(place[1], path):
            if host == ANY:
                return Recognised(profile, Sureness.LIKELY, "its path is that of such a service")
            return Recognised(profile, Sureness.CERTAIN, "its host is the provider's")
    return None


def _by_ids(profile: Profile, ids: list[str]) -> Recognised | None:
    starts = {start for start in profile.id_prefixes.values() if start}
    if not starts or not ids or not all(any(one.startswith(start) for start in starts) for one in ids):
        return None
    return Recognised(profile, Sureness.LIKELY, f"its ids begin as those of {profile.name} do")


def _place(base_url: str) -> tuple[str, str]:
    """Return host and path in small letters, as addresses of profiles are compared."""
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.path.strip("/").lower()
