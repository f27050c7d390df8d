"""Tokens come from a file, a command or the environment."""

import os
import shlex
import sys
import threading
import time

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from bulkscim.errors import CredentialError, UsageError
from bulkscim.model.secret import Secret
from bulkscim.tenants import credentials
from bulkscim.tenants.credentials import TokenSource, find_token, open_to_others

ACCOUNT = credentials.account_of("acme", "https://acme.example/scim/")


def command(program):
    """Return the command line that runs a line of Python."""
    return shlex.join([sys.executable, "-c", program])


def test_environment_gives_the_token():
    """BULKSCIM_TOKEN is used where nothing else is said."""
    assert find_token(TokenSource(), {"BULKSCIM_TOKEN": " abc\n"}).reveal() == "abc"


def test_scheme_is_dropped():
    """A token pasted with its scheme is the token."""
    assert find_token(TokenSource(), {"BULKSCIM_TOKEN": "Bearer abc"}).reveal() == "abc"


def test_missing_token_names_all_ways():
    """Without a token the error names every way to give one."""
    with pytest.raises(CredentialError, match=r"BULKSCIM_TOKEN.*--token-file.*--token-command"):
        find_token(TokenSource(), {})


def test_file_goes_before_the_environment(tmp_path):
    """What the command line names wins."""
    path = tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbffrom-file\r\n")

    assert find_token(TokenSource(file=path), {"BULKSCIM_TOKEN": "other"}).reveal() == "from-file"


def test_command_gives_the_token():
    """The command's output is the token."""
    assert find_token(TokenSource(command=command("print('t0k')")), {}).reveal() == "t0k"


@pytest.mark.parametrize(
    ("program", "why"),
    [("raise SystemExit(3)", "exit status 3"), ("", "is empty"), ("print('one two')", "not one token")],
)
def test_bad_command_is_a_credential_error(program, why):
    """A command that fails, or prints no token, is a CredentialError."""
    with pytest.raises(CredentialError, match=why):
        find_token(TokenSource(command=command(program)), {})


@pytest.mark.parametrize("text", ["", "  ", "no-such-program-anywhere", "'unclosed"])
def test_command_that_cannot_run_is_a_credential_error(text):
    """A command that is none is a CredentialError."""
    with pytest.raises(CredentialError, match="cannot be run"):
        find_token(TokenSource(command=text), {})


def test_missing_file_is_named(tmp_path):
    """A token file that cannot be read is named."""
    with pytest.raises(CredentialError, match="nowhere"):
        find_token(TokenSource(file=tmp_path / "nowhere"), {})


@pytest.mark.parametrize("token", ["s3cret\nline", "s3cret word", "s3crét"])
def test_error_never_shows_the_token(token):
    """The text of an error holds nothing of the token."""
    with pytest.raises(CredentialError) as caught:
        find_token(TokenSource(), {"BULKSCIM_TOKEN": token})

    assert "s3cr" not in str(caught.value)


def test_two_sources_are_refused(tmp_path):
    """A file and a command together are a usage error."""
    with pytest.raises(UsageError, match="both"):
        find_token(TokenSource(file=tmp_path / "token", command="echo"), {})


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_file_open_to_others_is_noticed(tmp_path):
    """A token file that other accounts may read is noticed."""
    path = tmp_path / "token"
    path.write_text("x")
    path.chmod(0o600)
    assert not open_to_others(TokenSource(file=path))

    path.chmod(0o644)
    assert open_to_others(TokenSource(file=path))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("while True: print('token' * 1000)", "more than 64 KB"),
        ("import time; print('t0k', flush=True); time.sleep(600)", "no token within 0 s"),
        ("import os, time; os.close(1); time.sleep(600)", "no token within 0 s"),
        ("import os, time; os.fork() or time.sleep(1.5); print('t0k')", "no token within 0 s"),
    ],
)
def test_a_command_without_an_end_is_stopped(program, why, monkeypatch):
    """Endless output filled the memory for a minute; a child that kept the pipe held the command for ever."""
    monkeypatch.setattr(credentials, "_PATIENCE_S", 0.5)
    before = time.monotonic()
    with pytest.raises(CredentialError, match=why):
        find_token(TokenSource(command=command(program)), {})
    assert time.monotonic() - before < 60
    for thread in threading.enumerate():
        if thread.name == "token command":
            thread.join(20)


class Memory(keyring.backend.KeyringBackend):
    """A keyring that lasts as long as the test."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.held = {}

    def get_password(self, service, username):
        """Return what is held."""
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        """Hold it."""
        self.held[service, username] = password


class Locked(Memory):
    """A keyring that a user must unlock."""

    def get_password(self, service, username):
        """Refuse."""
        raise keyring.errors.KeyringLocked("it is locked")

    def set_password(self, service, username, password):
        """Refuse."""
        raise keyring.errors.PasswordSetError("it is locked")


@pytest.fixture
def use():
    """Put a backend in force for the test."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


def test_token_that_is_kept_is_found(use):
    """What was stored for name and URL is the token."""
    use(Memory())

    assert credentials.keep_in_keyring(ACCOUNT, Secret("t0k"))
    assert find_token(TokenSource(keyring=ACCOUNT), {"BULKSCIM_TOKEN": "other"}).reveal() == "t0k"


def test_last_slash_of_the_url_does_not_matter():
    """The same tenant has the same account."""
    assert credentials.account_of("acme", "https://acme.example/scim") == ACCOUNT


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, Locked])
def test_keyring_that_keeps_nothing_says_so(use, backend):
    """A token counts as kept only where it is given back."""
    use(backend())

    assert not credentials.keep_in_keyring(ACCOUNT, Secret("t0k"))


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, Memory])
def test_without_a_kept_token_the_environment_is_asked(use, backend):
    """A machine without keyring works with the variable."""
    use(backend())

    assert find_token(TokenSource(keyring=ACCOUNT), {"BULKSCIM_TOKEN": "t0k"}).reveal() == "t0k"
    with pytest.raises(CredentialError, match="keyring holds none for acme"):
        find_token(TokenSource(keyring=ACCOUNT), {})


def test_locked_keyring_is_a_credential_error(use):
    """A keyring that is locked is said, and not passed over."""
    use(Locked())

    with pytest.raises(CredentialError, match="unlock"):
        find_token(TokenSource(keyring=ACCOUNT), {"BULKSCIM_TOKEN": "t0k"})
