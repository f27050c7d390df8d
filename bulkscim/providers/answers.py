"""What a provider refuses, changes and shows otherwise than the RFCs, for the sandbox (pure)."""

import re
from collections.abc import Mapping

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.quirks import BAD_REQUEST, ErrorAnswer, Members, Quirks

FORBIDDEN = 403
_SPECIAL = re.compile(r"[^a-z0-9._-]", re.IGNORECASE)
_CURSOR = "+/="  # cursors hold characters that a URL must encode
_PROJECTIONS = ("attributes", "excludedAttributes")


def refused_request(quirks: Quirks, query: Mapping[str, str], agent: str) -> ErrorAnswer | None:
    """Say why a request is refused, whatever it is about; None where it is not."""
    if quirks.needs_user_agent and not agent:
        return ErrorAnswer(FORBIDDEN, "the header User-Agent is missing")
    if not quirks.projections and any(name in query for name in _PROJECTIONS):
        return ErrorAnswer(BAD_REQUEST, "attributes and excludedAttributes are not supported", "invalidValue")
    return None


def refused_body(quirks: Quirks, kind: str, body: JsonObject) -> ErrorAnswer | None:
    """Say why a resource, or a PATCH in the form of the RFC, is refused; None where it is not."""
    if kind == GROUP:
        return _refused_members(quirks, body)
    for operation in _operations(body):
        path = str(operation.get("path") or "")
        if "[" in path and not quirks.path_filters:
            return ErrorAnswer(BAD_REQUEST, f"filters in paths are not supported: {path}", "invalidPath")
        unknown = sorted(_changed(operation) - quirks.patches) if quirks.patches else []
        if unknown:
            return ErrorAnswer(BAD_REQUEST, f"PATCH does not change {', '.join(unknown)}", "mutability")
    return None


def _refused_members(quirks: Quirks, body: JsonObject) -> ErrorAnswer | None:
    changed = _count(body.get("members"))
    for operation in _operations(body):
        path = str(operation.get("path") or "")
        changed += path.startswith("members[") or _count(_members_in(path, operation.get("value")))
    if quirks.most_members is None or changed <= quirks.most_members:
        return None
    return ErrorAnswer(quirks.too_many, f"more than {quirks.most_members} members in one request", "tooMany")


def _members_in(path: str, value: object) -> object:
    if not path and isinstance(value, dict):
        return value.get("members")
    return value if path == "members" else None


def _count(members: object) -> int:
    return len(members) if isinstance(members, list) else int(members is not None)


def _operations(body: JsonObject) -> list[JsonObject]:
    found = body.get("Operations")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _changed(operation: JsonObject) -> set[str]:
    path, value = operation.get("path"), operation.get("value")
    return {str(path)} if path else set(value) if isinstance(value, dict) else set()


def kept_names(quirks: Quirks, body: JsonObject) -> JsonObject:
    """Return a user, or a PATCH of one, with its name as the provider keeps it."""
    if quirks.longest_user_name is None:
        return body
    kept = dict(body)
    if isinstance(name := body.get("userName"), str):
        kept["userName"] = _SPECIAL.sub("_", name)[: quirks.longest_user_name]
    if "Operations" in body:
        kept["Operations"] = [_kept_operation(quirks, one) for one in _operations(body)]
    return kept


def _kept_operation(quirks: Quirks, operation: JsonObject) -> JsonObject:
    path, value = operation.get("path"), operation.get("value")
    if path == "userName":
        return operation | {"value": kept_names(quirks, {"userName": value})["userName"]}
    return operation | {"value": kept_names(quirks, value)} if isinstance(value, dict) else operation


def asked(quirks: Quirks, query: Mapping[str, str]) -> dict[str, str]:
    """Return the page that is asked for as the RFC has it."""
    paged = {"startIndex", "count"}
    if not quirks.pages:
        return {name: value for name, value in query.items() if name not in paged}
    if not quirks.cursors or "filter" in query:
        return dict(query)
    plain = {name: value for name, value in query.items() if name not in {"cursor", *paged}}
    most = quirks.page_size or 1
    count = query.get("count", "")
    size = min(most, int(count)) if count.isdigit() else most
    return plain | {"startIndex": str(_start(query)), "count": str(size)}


def _start(query: Mapping[str, str]) -> int:
    number = query.get("cursor", "").removeprefix(_CURSOR)
    return int(number) if number.isdigit() else 1


def listed(quirks: Quirks, kind: str, query: Mapping[str, str], body: JsonObject) -> JsonObject:
    """Return a listing with the resources, the numbers and the cursor that the provider gives."""
    if quirks.makes_up_lists and "filter" not in query and _start(query) == 1:
        body = body | {"Resources": [_made_up(kind)], "totalResults": 1}
    resources = body.get("Resources") or []
    if quirks.counts_page:
        body = body | {"totalResults": len(resources)}
    if quirks.cursors and "cursor" in query:
        after = _start(query) + len(resources)
        more = {"nextCursor": f"{_CURSOR}{after}"} if after <= int(body.get("totalResults", 0)) else {}
        body = {
            name: value for name, value in body.items() if name not in {"totalResults", "startIndex"}
        } | more
    return body


def _made_up(kind: str) -> JsonObject:
    name = {"userName": "made-up", "active": False} if kind == USER else {"displayName": "made-up"}
    return {"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind}"], "id": "made-up", **name}


def shown(quirks: Quirks, kind: str, resource: JsonObject, *, in_list: bool) -> JsonObject:
    """Return a resource of an answer with the members that the provider shows."""
    hidden = quirks.shows_members is Members.NEVER or (quirks.shows_members is Members.BY_ID and in_list)
    if kind == USER or not hidden:
        return resource
    return {name: value for name, value in resource.items() if name != "members"}


def error_body(quirks: Quirks, body: JsonObject) -> JsonObject:
    """Return the body of an error as the provider writes it."""
    if not quirks.odd_errors:
        return body
    return body | {"status": int(body["status"]), "schemas": body["schemas"][0]}
