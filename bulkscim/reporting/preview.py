"""What an operation would send, as far as its record alone tells: the SCIM that people check a map by."""

from collections.abc import Iterator
from typing import Any

import orjson

from bulkscim.model.operation import JsonObject, Operation, Role, Verb
from bulkscim.planning.compare import redact
from bulkscim.scim import messages

_METHODS = {Verb.CREATE: "POST", Verb.UPSERT: "POST", Verb.REPLACE: "PUT", Verb.DELETE: "DELETE"}
_ROLES = {Role.MANAGER: "manager", Role.GROUP: "joins", Role.MEMBER: "member", Role.VALUE: "names"}


def preview(row: int, operation: Operation) -> JsonObject:
    """Return one row's request: `body` is what would be sent, `links` what is looked up and joined to it."""
    shown: JsonObject = {"row": row, "op": operation.verb.value, "request": _request(operation)}
    body = _body(operation)
    if body is not None:
        shown["body"] = body
    links = [f"{_ROLES[each.role]}: {each.key}" for each in operation.references]
    return shown | ({"links": links} if links else {})


def preview_lines(shown: JsonObject) -> Iterator[str]:
    """Say a preview in lines."""
    yield f"row {shown['row']}: {shown['request']}"
    if "body" in shown:
        for line in orjson.dumps(shown["body"], option=orjson.OPT_INDENT_2).decode().splitlines():
            yield f"  {line}"
    for link in shown.get("links", ()):
        yield f"  {link}"


def _request(operation: Operation) -> str:
    """Return method and path; a resource that must be found first is named in angles."""
    method = _METHODS.get(operation.verb, "PATCH")
    path = messages.collection(operation.type)
    if operation.verb is Verb.CREATE:
        return f"{method} {path}"
    if operation.verb is Verb.UPSERT:
        return f"{method} {path}, or PATCH {path}/<id> where {operation.target} is there"
    return f"{method} {path}/<id of {operation.target}>"


def _body(operation: Operation) -> Any:
    """Return the body with its secrets masked; None where there is none, or nothing but links."""
    match operation.verb:
        case Verb.CREATE | Verb.UPSERT | Verb.REPLACE:
            return redact(messages.with_schemas(operation.type, operation.data))
        case Verb.PATCH if operation.changes:
            return redact(orjson.loads(messages.patch_body(operation.changes)))
        case Verb.ACTIVATE | Verb.DEACTIVATE:
            return {"active": operation.verb is Verb.ACTIVATE}
        case _:
            return None
