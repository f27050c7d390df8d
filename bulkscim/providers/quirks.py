"""The server's side of a provider, for the sandbox: what it does otherwise than the RFCs, as data and pure functions."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.allowed import BY_KIND
from bulkscim.scim.schemas import CORE

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_COMPARISON = re.compile(r"\s*([^\s\"()\[\]]+)\s+(\w+)\s+(\"(?:[^\"\\]|\\.)*\"|\S.*?)\s*", re.DOTALL)
_BARE_MEMBER = re.compile(r"members\[value eq ([^\s\"\[\]]+)\]", re.IGNORECASE)
BAD_REQUEST, CONFLICT, FAILED_DEPENDENCY = 400, 409, 424


class Dialect(StrEnum):
    """Which bodies of PATCH are taken: PatchOp, the core schema in its place, or both."""

    RFC = "rfc"
    CORE = "core"
    BOTH = "both"


class Members(StrEnum):
    """Which answers show the members of a group: all, those about one group, or none."""

    ALWAYS = "always"
    BY_ID = "by id"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An answer that is an error."""

    status: int
    detail: str
    scim_type: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """Attributes of users beyond those of the RFC: for each complex one, the names of its booleans."""

    urn: str
    name: str
    booleans: Mapping[str, tuple[str, ...]]

    @property
    def schema(self) -> JsonObject:
        """The schema that describes it."""
        complex_ones = [
            _attribute(name, "complex") | {"subAttributes": [_attribute(flag, "boolean") for flag in flags]}
            for name, flags in self.booleans.items()
        ]
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:Schema"]
        return {"schemas": schemas, "id": self.urn, "name": self.name, "attributes": complex_ones}


def _attribute(name: str, kind: str) -> JsonObject:
    plain = {"multiValued": False, "required": False, "mutability": "readWrite", "returned": "default"}
    return {"name": name, "type": kind, **plain}


@dataclass(frozen=True, slots=True)
class IntegrationQuirks:
    """What one token opens: its own groups, and their rules.

    `ignored` are extensions whose values are taken and dropped. `one_group`: who joins a group leaves the
    one before. `archives`: a deleted group is kept aside, and restored when its name is created.
    """

    groups: str
    one_group: bool = False
    empty_before_delete: bool = False
    archives: bool = False
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quirks:
    """A provider as it answers. The defaults are those of a server that keeps to the RFCs.

    `bare_members`: a member in a path may stand without quotes. `group_filters`: by which attributes groups are filtered, in small letters, where `only_eq`. `echoes_count`: a page says how many were asked for. `cursors`: a listing without one ends with its first page.
    `makes_up_lists`: a listing without a filter shows one resource that is not there. `counts_page`: totalResults is the length of the page. `delete_deactivates`: a deleted user is kept, inactive.
    `inactive_is_removed`: a deactivated user is deleted. `patches`: the attributes of users that PATCH changes, where
    it does not change all. `too_many`: the status for more than `most_members` in one request. `projections`: answers
    with some of the attributes can be asked for. `odd_errors`: the status of an error is a number, its schemas a text.
    """

    integrations: Mapping[str, IntegrationQuirks] = field(default_factory=dict)
    media_type: str = "application/scim+json"
    endpoints: frozenset[str] | None = None
    ids: Mapping[str, str] = field(default_factory=dict, metadata=BY_KIND)
    location: str = "{base}/{endpoint}/{id}"
    extensions: tuple[Extension, ...] = ()
    hides_inactive: bool = False
    strips_groups: bool = False
    only_eq: bool = False
    group_filters: frozenset[str] = frozenset({"displayname"})
    fast_attributes: Mapping[str, str] = field(default_factory=dict)
    filter_cap: int | None = None
    page_size: int | None = None
    exact_group_names: bool = False
    unique_group_names: bool = False
    dialect: Dialect = Dialect.RFC
    bare_members: bool = False
    patch_answers: bool = True
    version_seconds: bool = False
    required: frozenset[str] = frozenset()
    shortest_password: int = 0
    owner: str = ""
    outside: str = ""
    add_ons: Mapping[str, str] = field(default_factory=dict)
    licences: str = ""
    no_token: int = 401
    is_limited: bool = False
    bulk: bool = True
    sort: bool = True
    filters: bool = True
    echoes_count: bool = False
    pages: bool = True
    cursors: bool = False
    counts_page: bool = False
    makes_up_lists: bool = False
    projections: bool = True
    needs_user_agent: bool = False
    longest_user_name: int | None = None
    delete_deactivates: bool = False
    inactive_is_removed: bool = False
    patches: frozenset[str] = frozenset()
    path_filters: bool = True
    shows_members: Members = Members.ALWAYS
    most_members: int | None = None
    too_many: int = 400
    odd_errors: bool = False

    def speaking(self, dialect: Dialect | None) -> "Quirks":
        """Return them with another dialect of PATCH."""
        return self if dialect is None else replace(self, dialect=dialect)


def filter_of(quirks: Quirks, kind: str, text: str) -> str | ErrorAnswer:
    """Return a filter as the RFC writes it; Refused where the provider does not take it."""
    if not quirks.only_eq:
        return text
    found = _COMPARISON.fullmatch(text)
    if found is None or found[2].lower() != "eq":
        return ErrorAnswer(BAD_REQUEST, f"unsupported filter: {text}", "invalidFilter")
    attribute, value = found[1], _bare(found[3])
    if " and " in value.lower() or " or " in value.lower():
        return ErrorAnswer(BAD_REQUEST, f"one condition only: {text}", "invalidFilter")
    if kind == GROUP and attribute.lower() not in quirks.group_filters:
        known = ", ".join(sorted(quirks.group_filters))
        return ErrorAnswer(BAD_REQUEST, f"groups are filtered by {known}: {text}", "invalidFilter")
    path = _path(quirks, attribute)
    literal = value.lower() if value.lower() in {"true", "false"} else json.dumps(value, ensure_ascii=False)
    return f"{path} eq {literal}"


def _path(quirks: Quirks, attribute: str) -> str:
    """Return an attribute's RFC path; a licence has a dot where the RFC has a colon."""
    if quirks.licences and attribute.lower().startswith(f"{quirks.licences.lower()}."):
        return f"{quirks.licences}:{attribute[len(quirks.licences) + 1 :]}"
    return quirks.fast_attributes.get(attribute.lower(), attribute)


def _bare(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value


def capped(quirks: Quirks, answer: JsonObject, start: int, asked: int) -> JsonObject:
    """Return a filtered listing as the provider cuts it, with the numbers that it gives."""
    resources, total = answer.get("Resources") or [], int(answer.get("totalResults", 0))
    if quirks.filter_cap is not None:
        resources = resources[: max(0, quirks.filter_cap - start + 1)]
        total = min(total, quirks.filter_cap)
    echoed = {"startIndex": start, "itemsPerPage": asked} if quirks.echoes_count else {}
    return answer | {"Resources": resources, "totalResults": total} | echoed


def patch_of(quirks: Quirks, kind: str, body: JsonObject) -> JsonObject | ErrorAnswer:
    """Return a PATCH body as the RFC writes it; Refused where the dialect is another."""
    schemas = body.get("schemas")
    named = {one for one in schemas if isinstance(one, str)} if isinstance(schemas, list) else set()
    is_core, is_rfc = CORE[kind] in named, PATCH_OP in named
    taken = {Dialect.RFC: is_rfc, Dialect.CORE: is_core, Dialect.BOTH: is_core or is_rfc}[quirks.dialect]
    if not taken:
        return ErrorAnswer(BAD_REQUEST, f"schemas {sorted(named)} do not fit a PATCH", "invalidSyntax")
    operations = body.get("Operations") or body.get("operations")
    if not isinstance(operations, list):
        return ErrorAnswer(BAD_REQUEST, "Operations is missing", "invalidSyntax")
    if quirks.bare_members:
        operations = [_quoted(one) for one in operations]
        body = body | {"Operations": operations}
    if quirks.dialect is Dialect.RFC:
        return body
    plain = [part for operation in operations for part in _plain(operation)]
    return {"schemas": [PATCH_OP], "Operations": plain}


def _quoted(operation: object) -> object:
    """Write the member in a path in quotes."""
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        return operation
    return operation | {"path": _BARE_MEMBER.sub(r'members[value eq "\1"]', operation["path"])}


def _plain(operation: object) -> list[object]:
    """Take `remove members` with a value apart into one filtered path for each member."""
    if not isinstance(operation, dict) or operation.get("op") != "remove" or "value" not in operation:
        return [operation]
    if str(operation.get("path", "")).lower() != "members":
        return [{name: value for name, value in operation.items() if name != "value"}]
    value = operation["value"]
    members = value if isinstance(value, list) else [value]
    ids = [member.get("value") if isinstance(member, dict) else member for member in members]
    return [{"op": "remove", "path": f"members[value eq {json.dumps(str(one))}]"} for one in ids]


def without(body: JsonObject, ignored: tuple[str, ...]) -> JsonObject:
    """Return a resource, or a PATCH, without what an integration takes and ignores."""
    if not ignored:
        return body
    kept = {name: value for name, value in body.items() if not _is_ignored(name, ignored)}
    operations = kept.get("Operations")
    if isinstance(operations, list):
        kept["Operations"] = [left for part in operations if (left := _left(part, ignored)) is not None]
    if isinstance(kept.get("schemas"), list):
        kept["schemas"] = [urn for urn in kept["schemas"] if not _is_ignored(str(urn), ignored)]
    return kept


def _left(operation: object, ignored: tuple[str, ...]) -> object:
    if not isinstance(operation, dict):
        return operation
    path, value = operation.get("path"), operation.get("value")
    if isinstance(path, str):
        return None if _is_ignored(path, ignored) else operation
    if isinstance(value, dict):
        left = {name: one for name, one in value.items() if not _is_ignored(name, ignored)}
        return operation | {"value": left} if left else None
    return operation


def _is_ignored(name: str, ignored: tuple[str, ...]) -> bool:
    return any(name.lower().startswith(one.lower()) for one in ignored)


def refused_user(quirks: Quirks, body: JsonObject, *, creating: bool) -> ErrorAnswer | None:
    """Say why a user is refused, whatever else the tenant holds; None where it is not."""
    missing = sorted(name for name in quirks.required if not body.get(name)) if creating else []
    if missing:
        return ErrorAnswer(BAD_REQUEST, f"{', '.join(missing)} is required", "invalidValue")
    password = body.get("password")
    if isinstance(password, str) and len(password) < quirks.shortest_password:
        return ErrorAnswer(
            BAD_REQUEST, f"password has fewer than {quirks.shortest_password} characters", "invalidValue"
        )
    if is_outside(quirks, names_in(body)):
        return ErrorAnswer(CONFLICT, "a user with this name or e-mail exists already", "uniqueness")
    return lacking_licence(quirks, body) if creating else None


def is_outside(quirks: Quirks, names: list[str]) -> bool:
    """Return whether one of the names belongs to an account elsewhere."""
    return bool(quirks.outside) and any(name.lower().endswith(f"@{quirks.outside}") for name in names)


def names_in(body: JsonObject) -> list[str]:
    """Return user name and e-mails of a user, or of what a PATCH sets."""
    emails, operations = body.get("emails"), body.get("Operations")
    values = [one.get("value") for one in emails if isinstance(one, dict)] if isinstance(emails, list) else []
    names = [name for name in (body.get("userName"), *values) if isinstance(name, str)]
    for operation in operations if isinstance(operations, list) else []:
        if isinstance(operation, dict) and operation.get("op") != "remove":
            names += _names_set(operation)
    return names


def _names_set(operation: JsonObject) -> list[str]:
    path, value = str(operation.get("path") or ""), operation.get("value")
    if not path:
        return names_in(value) if isinstance(value, dict) else []
    if path.lower() == "username" or path.lower().startswith("emails"):
        return [value] if isinstance(value, str) else names_in({"emails": value})
    return []


def lacking_licence(quirks: Quirks, body: JsonObject) -> ErrorAnswer | None:
    """Say which add-on is asked for without its base."""
    for urn, values in body.items():
        granted = values.get("productLicenses") if isinstance(values, dict) else None
        if not isinstance(granted, dict) or not urn.lower().startswith("urn:"):
            continue
        for add_on, base in quirks.add_ons.items():
            if granted.get(add_on) and not granted.get(base):
                return ErrorAnswer(FAILED_DEPENDENCY, f"{add_on} needs {base} first")
    return None


def kind_of(endpoint: str) -> str:
    """Return the type that a collection holds, empty for other endpoints."""
    return {"users": USER, "groups": GROUP}.get(endpoint.lower(), "")
