"""Distinguish a create that made something new from one that brought an old resource back."""

from bulkscim.model.operation import JsonObject
from bulkscim.model.step import Step
from bulkscim.planning.newness import CLOCK_TOLERANCE_S
from bulkscim.planning.recover import Evidence


def restored(step: Step, resource: JsonObject, evidence: Evidence) -> str:
    """Return what to say of a create whose answer shows an old resource, empty where it may be new.

    Old is what was made before this create was begun, or what has members that were not asked for.
    """
    created, started = evidence.created, evidence.started
    old = created is not None and started is not None and created < started - CLOCK_TOLERANCE_S
    members = _count(resource) if _count(resource) > _count(step.body) else 0
    if not old and not members:
        return ""
    holds = f", members: {members}" if members else ""
    meta = resource.get("meta")
    made = meta.get("created") if isinstance(meta, dict) else None
    since = f", made {made}" if old and made else ""
    return f"not made but restored: {step.type} {resource['id']}{since}{holds}"


def _count(resource: JsonObject) -> int:
    members = resource.get("members")
    return len(members) if isinstance(members, list) else 0
