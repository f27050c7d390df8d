"""Lucid as it answers. What is inferred is marked; the rest is documented, or seen in clients."""

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.quirks import Dialect, IntegrationQuirks, Quirks

LUCID_1 = "urn:ietf:params:scim:schemas:extension:lucid:1.0:User"
LUCID_2 = "urn:ietf:params:scim:schemas:extension:lucid:2.0:User"
PRODUCTS = ("Lucidchart", "Lucidspark", "LucidscaleCreator", "LucidscaleExplorer")


def _licences(urn: str) -> JsonObject:
    """Return the schema of an extension that grants products."""
    flags = [_attribute(product, "boolean") for product in PRODUCTS]
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": "LucidLicences" + urn.split(":")[-2].replace(".", ""),
        "attributes": [_attribute("productLicenses", "complex") | {"subAttributes": flags}],
    }


def _attribute(name: str, kind: str) -> JsonObject:
    plain = {"multiValued": False, "required": False, "mutability": "readWrite", "returned": "default"}
    return {"name": name, "type": kind, **plain}


ADMIN = IntegrationQuirks(
    "organizational groups",
    one_group=True,
    empty_before_delete=True,
    ignored=("urn:ietf:params:scim:schemas:extension:lucid", "urn:lucidchart:schemas:1.0:User", "canEdit"),
)
CONTENT = IntegrationQuirks("teams", archives=True)

LUCID_QUIRKS = Quirks(
    integrations={"sandbox": ADMIN, "sandbox-content": CONTENT},
    media_type="application/json",
    endpoints=frozenset({"users", "groups", "schemas", "serviceproviderconfig"}),
    ids={USER: "lucid-{}", GROUP: "lucid-group-{}"},
    location="https://users.lucid.app/scim/v2/chart/{endpoint}/{id}",
    extensions=(_licences(LUCID_1), _licences(LUCID_2)),
    hides_inactive=True,  # that filters hide them as lists do is inferred
    only_eq=True,
    fast_attributes={
        "email": "emails.value",
        "emails.value": "emails.value",
        "workemail": "emails.value",
        "username": "userName",
        "displayname": "displayName",
        "externalid": "externalId",
    },
    filter_cap=10_000,
    page_size=100,
    exact_group_names=True,
    unique_group_names=True,
    dialect=Dialect.BOTH,  # that PatchOp is taken as well is inferred
    version_seconds=True,
    required=frozenset({"userName", "emails"}),
    shortest_password=8,
    owner="owner@example.com",
    outside="outside.example",
    add_ons={
        "LucidscaleCreator": "Lucidchart",
        "LucidscaleExplorer": "Lucidchart",
    },  # which needs which: inferred
    licences=LUCID_1,
    no_token=403,
    is_limited=True,
    bulk=False,
    sort=False,
)
