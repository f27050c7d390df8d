"""Write a provider as the text of its file: what `decoding` reads back as the same (pure)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from bulkscim.providers.decoding import SANDBOX, shown_by
from bulkscim.providers.profile import Profile
from bulkscim.providers.provider import Provider
from bulkscim.providers.quirks import Quirks

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DELETE = "\x7f"  # JSON writes it as it is, and TOML does not


def encoded(provider: Provider) -> str:
    """Return the text of a provider's file; a key with its default is omitted."""
    profile, quirks = provider.profile, provider.quirks
    plain = Profile(profile.name)
    worn = Quirks(**shown_by(profile))
    return "\n".join(
        (
            *_lines(_changed(profile, plain), ""),
            *_lines(_changed(quirks, worn), SANDBOX),
        )
    )


def _changed(value: Any, usual: Any) -> dict[str, Any]:
    """Return the keys that are not as usual; None cannot be written, and is the default wherever there is one."""
    found = {each.name: getattr(value, each.name) for each in fields(value)}
    return {name: one for name, one in found.items() if one is not None and one != getattr(usual, name)}


def _lines(values: Mapping[str, Any], table: str) -> Iterator[str]:
    """Yield the lines of one table: its plain keys, then the tables below it."""
    plain = {name: one for name, one in values.items() if not _is_table(one)}
    if table and plain:
        yield f"[{table}]"
    yield from (f"{name} = {_inline(one)}" for name, one in plain.items())
    if plain:
        yield ""
    for name, value in values.items():
        if not _is_table(value):
            continue
        path = f"{table}.{name}" if table else name
        tables = value if isinstance(value, tuple) else (value,)
        for one in tables:
            yield f"[[{path}]]" if isinstance(value, tuple) else f"[{path}]"
            yield from (f"{_key(key)} = {_inline(part)}" for key, part in _items(one))
            yield ""


def _is_table(value: Any) -> bool:
    """Return whether a value is written as a table of its own, or as several."""
    first = value[0] if isinstance(value, tuple) and value else value
    return is_dataclass(first) or isinstance(value, Mapping)


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the keys of a table; of an object those that are not at their default."""
    if isinstance(value, Mapping):
        yield from value.items()
        return
    for each in fields(value):
        one = getattr(value, each.name)
        factory = each.default_factory
        usual = each.default if factory is MISSING else factory()
        if one is not None and (usual is MISSING or one != usual):
            yield each.name, one


def _key(key: Any) -> str:
    text = key.name.lower() if isinstance(key, Enum) else str(key)
    return text if _BARE.fullmatch(text) else _inline(text)


def _inline(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Enum):
        return _inline(value.name.lower())
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value) if value == int(value) else value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007f")
    if isinstance(value, tuple | frozenset):
        listed = sorted(map(_inline, value)) if isinstance(value, frozenset) else map(_inline, value)
        return f"[{', '.join(listed)}]"
    parts = ", ".join(f"{_key(key)} = {_inline(part)}" for key, part in _items(value))
    return f"{{ {parts} }}" if parts else "{}"
