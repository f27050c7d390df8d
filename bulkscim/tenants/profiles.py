"""Find a provider's profile by its name: the one place that reads the files of profiles."""

from functools import cache
from importlib.resources import files

from bulkscim.errors import UsageError
from bulkscim.providers.decoding import decoded
from bulkscim.providers.profile import Profile
from bulkscim.providers.provider import Provider

GENERIC = "generic"
_DATA = files("bulkscim.providers") / "data"
_ENDING = ".toml"


@cache
def profile_names() -> tuple[str, ...]:
    """Return the names of all profiles; the one for any service comes first."""
    found = sorted(each.name.removesuffix(_ENDING) for each in _DATA.iterdir() if each.name.endswith(_ENDING))
    return (GENERIC, *(name for name in found if name != GENERIC))


@cache
def provider_named(name: str) -> Provider:
    """Return a provider; UsageError where there is none of that name."""
    if name not in profile_names():
        raise UsageError(f"no profile named {name!r}; there are: {', '.join(profile_names())}")
    return decoded((_DATA / f"{name}{_ENDING}").read_text("utf-8"), name, f"{name}{_ENDING}")


def profile_named(name: str) -> Profile:
    """Return a provider's profile; UsageError where there is none of that name."""
    return provider_named(name).profile
