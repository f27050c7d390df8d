"""What a tenant says it can do (ServiceProviderConfig, RFC 7643 §5): believed where it makes sense, else absent."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Reply, Response
from bulkscim.scim import messages, paths

CONFIG_PATH = "/ServiceProviderConfig"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What was said; None where nothing was, or nothing that makes sense. `notes` say what was not believed."""

    patch: bool | None = None
    filter: bool | None = None
    bulk: bool | None = None
    etag: bool | None = None
    cursor: bool | None = None
    max_results: int | None = None
    bulk_operations: int | None = None
    bulk_bytes: int | None = None
    notes: tuple[str, ...] = ()


def capabilities_of(reply: Reply) -> Capabilities:
    """Read the answer to a GET of /ServiceProviderConfig; this never raises."""
    if not isinstance(reply, Response):
        return _absent(f"no answer ({reply.detail})")
    if reply.status != HTTPStatus.OK:
        return _absent(f"answered {reply.status}")
    config = messages.json_of(reply.body)
    if not isinstance(config, dict) or messages.is_error(config):
        return _absent("is not a ServiceProviderConfig")
    return _read(config)


def _absent(why: str) -> Capabilities:
    """Return what is known where there is no ServiceProviderConfig."""
    return Capabilities(notes=(f"{CONFIG_PATH} {why}; the profile's settings are used",))


def _read(config: JsonObject) -> Capabilities:
    """Read each part for itself, so that one bad part does not spoil the rest."""
    notes: list[str] = []
    supported = {name: _supported(config, name, notes) for name in ("patch", "filter", "bulk", "etag")}
    return Capabilities(
        patch=supported["patch"],
        filter=supported["filter"],
        bulk=supported["bulk"],
        etag=supported["etag"],
        cursor=_cursor(config),
        max_results=_limit(config, "filter", "maxResults", notes),
        bulk_operations=_limit(config, "bulk", "maxOperations", notes),
        bulk_bytes=_limit(config, "bulk", "maxPayloadSize", notes),
        notes=tuple(notes),
    )


def _cursor(config: JsonObject) -> bool | None:
    """Return whether listings are paged by cursors (RFC 9865 §4) rather than by an index."""
    said: Any = paths.find(config, "pagination")
    if not isinstance(said, dict) or paths.find(said, "cursor") is not True:
        return None
    usual = str(paths.find(said, "defaultPaginationMethod") or "").lower()
    return usual == "cursor" or paths.find(said, "index") is not True


def _supported(config: JsonObject, name: str, notes: list[str]) -> bool | None:
    """Return a part's `supported`, which may be written as text."""
    value: Any = paths.find(paths.find(config, name), "supported")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower(), value)
    if value is None or isinstance(value, bool):
        return value
    notes.append(f"{CONFIG_PATH}: {name}.supported is {messages.printable(str(value), 40)!r}; ignored")
    return None


def _limit(config: JsonObject, part: str, name: str, notes: list[str]) -> int | None:
    """Return a limit that is a positive number; servers write 0 where they mean none."""
    value: Any = paths.find(paths.find(config, part), name)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if value not in (None, 0):
        notes.append(f"{CONFIG_PATH}: {part}.{name} is {messages.printable(str(value), 40)!r}; ignored")
    return None
