"""Short ways to write records of job files."""

from typing import Any

Json = dict[str, Any]


def create(name: str, **data: Any) -> Json:
    """Ask for a user."""
    return {"op": "create", "type": "User", "data": {"userName": name, **data}}


def group(name: str, **more: Any) -> Json:
    """Ask for a group."""
    return {"op": "create", "type": "Group", "data": {"displayName": name}, **more}


def deactivate(name: str) -> Json:
    """Ask for a user to be deactivated."""
    return {"op": "deactivate", "type": "User", "match": {"userName": name}}


def delete(name: str) -> Json:
    """Ask for a user to be deleted."""
    return {"op": "delete", "type": "User", "match": {"userName": name}}


def retitle(name: str, title: str = "New", attribute: str = "userName") -> Json:
    """Ask for a user's title to be set."""
    operations = [{"op": "replace", "path": "title", "value": title}]
    return {"op": "patch", "type": "User", "match": {attribute: name}, "patch": operations}


def join(team: str, member: Json) -> Json:
    """Ask for a membership."""
    return {"op": "add_member", "type": "Group", "match": {"displayName": team}, "member": member}
