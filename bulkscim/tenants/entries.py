"""Named tenants: `[tenant.NAME]` in `bulkscim.toml` of the current folder, and in that of the user's settings.

A name that both files have is refused: the current folder may be one that another person filled.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from bulkscim.errors import UsageError
from bulkscim.model import bounded_toml
from bulkscim.model.base_url import same_base_url
from bulkscim.model.guard_table import IN_FILES
from bulkscim.model.limits import Limit, StandingGuards, standing
from bulkscim.model.typed import next_line
from bulkscim.pacing.rate import AUTO, parse_share
from bulkscim.pacing.rate import parse_all as parse_rates
from bulkscim.tenants.config_file import text_of
from bulkscim.tenants.credentials import TokenSource, account_of

FILE = "bulkscim.toml"
BUILT_IN = frozenset({"sandbox", "sandbox-content"})  # tenants that are always there
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*", re.ASCII)
_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "base_url": str,
    "profile": str,
    "production": bool,
    "token_file": str,
    "token_command": str,
    "keyring": bool,
    "rate": (str, list),
    "budget_share": str,
    "probe": bool,
    "proxy": str,
    "ca_bundle": str,
    **dict.fromkeys(IN_FILES, (int, str)),
    "seats": int,
    "protect": list,
}
_FORMS = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    (int, str): 'a number or a percentage in quotes ("5%")',
    (str, list): 'a rate in quotes ("100/min"), or a list of them',
    list: 'a list of names ["owner@example.com"]',
}
_IN_CLEAR = re.compile(r"(?!token_(file|command)$).*(token|secret|passw|bearer|api_?key).*", re.IGNORECASE)


class UnknownTenant(UsageError):
    """No entry has this name. `near` is the name that may be meant; empty where none is like it."""

    def __init__(self, text: str, near: str = "") -> None:
        super().__init__(text)
        self.near = near


@dataclass(frozen=True, slots=True)
class TenantEntry:
    """What `bulkscim.toml` says of a tenant. `token_file` and `ca_bundle` are absolute.

    `probe` permits a pace above the rate, as `--rate auto` does. `file` is where the entry is, `digest` the SHA-256 of the whole file as it was read.
    """

    name: str
    base_url: str
    file: Path
    profile: str = "generic"
    production: bool = False
    token_file: Path | None = None
    token_command: str | None = None
    keyring: bool = False
    rate: str | None = None
    budget_share: str | None = None
    probe: bool = False
    proxy: str | None = None
    ca_bundle: Path | None = None
    max_delete: Limit | None = None
    max_create: Limit | None = None
    max_removals: Limit | None = None
    max_update: Limit | None = None
    max_deactivate: Limit | None = None
    max_admins: Limit | None = None
    max_emptied: Limit | None = None
    max_share: Limit | None = None
    seats: int | None = None
    protect: tuple[str, ...] = ()
    digest: str = field(default="", compare=False)

    @property
    def trusting(self) -> tuple[str, ...]:
        """The keys of the entry that run a program, read a secret, or decide the certificates that are trusted."""
        keys = {
            "token_file": self.token_file,
            "token_command": self.token_command,
            "ca_bundle": self.ca_bundle,
        }
        return tuple(key for key, value in keys.items() if value is not None)

    @property
    def paced(self) -> str | None:
        """The rates of its runs, as `--rate` takes them; None leaves them to the profile."""
        return ", ".join(filter(None, (self.rate, AUTO if self.probe else ""))) or None

    @property
    def guards(self) -> StandingGuards:
        """The guards that hold for every run on the tenant."""
        return standing(self, self.protect, self.seats)

    @property
    def token_source(self) -> TokenSource:
        """Where the tenant's token is."""
        account = account_of(self.name, self.base_url) if self.keyring else ""
        return TokenSource(self.token_file, self.token_command, account)


def places() -> tuple[Path, ...]:
    """Return where `bulkscim.toml` is looked for: the current folder's and the user's own, once where they are one."""
    here, own = Path.cwd() / FILE, user_file()
    return (own,) if here.resolve() == own.resolve() else (here, own)


def user_file() -> Path:
    """Return the user's own file, below `BULKSCIM_CONFIG_DIR` or the user's settings folder."""
    named = os.environ.get("BULKSCIM_CONFIG_DIR")
    return (Path(named) if named else user_config_path("bulkscim")) / FILE


def entries(files: Sequence[Path]) -> list[TenantEntry]:
    """Return all tenants by name; UsageError names the file, tenant and key that are wrong, or both files of a name."""
    found: dict[str, TenantEntry] = {}
    for file in files:
        tables, digest = _tables(file)
        for name, values in tables.items():
            if name in found:
                raise _clash(name, found[name].file, file)
            found[name] = _entry(name, values, file, digest)
    return sorted(found.values(), key=lambda each: each.name)


def file_with(name: str, files: Sequence[Path]) -> Path | None:
    """Return the file that has an entry of this name, right or wrong; None where there is none."""
    return next((file for file in files if name in _tables(file)[0]), None)


def entry_named(name: str, files: Sequence[Path]) -> TenantEntry:
    """Return one tenant's entry; only the entry that is asked for need be right, and only one file may have it."""
    read = [(file, *_tables(file)) for file in files]
    found = [each for each in read if name in each[1]]
    if not found:
        raise _unknown(name, [known for _, tables, _ in read for known in tables], files)
    if len(found) > 1:
        raise _clash(name, found[0][0], found[1][0])
    file, tables, digest = found[0]
    return _entry(name, tables[name], file, digest)


def entries_at(base_url: str, files: Sequence[Path]) -> list[TenantEntry]:
    """Return the entries of a base URL; only these need be right, and a name may be in both files."""
    return [
        _entry(name, values, file, digest)
        for file in files
        for tables, digest in (_tables(file),)
        for name, values in tables.items()
        if isinstance(values, dict) and same_base_url(str(values.get("base_url", "")), base_url)
    ]


def _clash(name: str, one: Path, other: Path) -> UsageError:
    return UsageError(
        f"tenant {name} is in two files, {one} and {other}, and only you can say which one is meant. "
        "Nothing was sent; rename or remove one of the two entries, or use another folder"
    )


def _unknown(name: str, known: list[str], files: Sequence[Path]) -> UnknownTenant:
    looked = " or ".join(str(file) for file in files)
    for near in get_close_matches(name, known, n=1):
        return UnknownTenant(f"no tenant named {name!r} in {looked}; did you mean {near}?", near)
    add = next_line("connect", name) if NAME.fullmatch(name) else next_line("connect", "--help")
    return UnknownTenant(f"no tenant named {name!r} in {looked}; connect adds one\n{add}", "")


def _tables(file: Path) -> tuple[dict[str, Any], str]:
    """Read the tenants of one file unchecked, and the hash of its text; a file that is not there has none."""
    text = text_of(file)
    if text is None:
        return {}, ""
    return tables_of(text, file), sha256(text.encode()).hexdigest()


def tables_of(text: str, file: Path) -> dict[str, Any]:
    """Parse the text of a file into its tenants' tables."""
    try:
        values = bounded_toml.loads(text)
    except ValueError as error:
        raise UsageError(f"{file}: {error}; correct it") from None
    if unknown := [key for key in values if key != "tenant"]:
        raise UsageError(f"{file}: {unknown[0]!r} is not known here; a tenant is a table [tenant.NAME]")
    tables = values.get("tenant", {})
    if not isinstance(tables, dict):
        raise UsageError(f"{file}: tenant must be tables, as in [tenant.acme]")
    return tables


def _entry(name: str, values: Any, file: Path, digest: str) -> TenantEntry:
    """Make an entry of a table, every key checked."""
    where = f"{file}, [tenant.{name}]"
    if not isinstance(values, dict):
        raise UsageError(f"{where} must be a table")
    if not NAME.fullmatch(name):
        raise UsageError(f"{where}: a tenant's name is letters, digits, - and _")
    refuse_built_in(name, file)
    for key, value in values.items():
        _check(key, value, where)
    if not values.get("base_url"):
        raise UsageError(f'{where}: base_url is missing; add base_url = "https://…"')
    if sum(bool(values.get(key)) for key in ("token_file", "token_command", "keyring")) > 1:
        raise UsageError(f"{where}: token_file, token_command and keyring exclude each other; keep one")
    read = {key: _read(key, value, file) for key, value in values.items()}
    return TenantEntry(name, file=file, digest=digest, **read)


def refuse_built_in(name: str, file: Path) -> None:
    """Raise UsageError for an entry that would never be used, its guards included."""
    if name in BUILT_IN:
        raise UsageError(
            f"{file}, [tenant.{name}]: {name} is a built-in tenant, to which this entry cannot apply; "
            "give the entry another name"
        )


def _read(key: str, value: Any, file: Path) -> Any:
    """Return a checked value as the entry keeps it."""
    match key:
        case "token_file" | "ca_bundle":
            return _next_to(file, value)
        case "profile" if value.endswith(".toml"):
            return str(_next_to(file, value))
        case _ if key in IN_FILES:
            return Limit.parse(str(value))
        case "protect":
            return tuple(value)
        case "rate" if isinstance(value, list):
            return ", ".join(value)
        case _:
            return value


def _check(key: str, value: Any, where: str) -> None:
    if key not in _KEYS:
        if _IN_CLEAR.fullmatch(key):
            instead = "use token_file, token_command or keyring = true"
            raise UsageError(f"{where}: {key!r}: a token must not be written here; {instead}")
        near = get_close_matches(key, _KEYS, n=1)
        meant = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_KEYS)}"
        raise UsageError(f"{where}: {key!r} is not known{meant}")
    form = _KEYS[key]
    if not isinstance(value, form) or (isinstance(value, bool) and form is not bool):
        raise UsageError(f"{where}: {key} must be {_FORMS[form]}")
    try:
        _check_text(key, value)
    except ValueError as error:
        raise UsageError(f"{where}: {key}: {error}") from None


def _check_text(key: str, value: Any) -> None:
    """Check what is written in a value; ValueError says what is wanted."""
    match key:
        case "rate" if isinstance(value, list) and not (value and all(isinstance(one, str) for one in value)):
            raise ValueError(f"it must be {_FORMS[str, list]}")
        case "rate":
            parse_rates(", ".join(value) if isinstance(value, list) else value)
        case "budget_share":
            parse_share(value)
        case _ if key in IN_FILES:
            Limit.parse(str(value))
        case "seats" if value < 0:
            raise ValueError("write how many users may be active, 0 or more")
        case "proxy" if "@" in value:
            raise ValueError("a user or password must not be written here; set BULKSCIM_PROXY instead")
        case "protect" if not all(isinstance(name, str) and name.strip() for name in value):
            raise ValueError(f"it must be {_FORMS[list]}")
        case _:
            pass


def _next_to(file: Path, named: str) -> Path | None:
    """Take a path relative to the file that names it."""
    return (file.parent / Path(named).expanduser()).absolute() if named else None
