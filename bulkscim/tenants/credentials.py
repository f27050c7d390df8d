"""Where a token comes from: a file, a command, the keyring or the environment; never the command line."""

import os
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO

from bulkscim.errors import CredentialError, UsageError
from bulkscim.model.base_url import base_url_key
from bulkscim.model.secret import Secret

VARIABLE = "BULKSCIM_TOKEN"
WAYS = f"set {VARIABLE}, or give --token-file FILE, or --token-command COMMAND"
_PATIENCE_S = 60.0
_LARGEST = 64 * 1024
_SCHEME = "bearer "
_READER = "token command"
_SERVICE = "bulkscim"
KEYRING_EXTRA = 'pip install ".[keyring]" in the checkout'


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
    if source.keyring and (text := keyring_token(source.keyring)):
        return token_of_text(text, "the keyring's token")
    if not environment.get(VARIABLE, "").strip():
        missing = f"the keyring holds none for {source.keyring}; " if source.keyring else ""
        message = f"no token: {missing}{WAYS}"
        raise CredentialError(message)
    return token_of_text(environment[VARIABLE], VARIABLE)


def open_to_others(source: TokenSource) -> bool:
    """Return whether other accounts of this machine may read the token file (never so on Windows)."""
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
        process = subprocess.Popen(_words(command), stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
    except (OSError, ValueError) as error:
        message = f"--token-command cannot be run: {error}"
        raise CredentialError(message) from None
    try:
        output, status = _output_of(process, time.monotonic() + _PATIENCE_S)
    except subprocess.TimeoutExpired:
        message = f"--token-command gave no token within {_PATIENCE_S:.0f} s"
        raise CredentialError(message) from None
    if status != 0:
        message = f"--token-command failed with exit status {status}"
        raise CredentialError(message)
    return output.decode("utf-8", "replace")


def _output_of(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, int]:
    """Return what a command prints and its exit status; TimeoutExpired where it does not end in time.

    A thread reads, since a child of the command may keep the pipe open after the command was killed.
    """
    if process.stdout is None:
        raise RuntimeError("the command has no pipe")
    pieces: list[bytes] = []
    reader = Thread(target=_read, args=(process.stdout, pieces), name=_READER, daemon=True)
    reader.start()
    try:
        reader.join(_PATIENCE_S)
        if sum(map(len, pieces)) > _LARGEST:
            message = f"--token-command printed more than {_LARGEST >> 10} KB, which is no token"
            raise CredentialError(message)
        if reader.is_alive():
            raise subprocess.TimeoutExpired(process.args, _PATIENCE_S)
        return b"".join(pieces), process.wait(max(0.0, until - time.monotonic()))
    finally:
        process.kill()  # no effect on one that has ended
        process.wait()


def _read(stream: IO[bytes], pieces: list[bytes]) -> None:
    """Read to the end, or until there is too much, and close the pipe."""
    size = 0
    with stream:
        while size <= _LARGEST and (piece := stream.read(_LARGEST + 1)):
            pieces.append(piece)
            size += len(piece)


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


def account_of(name: str, base_url: str) -> str:
    """Name a tenant's token: with its URL, so that an entry that names another host does not get it."""
    return f"{name} {base_url_key(base_url)}"


def keyring_token(account: str) -> str | None:
    """Return the token of an account; None where there is no keyring, or nothing in it."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        text = keyring.get_password(_SERVICE, account)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        message = f"the keyring cannot be read: {error}; unlock it, or set BULKSCIM_TOKEN"
        raise CredentialError(message) from None
    return text if isinstance(text, str) else None


def keep_in_keyring(account: str, token: Secret) -> bool:
    """Store a token; False where there is no keyring that gives it back."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, account, token.reveal())
        return bool(keyring.get_password(_SERVICE, account) == token.reveal())
    except keyring.errors.KeyringError:
        return False


def _keyring() -> ModuleType | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring
