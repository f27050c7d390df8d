"""What an operation would send, as far as its record alone tells: the SCIM by which users check a map."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, assert_never

import orjson

from bulkscim.journal import typed_json
from bulkscim.journal.typed_json import OMITTED
from bulkscim.model.operation import JsonObject, Operation, Role, Verb
from bulkscim.planning.compare import redact
from bulkscim.scim import protocol

_ROLES = {Role.MANAGER: "manager", Role.GROUP: "joins", Role.MEMBER: "member", Role.VALUE: "names"}


@dataclass(frozen=True, slots=True)
class Preview:
    """One row's request: `body` is what would be sent, `links` what is looked up and joined to it; None where nothing is."""

    row: int
    op: Verb
    request: str
    body: Any = field(default=None, metadata=OMITTED)
    links: tuple[str, ...] | None = field(default=None, metadata=OMITTED)

    def told(self) -> JsonObject:
        """Return it as data."""
        return typed_json.write(self)

    def lines(self) -> Iterator[str]:
        """Say it in lines."""
        yield f"row {self.row}: {self.request}"
        if self.body is not None:
            for line in orjson.dumps(self.body, option=orjson.OPT_INDENT_2).decode().splitlines():
                yield f"  {line}"
        for link in self.links or ():
            yield f"  {link}"


def preview(row: int, operation: Operation) -> Preview:
    """Return what one row would send."""
    links = tuple(f"{_ROLES[each.role]}: {each.key}" for each in operation.references)
    return Preview(row, operation.verb, _request(operation), _body(operation), links or None)


def _request(operation: Operation) -> str:
    """Return method and path; a resource that must be found first is named in angles."""
    method, path = operation.spec.method, protocol.collection(operation.type)
    if not operation.spec.finds:
        return f"{method} {path}"
    if operation.spec.updates:
        return f"{method} {path}, or PATCH {path}/<id> where {operation.target} is there"
    return f"{method} {path}/<id of {operation.target}>"


def _body(operation: Operation) -> Any:
    """Return the body with its secrets masked; None where there is none, or nothing but links."""
    verb = operation.verb
    match verb:
        case Verb.CREATE | Verb.UPSERT | Verb.REPLACE:
            return redact(protocol.with_schemas(operation.type, operation.data))
        case Verb.PATCH:
            changes = operation.changes
            return redact(orjson.loads(protocol.patch_body(changes))) if changes else None
        case Verb.ACTIVATE | Verb.DEACTIVATE:
            return {"active": operation.spec.active}
        case Verb.DELETE | Verb.ADD_MEMBER | Verb.REMOVE_MEMBER:
            return None
        case _:
            assert_never(verb)
