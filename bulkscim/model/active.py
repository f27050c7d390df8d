"""The one reading of `active`: whether a user may sign in, in every form in which servers and job files write it.

Rules
1. A boolean may be written as text in any capitals ("False"), or as the number 1 or 0.
2. Missing, null and anything else say nothing. A user that says nothing counts as active.
3. The attribute's name may have any capitals.
"""

from collections.abc import Iterable, Mapping
from typing import Any

ACTIVE = "active"
_WORDS = {"true": True, "false": False, "1": True, "0": False}


def truth(value: Any) -> bool | None:
    """Return a boolean in whatever form it is written, None where the value is none."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        return _WORDS.get(str(value).strip().lower())
    return None


def is_active_path(path: str | None) -> bool:
    """Return whether a path names `active`, with or without its schema."""
    folded = (path or "").strip().lower()
    return folded == ACTIVE or folded.endswith(":core:2.0:user:active")


def stated(resource: Mapping[str, Any]) -> bool | None:
    """Return what a resource says of being active, None where it says nothing."""
    if ACTIVE in resource:
        return truth(resource[ACTIVE])
    for name, value in resource.items():
        if len(name) == len(ACTIVE) and name.lower() == ACTIVE:
            return truth(value)
    return None


def is_inactive(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource says that it is not active."""
    return stated(resource) is False


def last_set(values: Iterable[tuple[str | None, Any]]) -> bool | None:
    """Return to what a list of (path, value) sets `active` at last; without a path the value names its attributes.

    None where it leaves `active` alone. A value of None removes it, which sets it to what the server likes: None too.
    """
    last: bool | None = None
    for path, value in values:
        if is_active_path(path):
            last = truth(value)
        elif path is None and isinstance(value, Mapping) and stated(value) is not None:
            last = stated(value)
    return last
