"""What a sandbox wears and where it is found: one private file for each profile."""

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

from bulkscim.model.operation import JsonObject
from bulkscim.private_files import create_file, make_folders, read_file

HOST = "127.0.0.1"
PREFIX = "/scim/v2"
CONTROL = "/_sandbox/"
FOLDER = "sandbox"  # of the state folder
ADMIN, CONTENT = (
    "sandbox",
    "sandbox-content",
)  # the tenants that one sandbox serves, each with a token of its own
_TOKEN_BYTES = 32
_LEAST_LETTERS = 43  # of a token with so many random bytes


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How a sandbox behaves. `speed` multiplies the profile's limits; `faults` are shares by name.

    `patch` is the dialect of PATCH, empty for the profile's own.
    """

    profile: str = "generic"
    speed: float = 1.0
    faults: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    patch: str = ""

    def __str__(self) -> str:
        faults = [f"fault {name}={share:g}" for name, share in self.faults.items()]
        patch = [f"patch {self.patch}"] if self.patch else []
        return ", ".join([f"profile {self.profile}", f"speed {self.speed:g}", *faults, *patch])


@dataclass(frozen=True, slots=True)
class SandboxFiles:
    """The files of one sandbox: address, resources, requests, lock, output."""

    folder: Path
    profile: str

    @property
    def address(self) -> Path:
        """Where its port and settings are."""
        return self.folder / f"{self.profile}.json"

    @property
    def resources(self) -> Path:
        """Where its resources are."""
        return self.folder / f"{self.profile}.sqlite"

    @property
    def requests(self) -> Path:
        """Where the requests are that reached it, one a line."""
        return self.folder / f"{self.profile}-requests.jsonl"

    @property
    def lock(self) -> Path:
        """What the process holds that serves it."""
        return self.folder / f"{self.profile}.lock"

    @property
    def output(self) -> Path:
        """Where the detached process writes what went wrong."""
        return self.folder / f"{self.profile}-output.txt"

    def make(self) -> None:
        """Make the private folder."""
        make_folders(self.folder)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a sandbox answers, or did when it last ran, and its tokens by tenant; none where they are not known."""

    port: int
    pid: int
    settings: SandboxSettings
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def base_url(self) -> str:
        """The URL that `--base-url` takes."""
        return f"http://{HOST}:{self.port}{PREFIX}"


def new_tokens() -> dict[str, str]:
    """Make a token for each tenant of a sandbox, which no other account of the machine can guess."""
    return {name: secrets.token_urlsafe(_TOKEN_BYTES) for name in (ADMIN, CONTENT)}


def _are_random(tokens: object) -> bool:
    """Return whether a file holds tokens as they are made here."""
    if not isinstance(tokens, dict) or set(tokens) != {ADMIN, CONTENT}:
        return False
    return all(isinstance(token, str) and len(token) >= _LEAST_LETTERS for token in tokens.values())


def proof(token: str, nonce: str) -> str:
    """Return what only a sandbox that has this token can answer to a nonce; the token cannot be computed from it."""
    return hmac.new(token.encode(), nonce.encode(), sha256).hexdigest()


def place(state: Path, profile: str) -> SandboxFiles:
    """Return the files of a profile's sandbox below a state folder."""
    return SandboxFiles(state / FOLDER, profile)


def read_address(where: SandboxFiles) -> Address | None:
    """Return where the sandbox was last; None when it never ran, or its file is no more than a draft."""
    try:
        said = orjson.loads(read_file(where.address))
        tokens = said.get("tokens")
        return Address(
            int(said["port"]),
            int(said["pid"]),
            SandboxSettings(**said["settings"]),
            tokens if _are_random(tokens) else {},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_address(where: SandboxFiles, address: Address) -> None:
    """Write where it answers, for the owner alone, in one step."""
    draft = where.address.with_suffix(f".{os.getpid()}")
    with os.fdopen(create_file(draft), "wb") as file:
        file.write(orjson.dumps(_said(address), option=orjson.OPT_INDENT_2))
    draft.replace(where.address)


def _said(address: Address) -> JsonObject:
    return {
        "base_url": address.base_url,
        "port": address.port,
        "pid": address.pid,
        "tokens": dict(address.tokens),
        "settings": asdict(address.settings),
    }
