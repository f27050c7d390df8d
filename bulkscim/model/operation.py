"""What a record asks for, after its meaning is known and before anything is read from the tenant."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, assert_never

JsonObject = dict[str, Any]

USER = "User"
GROUP = "Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Verb(StrEnum):
    """The nine operations."""

    CREATE = "create"
    UPSERT = "upsert"
    REPLACE = "replace"
    PATCH = "patch"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"

    __hash__ = (
        str.__hash__
    )  # the one of Enum is written in Python, and a row is looked up by its verb many times


class Content(StrEnum):
    """What a record of a verb holds, and its step sends."""

    RESOURCE = "data"  # the resource, whole or in part
    CHANGES = "patch"  # operations of a PATCH
    MEMBER = "member"
    NOTHING = ""  # it names its target, no more


@dataclass(frozen=True, slots=True)
class VerbSpec:
    """What is true of all records of a verb; one row of the table VERBS.

    `makes`: it can bring a resource into being. `finds`: it can change one that exists. `method` is that of its main
    step. `only`: the one type that it is for. `ends_access`: of its user. `active`: what it sets `active` to.
    """

    content: Content
    method: str
    makes: bool = False
    finds: bool = True
    only: str | None = None
    ends_access: bool = False
    active: bool | None = None
    removes_member: bool = False

    @property
    def is_membership(self) -> bool:
        """Whether it changes one membership of a group."""
        return self.content is Content.MEMBER

    @property
    def adds_member(self) -> bool:
        """Whether it brings a member into a group."""
        return self.is_membership and not self.removes_member

    @property
    def updates(self) -> bool:
        """Whether it creates a resource, or changes the one that it finds."""
        return self.makes and self.finds

    @property
    def takes_values(self) -> bool:
        """Whether it compares values of the resource that it finds, or takes all of them with it."""
        return self.finds and not self.is_membership and self.active is None

    @property
    def deletes(self) -> bool:
        """Whether the resource is gone after it."""
        return self.method == "DELETE"


def _spec_of(verb: Verb) -> VerbSpec:
    match verb:
        case Verb.CREATE:
            return VerbSpec(Content.RESOURCE, "POST", makes=True, finds=False)
        case Verb.UPSERT:
            return VerbSpec(Content.RESOURCE, "POST", makes=True)
        case Verb.REPLACE:
            return VerbSpec(Content.RESOURCE, "PUT")
        case Verb.PATCH:
            return VerbSpec(Content.CHANGES, "PATCH")
        case Verb.ACTIVATE:
            return VerbSpec(Content.NOTHING, "PATCH", only=USER, active=True)
        case Verb.DEACTIVATE:
            return VerbSpec(Content.NOTHING, "PATCH", only=USER, active=False, ends_access=True)
        case Verb.DELETE:
            return VerbSpec(Content.NOTHING, "DELETE", ends_access=True)
        case Verb.ADD_MEMBER:
            return VerbSpec(Content.MEMBER, "PATCH", only=GROUP)
        case Verb.REMOVE_MEMBER:
            return VerbSpec(Content.MEMBER, "PATCH", only=GROUP, removes_member=True)
        case _:
            assert_never(verb)


VERBS: Mapping[Verb, VerbSpec] = {verb: _spec_of(verb) for verb in Verb}
MAKES = frozenset(verb for verb, spec in VERBS.items() if spec.makes)
MEMBERSHIP = frozenset(verb for verb, spec in VERBS.items() if spec.is_membership)
TARGET_ONLY = frozenset(verb for verb, spec in VERBS.items() if spec.content is Content.NOTHING)
ENDS_ACCESS = frozenset(verb for verb, spec in VERBS.items() if spec.ends_access)
_EXACT = frozenset({"id", "ref", "externalId"})


def folded_name(text: str) -> str:
    """Return a name as names compare: in one Unicode form (NFC), without outer spaces, without case."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.strip().casefold()


class Key(NamedTuple):
    """How a record names a resource; a tuple, for it is hashed and compared some 30 times a row.

    `attribute` is `id`, `ref` (another record of the file), `userName`, `externalId`, `emails.value` or
    `displayName`; `value` is as the file wrote it.
    """

    type: str
    attribute: str
    value: str

    @property
    def folded(self) -> "Key":
        """The key as it compares: id, ref and externalId exact, names without case and in one Unicode form (RFC 7643 §4.1.1)."""
        if self.attribute in _EXACT:
            return self
        return Key(self.type, self.attribute, folded_name(self.value))

    def __str__(self) -> str:
        return f"{self.type} {self.attribute} {self.value}"


class Role(StrEnum):
    """What a referenced resource is to the record's own."""

    MANAGER = "manager"  # its id becomes the enterprise extension's manager.value
    GROUP = "group"  # the record's user becomes a member of it
    MEMBER = "member"  # it becomes (or stops being) a member of the record's group
    VALUE = "value"  # its id replaces the text `bulkId:<ref>` wherever the record's values hold it


@dataclass(frozen=True, slots=True)
class Reference:
    """Another resource that a record needs, found in the tenant or made by another record."""

    role: Role
    key: Key


@dataclass(frozen=True, slots=True)
class PatchOperation:
    """One operation of a PATCH (RFC 7644 §3.5.2); `op` is add, replace or remove, in lower case."""

    op: str
    path: str | None
    value: Any = None


_NOTHING: JsonObject = {}


class Operation(NamedTuple):
    """One record's request; a tuple, for each row is read twice.

    `target` names the resource that is changed; for create and upsert it is the identity that the new
    resource will have. `data` (create, upsert, replace) holds no references: these are in `references`.
    `expect` maps SCIM paths to the values that they must have (None: no value); else the row is skipped as drifted.
    `version` is sent as If-Match.
    """

    verb: Verb
    type: str
    target: Key
    data: JsonObject = _NOTHING
    changes: tuple[PatchOperation, ...] = ()
    references: tuple[Reference, ...] = ()
    ref: str | None = None
    expect: Mapping[str, Any] = _NOTHING
    version: str | None = None

    @property
    def makes(self) -> bool:
        """Whether the record can bring a new resource into being."""
        return self.verb in MAKES

    @property
    def spec(self) -> VerbSpec:
        """What is true of all records of its verb."""
        return VERBS[self.verb]


def identities(kind: str, data: JsonObject) -> tuple[Key, ...]:
    """Return the keys by which a resource of this type is known: userName or displayName, then externalId."""
    name = "displayName" if kind == GROUP else "userName"
    found = ((attribute, data.get(attribute)) for attribute in (name, "externalId"))
    return tuple(
        Key(kind, attribute, value) for attribute, value in found if isinstance(value, str) and value
    )


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a record means where it does not say: operation, type, the attribute to match by, and a [map].

    `as_shown`: its values are those that a tenant showed, and go back as they are, whatever their shape.
    """

    op: Verb | None = None
    type: str = USER
    match: str | None = None
    map: Mapping[str, Any] | None = None
    as_shown: bool = False
