"""Whether an answer comes from a SCIM service at all, by its status and the shape of its body."""

from enum import Enum, auto
from typing import Any

from bulkscim.model.request import Reply, Response
from bulkscim.scim import messages

_URNS = ("urn:ietf:params:scim:", "urn:scim:")
_NAMES = frozenset(
    ["resources", "totalresults", "itemsperpage", "patch", "bulk", "filter", "authenticationschemes"]
)
_GONE = frozenset({404, 410})
_GOOD = range(200, 300)
_REDIRECT = range(300, 400)


class Origin(Enum):
    """What sent an answer to a read of a SCIM endpoint."""

    SCIM = auto()
    OTHER = auto()  # a web server with no SCIM at this place
    UNKNOWN = auto()  # a SCIM service may answer so, and another server too


def origin_of(reply: Reply) -> Origin:
    """Return what kind of server sent an answer.

    "Not found", a redirect, and a page or JSON that no SCIM endpoint answers with are another server's. A refusal,
    an error of the server, silence and an empty body say nothing.
    """
    if not isinstance(reply, Response):
        return Origin.UNKNOWN
    if reply.status in _GONE or reply.status in _REDIRECT:
        return Origin.OTHER
    value = messages.json_of(reply.body)
    if _is_scim(value):
        return Origin.SCIM
    told = isinstance(value, dict) or (value is None and bool(reply.body.strip()))
    return Origin.OTHER if reply.status in _GOOD and told else Origin.UNKNOWN


def _is_scim(value: Any) -> bool:
    """Return whether a JSON value names a SCIM schema, or has an attribute of the messages that are asked for."""
    if not isinstance(value, dict):
        return False
    folded = {name.lower(): part for name, part in value.items()}
    schemas = folded.get("schemas")
    named = [schemas] if isinstance(schemas, str) else schemas if isinstance(schemas, list) else []
    return bool(_NAMES & folded.keys()) or any(str(each).lower().startswith(_URNS) for each in named)


def described(reply: Reply) -> str:
    """Say what an answer was, for people."""
    if not isinstance(reply, Response):
        return "gave no answer"
    if reply.status in _REDIRECT:
        return f"redirects ({reply.status}) to {messages.printable(reply.headers.get('location', 'nowhere'), 100)}"
    detail = messages.error_of(reply).detail
    return f"answered {reply.status}" + (f" ({messages.printable(detail, 60)})" if detail else "")
