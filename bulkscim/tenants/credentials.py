"""Where a token comes from: a file, a command, the keyring or the environment; never the command line."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bulkscim.errors import CredentialError, UsageError
from bulkscim.model.secret import Secret
from bulkscim.tenants import keychain

VARIABLE = "BULKSCIM_TOKEN"
WAYS = f"set {VARIABLE}, or give --token-file FILE, or --token-command COMMAND"
_PATIENCE_S = 60.0
_LARGEST = 64 * 1024
_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class TokenSource:
    """What the command line, or a tenant's entry, says about the token; nothing: the environment's variable.

    `keyring` is the account in the keyring; where that holds no token, the variable is used as well.
    """

    file: Path | None = None
    command: str | None = None
    keyring: str = ""

    @property
    def named(self) -> bool:
        """Whether anything but the environment is named."""
        return bool(self.file or self.command is not None or self.keyring)


def find_token(source: TokenSource, environment: Mapping[str, str]) -> Secret:
    """Return the token; CredentialError names the ways to give one."""
    if source.file is not None and source.command is not None:
        message = "--token-file and --token-command are both given; leave one of them out"
        raise UsageError(message)
    if source.file is not None:
        return token_of_text(_from_file(source.file), f"token file {source.file}")
    if source.command is not None:
        return token_of_text(_from_command(source.command), "the output of --token-command")
    if source.keyring and (text := keychain.kept(source.keyring)):
        return token_of_text(text, "the keyring's token")
    if not environment.get(VARIABLE, "").strip():
        missing = f"the keyring holds none for {source.keyring}; " if source.keyring else ""
        message = f"no token: {missing}{WAYS}"
        raise CredentialError(message)
    return token_of_text(environment[VARIABLE], VARIABLE)


def open_to_others(source: TokenSource) -> bool:
    """Tell whether other accounts of this machine may read the token file (never so on Windows)."""
    if source.file is None or os.name == "nt":
        return False
    try:
        return bool(source.file.stat().st_mode & 0o077) and source.file.is_file()
    except OSError:
        return False


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8-sig")
    except OSError as error:
        message = f"cannot read token file {path}: {error.strerror}; {WAYS}"
        raise CredentialError(message) from None
    except UnicodeDecodeError:
        message = f"token file {path} is not text"
        raise CredentialError(message) from None


def _from_command(command: str) -> str:
    """Run the command without a shell; what it says to stderr, and asks, reaches the terminal."""
    try:
        done = subprocess.run(_words(command), stdout=subprocess.PIPE, check=False, timeout=_PATIENCE_S)  # noqa: S603
    except (OSError, ValueError) as error:
        message = f"--token-command cannot be run: {error}"
        raise CredentialError(message) from None
    except subprocess.TimeoutExpired:
        message = f"--token-command gave no token within {_PATIENCE_S:.0f} s"
        raise CredentialError(message) from None
    if done.returncode != 0:
        message = f"--token-command failed with exit status {done.returncode}"
        raise CredentialError(message)
    return done.stdout.decode("utf-8", "replace")


def _words(command: str) -> str | Sequence[str]:
    """Split as the platform does: Windows programs split their own command line."""
    if os.name == "nt":
        return command
    words = shlex.split(command)
    if not words:
        message = "it is empty"
        raise ValueError(message)
    return words


def token_of_text(text: str, where: str) -> Secret:
    """Return the token if a header can carry it; the message never shows it."""
    token = text.strip()
    if token[: len(_SCHEME)].lower() == _SCHEME:
        token = token[len(_SCHEME) :].strip()
    if not token:
        message = f"{where} is empty; {WAYS}"
        raise CredentialError(message)
    if not (token.isascii() and token.isprintable()) or " " in token:
        message = f"{where} is not one token: it holds spaces, line ends or characters beyond ASCII"
        raise CredentialError(message)
    return Secret(token)
