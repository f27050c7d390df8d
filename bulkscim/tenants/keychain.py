"""Tokens in the system's keyring, by the optional package `keyring`. Imported only where a token is wanted."""

from types import ModuleType

from bulkscim.errors import CredentialError
from bulkscim.model.base_url import base_url_key
from bulkscim.model.secret import Secret

SERVICE = "bulkscim"
EXTRA = 'pip install ".[keyring]" in the checkout'


def account_of(name: str, base_url: str) -> str:
    """Name a tenant's token: with its URL, so that an entry that names another host does not get it."""
    return f"{name} {base_url_key(base_url)}"


def kept(account: str) -> str | None:
    """Return the token of an account; None where there is no keyring, or nothing in it."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        text = keyring.get_password(SERVICE, account)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        message = f"the keyring cannot be read: {error}; unlock it, or set BULKSCIM_TOKEN"
        raise CredentialError(message) from None
    return text if isinstance(text, str) else None


def keep(account: str, token: Secret) -> bool:
    """Store a token; False where there is no keyring that gives it back."""
    keyring = _keyring()
    if keyring is None:
        return False
    try:
        keyring.set_password(SERVICE, account, token.reveal())
        return bool(keyring.get_password(SERVICE, account) == token.reveal())
    except keyring.errors.KeyringError:
        return False


def _keyring() -> ModuleType | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring
