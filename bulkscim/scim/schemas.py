"""What the core schemas (RFC 7643 §4, §8.7.1) say about attributes, as far as comparing and building need it.

Names here are folded. An attribute that is not listed is single-valued, writable, readable and compared exactly.
"""

from bulkscim.model.operation import ENTERPRISE, GROUP, USER

CORE = {
    USER: "urn:ietf:params:scim:schemas:core:2.0:User",
    GROUP: "urn:ietf:params:scim:schemas:core:2.0:Group",
}
MULTI_VALUED = frozenset(
    {
        "addresses",
        "emails",
        "entitlements",
        "groups",
        "ims",
        "members",
        "phonenumbers",
        "photos",
        "roles",
        "schemas",
        "x509certificates",
    }
)
READ_ONLY = frozenset({"groups", "id", "meta", "schemas"})
# What a server adds to a reference's value, each in its own words.
READ_ONLY_OF_REFERENCES = frozenset({"$ref", "display", "displayname", "ref"})
REFERENCES = frozenset({"groups", "manager", "members"})
SECRETS = frozenset({"password"})
# RFC 7643 calls nearly every text caseExact=false, but that speaks of filters: who corrects a capital in a name
# wants it written. So only what identifies a resource, and labels, compare without case.
FOLDED = frozenset({"emails.value", "username"})
FOLDED_LABELS = frozenset({"type"})

_ORDER = (
    "userName displayName externalId active title userType nickName profileUrl preferredLanguage locale timezone "
    "password id meta schemas name.formatted name.familyName name.givenName name.middleName name.honorificPrefix "
    "name.honorificSuffix emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates members "
    "employeeNumber costCenter organization division department manager"
)
_OF_ELEMENTS = "value display type primary $ref streetAddress locality region postalCode country"
_SPELLING = {
    part.lower(): part for name in (*_ORDER.split(), *_OF_ELEMENTS.split()) for part in name.split(".")
}
SPELLED = frozenset(_SPELLING.values())
_NO_TEXTS = MULTI_VALUED | {"active", "primary", "meta", "name", "manager", "password", "$ref"}


def spelled(name: str) -> str:
    """Return an attribute's name as the RFC spells it, or as it is."""
    return _SPELLING.get(name.lower(), name)


def is_text(name: str) -> bool:
    """Return whether the core schemas hold one text under this name, at the top or in a complex attribute."""
    lowered = name.lower()
    return lowered in _SPELLING and lowered not in _NO_TEXTS


def multi_valued(attribute: str) -> bool:
    """Return whether the core schemas hold a list under this name."""
    return attribute.lower() in MULTI_VALUED


def folded(path: str) -> bool:
    """Return whether values at this attribute (`attribute` or `attribute.sub`, no filters) compare without case."""
    lowered = path.lower()
    return lowered in FOLDED or lowered.rpartition(".")[2] in FOLDED_LABELS


def is_secret(attribute: str) -> bool:
    """Return whether an attribute is writeOnly or never returned (RFC 7643 §7)."""
    return attribute.lower() in SECRETS


def schema_of(kind: str) -> str:
    """Return the core schema's URN of a resource type."""
    return CORE.get(kind, f"urn:ietf:params:scim:schemas:core:2.0:{kind}")


def split_urn(text: str) -> tuple[str, str]:
    """Split `urn:…:User:department.x` into the schema's URN and the rest; the rest of a bare URN is empty.

    A URN's own colons and the dot of its version make this a guess where the schema is not known: a schema is
    taken to end with `<version>:<Name>`, else at the last colon.
    """
    head, bracket, tail = text.partition("[")
    for known in (*CORE.values(), ENTERPRISE):
        if head.lower() == known.lower():
            return known, ""
        if head.lower().startswith(known.lower() + ":"):
            return known, head[len(known) + 1 :] + bracket + tail
    words = head.split(":")
    for place, word in enumerate(words[:-1]):
        if place > 1 and word.replace(".", "").isdigit():
            return ":".join(words[: place + 2]), ":".join(words[place + 2 :]) + bracket + tail
    schema, _, rest = head.rpartition(":")
    return schema, rest + bracket + tail
