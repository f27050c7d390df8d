"""Replace known secrets in what comes from outside (pure).

Rules
1. A secret is replaced wherever it is, also in the forms that services write it in: JSON-escaped once or twice,
   percent-encoded, HTML-escaped, base64 by itself or within a longer text.
2. One of fewer than 8 characters is replaced only where it is a word of its own: it is part of too many others.
3. A text that the row states openly, as its userName, is no secret, whatever is in it.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from bulkscim.model.operation import Operation
from bulkscim.model.request import NoAnswer, Reply
from bulkscim.model.secret import MASK
from bulkscim.scim.schemas import is_secret

SHORT = 8
_PLAIN = re.compile(r"[A-Za-z0-9._~+-]*")  # nothing that JSON writers escape


class Masking:
    """Replaces some secrets by `[secret]`; `stated` are whole texts that are left as they are."""

    def __init__(self, secrets: Iterable[str], stated: Iterable[str] = ()) -> None:
        told = [secret for secret in secrets if secret]
        forms = {form for secret in told for form in _forms(secret)}
        self._is_escaped = not all(map(_PLAIN.fullmatch, told))
        self._forms = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_place, self._forms)))
        self._stated = frozenset(stated)

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        if not self._is_in(text) or text in self._stated:
            return text
        return self._pattern.sub(MASK, text)

    def _is_in(self, text: str) -> bool:
        return any(form in text for form in self._forms)  # far quicker than the pattern, and hardly ever so

    def reply(self, reply: Reply) -> Reply:
        """Return an answer without the secrets in its body and headers."""
        if not self._forms:
            return reply
        if isinstance(reply, NoAnswer):
            return replace(reply, detail=self.text(reply.detail))
        headers = {name: self.text(value) for name, value in reply.headers.items()}
        return replace(reply, headers=headers, body=self._body(reply.body))

    def _body(self, body: bytes) -> bytes:
        """Mask the strings of a JSON body one by one, any other body as one text."""
        text = body.decode("utf-8", "surrogateescape")
        if not self._is_in(text) and not (self._is_escaped and "\\" in text):
            return body
        try:
            value = orjson.loads(body)
        except ValueError:
            return self.text(text).encode("utf-8", "surrogateescape")
        masked = self._value(value)
        return body if masked == value else orjson.dumps(masked)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self._value(one) for name, one in value.items()}
        return value


@lru_cache(maxsize=256)
def _masking_of(secrets: frozenset[str], stated: frozenset[str]) -> Masking:
    return Masking(secrets, stated)


def masking_of(operation: Operation) -> Masking:
    """Return what hides the secret values of a row; quick where it has none, made once for a row under way."""
    found = list(_texts(operation.data, secret=False))
    for change in operation.changes:
        secret = any(map(is_secret, re.split(r"[.:\[\]]", change.path or "")))
        found.extend(_texts(change.value, secret=secret))
    secrets = frozenset(text for text, secret in found if secret)
    stated = {operation.target.value, *(text for text, secret in found if not secret)}
    return _masking_of(secrets, frozenset(stated if secrets else ()))


def _texts(value: Any, *, secret: bool) -> Iterator[tuple[str, bool]]:
    """Yield each string of a value, with whether it is a secret."""
    if isinstance(value, str):
        yield value, secret
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, secret=secret)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, secret=secret or is_secret(name.rpartition(":")[2]))


def _forms(secret: str) -> Iterator[str]:
    """Yield the texts that tell a secret."""
    yield secret
    once = {json.dumps(secret)[1:-1], orjson.dumps(secret)[1:-1].decode()}
    once |= {re.sub("[<>&'=]", lambda found: f"\\u{ord(found[0]):04x}", form) for form in once}
    once |= {form.replace("/", "\\/") for form in once}
    yield from once
    yield from (json.dumps(form)[1:-1] for form in once)
    yield from (html.escape(secret), html.escape(secret, quote=False))
    for form in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    if len(secret) >= SHORT:
        yield from _encoded(secret.encode())


def _encoded(secret: bytes) -> Iterator[str]:
    """Yield what base64 makes of a secret at each place within a longer text, less the ends that others share."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        after = (before + len(secret)) % 3
        core = whole[(0, 2, 3)[before] : len(whole) - (1 if after else 0)]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def _place(form: str) -> str:
    """Return the pattern of a form: anywhere, or as a word where it is short."""
    text = re.escape(form)
    return text if len(form) >= SHORT else rf"(?<!\w){text}(?!\w)"
