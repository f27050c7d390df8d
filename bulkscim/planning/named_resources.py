"""What a step names besides its own resource, and whether a refusal may mean that the tenant does not know it (pure)."""

from collections.abc import Iterator
from http import HTTPStatus

from bulkscim.model.operation import ENTERPRISE
from bulkscim.model.step import Step
from bulkscim.scim.forms import ids_in
from bulkscim.scim.paths import get

REFERENCES = ("members", "manager", f"{ENTERPRISE}:manager")
_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY})
_WORDS = (
    "found",
    "find",
    "exist",
    "no such",
    "unknown",
    "resolve",
    "invalid member",
    "invalid manager",
    "invalid ref",
)
_TYPES = frozenset({"invalidvalue", "notarget"})


def refers_to(step: Step) -> tuple[str, ...]:
    """Return the ids of the members and of the manager that a step names."""
    return tuple(dict.fromkeys(one for one in _named(step) if one != step.id))


def _named(step: Step) -> Iterator[str]:
    if step.member is not None:
        yield step.member
    for name in REFERENCES:
        yield from ids_in(get(step.body, name))
    for change in step.changes:
        if change.path.partition("[")[0].removesuffix(".value") in REFERENCES:
            yield from ids_in(change.after)


def may_miss(step: Step, status: int | None, scim_type: str | None, detail: str) -> bool:
    """Return whether a refusal may mean that something which the step names is not known to the tenant."""
    if status not in _REFUSALS:
        return False
    told = detail.casefold()
    speaks = any(word in told for word in _WORDS) or any(one.casefold() in told for one in refers_to(step))
    return speaks or status == HTTPStatus.NOT_FOUND or (scim_type or "").lower() in _TYPES
