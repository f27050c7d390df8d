"""RFC 7644 §3.7 bulk operations, one per line, as the short form (pure)."""

from typing import Any
from urllib.parse import unquote

from bulkscim.jobfile.records import Fault, shown
from bulkscim.jobfile.references import BULK_ID
from bulkscim.jobfile.schema import twins
from bulkscim.model.operation import GROUP, USER, VERBS, Content, JsonObject, Verb

_VERBS = {"POST": Verb.CREATE, "PUT": Verb.REPLACE, "PATCH": Verb.PATCH, "DELETE": Verb.DELETE}
_COLLECTIONS = {"users": USER, "groups": GROUP}
_SAID = ("op", "type", "ref", "id", "match", "patch", "member")
_KEYS = frozenset({"method", "path", "bulkId", "version", "data", "expect"})


def short_form(body: JsonObject, faults: list[Fault]) -> JsonObject:
    """Turn a bulk operation into the short form; names that neither form knows stay, to be refused there."""
    verb = _verb(body.get("method"), faults)
    kind, id_ = _path(body.get("path"), faults)
    if verb is None or kind is None:
        return {name: value for name, value in body.items() if name.startswith("_")}
    faults += [
        Fault(name, "means nothing in a record with a method, which says it already")
        for name in _SAID
        if name in body
    ]
    short: JsonObject = {name: value for name, value in body.items() if name not in _KEYS}
    short |= {"op": verb.value, "type": kind}
    short |= {name: body[name] for name in ("version", "expect") if body.get(name) is not None}
    makes = VERBS[verb].makes
    if makes == bool(id_):
        wanted = f"/{kind}s" if makes else f"/{kind}s/<id>"
        faults.append(Fault("path", f"{body['method']} goes to {wanted}"))
    elif makes:
        short |= {"ref": body["bulkId"]} if "bulkId" in body else {}
    else:
        short |= {"ref": id_[len(BULK_ID) :]} if id_.startswith(BULK_ID) else {"id": id_}
    return short | _content(verb, body.get("data"), faults)


def _verb(method: Any, faults: list[Fault]) -> Verb | None:
    """Read the method; RFC 7644 writes it in capitals."""
    verb = _VERBS.get(method.upper()) if isinstance(method, str) else None
    if verb is None:
        faults.append(Fault("method", f"{shown(method)} is none of POST, PUT, PATCH, DELETE"))
    return verb


def _path(path: Any, faults: list[Fault]) -> tuple[str | None, str]:
    """Read `/Users`, `/Users/<id>`, `/Groups/bulkId:<ref>` as type and id."""
    parts = path.strip("/").split("/") if isinstance(path, str) else []
    kind = _COLLECTIONS.get(parts[0].lower()) if 1 <= len(parts) <= 2 and "?" not in path else None  # noqa: PLR2004
    if kind is None:
        faults.append(Fault("path", f"{shown(path)} is not /Users, /Groups or one resource below them"))
        return None, ""
    return kind, unquote(parts[1]) if len(parts) > 1 else ""


def _content(verb: Verb, data: Any, faults: list[Fault]) -> JsonObject:
    """Return what the operation carries, under the short form's name for it."""
    content = VERBS[verb].content
    if content is Content.NOTHING or data is None:
        if content is not Content.NOTHING:
            faults.append(Fault("data", "is missing"))
        return {}
    if content is not Content.CHANGES:
        return {"data": data}
    names = {name.lower(): name for name in data} if isinstance(data, dict) else {}
    if isinstance(data, dict) and len(names) < len(data):
        twins(data, "data", faults)
    if "operations" in names:
        return {"patch": data[names["operations"]]}
    if "schemas" in names:
        faults.append(Fault("data", "a PATCH holds its changes in `Operations`"))
    return {"data": data}
