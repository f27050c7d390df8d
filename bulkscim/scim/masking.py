"""Replace known secrets in what comes from outside (pure).

Rules
1. A secret is replaced wherever it is, also in the forms that services write it in: each of its characters that is
   not a letter or digit as it is, escaped for JSON, percent-encoded or as an HTML entity, each of these also twice;
   base64, by itself or within a longer text; hexadecimal.
2. One of fewer than 8 characters is replaced only where it is a word of its own: it is part of too many others.
   A short token, and one of a row in a resource, is replaced only where it is a whole text or follows `Bearer`: as a
   word it may be in each address, and what is looked for would not be found.
   A number is replaced where its digits are a secret of at least 6.
3. A text that the row states openly, as its userName, is no secret, whatever is in it.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from html.entities import codepoint2name
from typing import Any

import orjson

from bulkscim.model.operation import Operation
from bulkscim.model.request import NoAnswer, Reply
from bulkscim.model.secret import MASK
from bulkscim.scim.schemas import is_secret

SHORT = 8
_LEAST_ENCODED = 6  # characters of base64 that are looked for: fewer are in other texts by chance
_LEAST_DIGITS = 6  # of a number that is a secret: a count may have fewer
_BEGINS = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\[bfnrt]))"
_BOM = b"\xef\xbb\xbf"
_CONTROLS = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r"}
_ENTITIES = {"'": ("apos",)} | {
    chr(point): (name,) for point, name in codepoint2name.items()
}  # names of HTML 4, and the one that XML adds


class Masking:
    """Replaces some secrets by `[secret]`; `stated` are whole texts that are left as they are.

    `words`: whether a short secret is replaced where it is a word of a text.
    """

    def __init__(self, secrets: Iterable[str], stated: Iterable[str] = (), *, words: bool = True) -> None:
        kept = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        encoded = {form for secret in kept for form in _encoded(secret.encode("utf-8", "surrogatepass"))}
        self._numbers = frozenset(secret for secret in kept if len(secret) >= _LEAST_DIGITS)
        self._anchors = {*map(_anchor, (*kept, *encoded))}
        short = _word if words else _whole
        places = (_written(secret) if len(secret) >= SHORT else short(secret) for secret in kept)
        patterns = (*places, *map(_written, sorted(encoded, key=len, reverse=True)))
        self._pattern = re.compile("|".join(patterns))
        self._stated = frozenset(stated)

    @property
    def hides(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._anchors)

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        if not self._may_be_in(text) or text in self._stated:
            return text
        return self._pattern.sub(MASK, text)

    def _may_be_in(self, text: str) -> bool:
        return any(
            anchor in text for anchor in self._anchors
        )  # far quicker than the pattern, and hardly ever so

    def reply(self, reply: Reply) -> Reply:
        """Return an answer without the secrets in its body and headers."""
        if not self.hides:
            return reply
        if isinstance(reply, NoAnswer):
            return replace(reply, detail=self.text(reply.detail))
        headers = {name: self.text(value) for name, value in reply.headers.items()}
        return replace(reply, headers=headers, body=self._body(reply.body))

    def _body(self, body: bytes) -> bytes:
        """Mask the strings of a JSON body one by one, any other body as one text."""
        text = body.decode("utf-8", "surrogateescape")
        if not self._may_be_in(text) and "\\" not in text:
            return body
        try:
            value = orjson.loads(body.removeprefix(_BOM))
        except ValueError:
            return self.text(text).encode("utf-8", "surrogateescape")
        if not self._may_be_in(orjson.dumps(value).decode()):  # where no letter is escaped
            return body
        masked = self._value(value)
        return body if masked == value else orjson.dumps(masked)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self._value(one) for name, one in value.items()}
        if isinstance(value, int | float) and str(value) in self._numbers:
            return MASK
        return value


@lru_cache(maxsize=256)
def _masking_of(secrets: frozenset[str], stated: frozenset[str], words: bool) -> Masking:  # noqa: FBT001 - of a cache
    return Masking(secrets, stated, words=words)


def masking_of(operation: Operation, *, words: bool = True) -> Masking:
    """Return what hides the secret values of a row; quick where it has none, made once for a row under way."""
    found = list(_texts(operation.data, secret=False))
    for change in operation.changes:
        secret = any(map(is_secret, re.split(r"[.:\[\]]", change.path or "")))
        found.extend(_texts(change.value, secret=secret))
    secrets = frozenset(text for text, secret in found if secret)
    stated = {operation.target.value, *(text for text, secret in found if not secret)}
    return _masking_of(secrets, frozenset(stated if secrets else ()), words)


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


def _anchor(secret: str) -> str:
    """Return what every written form of a secret has in it: the longest run of what nothing escapes, if any."""
    return max(re.findall("[A-Za-z0-9]+", secret), key=len, default="")


def _word(secret: str) -> str:
    """Return the pattern of a secret as a word of a text, in all forms but base64."""
    return rf"{_BEGINS}{_written(secret)}(?!\w)"


def _whole(secret: str) -> str:
    """Return the pattern of a secret as a whole text, or as what a header of authorization says."""
    return rf"(?:\A{_written(secret)}\Z|(?<=Bearer ){_written(secret)}(?!\w))"


def _written(text: str) -> str:
    """Return the pattern of a text, each of its characters escaped or not.

    Backslashes are taken by the run, and everything repeated has a bound: no answer can make a search long.
    """
    return "".join(_forms(part[0], len(part)) for part in re.findall(r"\\+|.", text, re.DOTALL))


def _forms(letter: str, times: int) -> str:
    """Return the pattern of one character, or of a run of backslashes; escapes may be escaped again."""
    if letter.isascii() and letter.isalnum():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    points = [f"#0{{0,6}}{ord(letter)}", f"#[xX]0{{0,6}}(?i:{ord(letter):x})", *_ENTITIES.get(letter, ())]
    forms = [
        "".join(rf"\\{{1,4}}u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)),
        "".join(f"%(?:25){{0,3}}(?i:{byte:02x})" for byte in letter.encode("utf-8", "surrogatepass")),
        rf"&(?:amp;){{0,3}}(?:{'|'.join(points)});",
    ]
    if letter == "\\":
        return rf"(?:\\{{{times},{4 * times}}}|(?:{'|'.join(forms)}){{{times}}})"
    forms.append(rf"\\{{0,4}}{re.escape(letter)}")
    forms += [rf"\\{{1,4}}{_CONTROLS[letter]}"] if letter in _CONTROLS else []
    forms += [r"\+"] if letter == " " else []
    return f"(?:{'|'.join(forms)})"


def _encoded(secret: bytes) -> Iterator[str]:
    """Yield a secret in hexadecimal, and what base64 makes of it within a longer text.

    The ends that base64 shares with what is around are left out.
    """
    if len(secret) >= SHORT:
        yield from (secret.hex(), secret.hex().upper())
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        after = (before + len(secret)) % 3
        core = whole[(0, 2, 3)[before] : len(whole) - (1 if after else 0)]
        if len(core) >= _LEAST_ENCODED:
            yield core
            yield core.translate(str.maketrans("+/", "-_"))
