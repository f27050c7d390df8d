"""The work that every contestant does: create user number N, about 500 bytes of it."""

import json
from pathlib import Path
from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCHEMAS = ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]


def person(number: int) -> dict[str, Any]:
    """Return a user without its schemas."""
    address = f"user{number:07}@example.com"
    return {
        "userName": address,
        "externalId": f"E{number:07}",
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "displayName": f"Given{number} Family{number}",
        "title": "Engineer",
        "active": True,
        "emails": [{"value": address, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": f"+1 555 {number:07}", "type": "work"}],
        ENTERPRISE: {"employeeNumber": str(number), "department": "Engineering", "costCenter": "CC-100"},
    }


def body(number: int) -> dict[str, Any]:
    """Return the body of the request that creates a user."""
    return {"schemas": SCHEMAS, **person(number)}


def write_job(path: Path, count: int) -> None:
    """Write a job file of so many creates."""
    with path.open("w") as file:
        for number in range(1, count + 1):
            record = {"op": "create", "type": "User", "data": person(number)}
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
