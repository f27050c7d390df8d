"""Filters for lookups (RFC 7644 §3.4.2.2): its values are JSON strings, strictly percent-encoded."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qs, quote, urlsplit

_EQUALS = re.compile(
    r'\s*([A-Za-z$_][\w$.:-]*)\s+eq\s+("(?:[^"\\]|\\.)*"|\S+)\s*(?:$|(?<=\s)(or)\s)',
    re.ASCII | re.DOTALL | re.IGNORECASE,
)


def equals(attribute: str, value: str, *, quoted: bool = True) -> str:
    """Return the filter that asks for one value; unquoted only for servers that want it so."""
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False) if quoted else value}"


def any_of(attribute: str, values: Iterable[str]) -> str:
    """Return the filter that asks for each of some values."""
    return " or ".join(equals(attribute, value) for value in values)


def query(text: str) -> str:
    """Return the query that sends a filter and nothing else, a blank as %20 and a plus as %2B."""
    return f"filter={quote(text, safe='')}"


def any_asked_for(path: str) -> tuple[str, tuple[str, ...]] | None:
    """Return attribute and values of the comparisons that a request's path asks for, joined by `or`; None if it asks otherwise."""
    texts = parse_qs(urlsplit(path).query.replace("+", "%2B")).get("filter", [])
    if len(texts) != 1:
        return None
    attributes, values, end = set[str](), list[str](), 0
    while found := _EQUALS.match(texts[0], end):
        attributes.add(found[1])
        values.append(found[2])
        end = found.end()
        if found[3] is None:
            break
    if len(attributes) != 1 or end < len(texts[0]) or found is None:
        return None
    try:
        asked = tuple(json.loads(one) if one.startswith('"') else one for one in values)
    except ValueError:
        return None
    return attributes.pop(), asked
