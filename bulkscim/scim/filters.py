"""Filters for lookups (RFC 7644 §3.4.2.2): one comparison, its value a JSON string, strictly percent-encoded."""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

_EQUALS = re.compile(
    r'\s*([A-Za-z$_][\w$.:-]*)\s+eq\s+("(?:[^"\\]|\\.)*"|\S+)\s*', re.ASCII | re.DOTALL | re.IGNORECASE
)


def equals(attribute: str, value: str, *, quoted: bool = True) -> str:
    """Return the filter that asks for one value; unquoted only for servers that want it so."""
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False) if quoted else value}"


def query(text: str) -> str:
    """Return the query that sends a filter and nothing else, a blank as %20 and a plus as %2B."""
    return f"filter={quote(text, safe='')}"


def asked_for(path: str) -> tuple[str, str] | None:
    """Return attribute and value of the one comparison that a request's path asks for, None if it asks otherwise."""
    texts = parse_qs(urlsplit(path).query.replace("+", "%2B")).get("filter", [])
    found = _EQUALS.fullmatch(texts[0]) if len(texts) == 1 else None
    if found is None:
        return None
    attribute, value = found.groups()
    try:
        return attribute, json.loads(value) if value.startswith('"') else value
    except ValueError:
        return None
