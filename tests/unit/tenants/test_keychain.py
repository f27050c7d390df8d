"""Tokens in the keyring, through the keyring package itself with a backend of our own."""

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from bulkscim.errors import CredentialError
from bulkscim.model.secret import Secret
from bulkscim.tenants import keychain
from bulkscim.tenants.credentials import TokenSource, find_token

ACCOUNT = keychain.account_of("acme", "https://acme.example/scim/")


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
    """A keyring that somebody must unlock."""

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

    assert keychain.keep(ACCOUNT, Secret("t0k"))
    assert find_token(TokenSource(keyring=ACCOUNT), {"BULKSCIM_TOKEN": "other"}).reveal() == "t0k"


def test_last_slash_of_the_url_does_not_matter():
    """The same tenant has the same account."""
    assert keychain.account_of("acme", "https://acme.example/scim") == ACCOUNT


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring, Locked])
def test_keyring_that_keeps_nothing_says_so(use, backend):
    """A token counts as kept only where it is given back."""
    use(backend())

    assert not keychain.keep(ACCOUNT, Secret("t0k"))


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
