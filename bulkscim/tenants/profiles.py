"""Find a provider's profile by its name, or in a file of the user's own: the one place that reads such files.

Own files with a name are in the folder `profiles` next to the user's `bulkscim.toml`; any other is named by its path.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from bulkscim.errors import UsageError
from bulkscim.model.run import OwnProfile
from bulkscim.model.typed import next_line
from bulkscim.providers.decoding import decoded
from bulkscim.providers.profile import Profile
from bulkscim.providers.provider import Provider
from bulkscim.tenants.config_file import text_of
from bulkscim.tenants.entries import NAME, user_file

GENERIC = "generic"
MOST_CHARACTERS = 64 * 1024  # of an own file, which is kept in each journal
_DATA = files("bulkscim.providers") / "data"
_ENDING = ".toml"


@cache
def built_in() -> tuple[str, ...]:
    """Return the names of the profiles that come with the program; the one for any service comes first."""
    found = sorted(each.name.removesuffix(_ENDING) for each in _DATA.iterdir() if each.name.endswith(_ENDING))
    return (GENERIC, *(name for name in found if name != GENERIC))


def own_files() -> list[Path]:
    """Return the files of the user's own profiles in the settings folder."""
    return sorted(_own_folder().glob(f"*{_ENDING}"))


def provider_named(named: str) -> Provider:
    """Return the provider that a name or a path means; UsageError where there is none, or its file is wrong."""
    return provider_of(name_of(named), own_profile(named))


def profile_named(named: str) -> Profile:
    """Return the profile that a name or a path means; UsageError where there is none, or its file is wrong."""
    return provider_named(named).profile


def provider_of(name: str, own: OwnProfile | None) -> Provider:
    """Return a provider that comes with the program, or that the text of an own file describes."""
    return _built_in(name) if own is None else decoded(own.text, name, own.file)


def name_of(named: str) -> str:
    """Return the name of the profile that a name or a path means: that of the file, without its ending."""
    if not is_path(named):
        return named
    name = Path(named).stem
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{named}: a profile has the name of its file, which is letters, digits, - and _; rename it"
        )
    if name in built_in():
        raise UsageError(f"{named} has the name of a profile that comes with bulkscim; rename it")
    return name


def own_profile(named: str) -> OwnProfile | None:
    """Read the file of the user's own that is meant; None for a profile that comes with the program."""
    path = Path(named).expanduser().absolute() if is_path(named) else _own_folder() / f"{named}{_ENDING}"
    if not is_path(named):
        if named in built_in():
            _refuse_same_name(path)
            return None
        if not NAME.fullmatch(named) or path not in own_files():
            raise UsageError(_unknown(named))
    text = text_of(path)
    if text is None:
        raise UsageError(f"there is no profile at {path}; name a file that there is\n{next_line('profiles')}")
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"{path} has more than {MOST_CHARACTERS:,} characters, the most of a profile; shorten it"
        )
    return OwnProfile(str(path), text)


def is_path(named: str) -> bool:
    """Return whether a profile is named by the path of its file."""
    return named.endswith(_ENDING) or "/" in named or "\\" in named


@cache
def _built_in(name: str) -> Provider:
    if name not in built_in():
        raise UsageError(_unknown(name))
    return decoded((_DATA / f"{name}{_ENDING}").read_text("utf-8"), name, f"{name}{_ENDING}")


def _own_folder() -> Path:
    return user_file().parent / "profiles"


def _refuse_same_name(path: Path) -> None:
    if path in own_files():
        raise UsageError(f"{path} has the name of a profile that comes with bulkscim; rename it")


def _unknown(name: str) -> str:
    known = ", ".join((*built_in(), *(path.stem for path in own_files())))
    return f"no profile named {name!r}; there are: {known}; a file of your own is named by its path: --profile ./acme.toml"
