"""What a sandbox wears and where it is found: one private file for each profile."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from bulkscim.model.operation import JsonObject
from bulkscim.private_files import create_file, make_folders, read_file

HOST = "127.0.0.1"
PREFIX = "/scim/v2"
CONTROL = "/_sandbox/"
ADMIN_TOKEN = "sandbox-admin"  # noqa: S105 - it opens nothing but a tenant without real people
CONTENT_TOKEN = "sandbox-content"  # noqa: S105
TOKENS = {"sandbox": ADMIN_TOKEN, "sandbox-content": CONTENT_TOKEN}


@dataclass(frozen=True, slots=True)
class Settings:
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
class Place:
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
    """Where a sandbox answers, or did when it last ran."""

    port: int
    pid: int
    settings: Settings

    @property
    def base_url(self) -> str:
        """The URL that `--base-url` takes."""
        return f"http://{HOST}:{self.port}{PREFIX}"


def place(state: Path, profile: str) -> Place:
    """Return the files of a profile's sandbox below a state folder."""
    return Place(state / "sandbox", profile)


def read_address(where: Place) -> Address | None:
    """Return where the sandbox was last; None when it never ran, or its file is no more than a draft."""
    try:
        said = orjson.loads(read_file(where.address))
        return Address(int(said["port"]), int(said["pid"]), Settings(**said["settings"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_address(where: Place, address: Address) -> None:
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
        "tokens": TOKENS,
        "settings": asdict(address.settings),
    }
