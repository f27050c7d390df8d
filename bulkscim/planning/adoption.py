"""What a create does with a resource that exists: which links it adds, and what it leaves as it is (pure).

Rules
1. Attributes of an existing resource are not changed; what differs is listed by name.
2. A resource that an earlier run created goes on where that run left it: its missing links are added.
3. Any other resource is adopted. Links are added only to an active user that is equal by userName, and by
   externalId where both sides have one, and that is not protected. Members of an adopted group are attributes.
4. A manager is set only where none is set. A user is added to a group only where its absence is proved, and where
   the provider does not take it out of another group for that.
"""

from collections.abc import Iterable
from typing import Any

from bulkscim.model.active import is_inactive, stated
from bulkscim.model.live import Found, Maker, Origin
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject, Key, folded_name
from bulkscim.model.row import RowState
from bulkscim.model.step import Change
from bulkscim.planning.compare import differences, redact, same_text
from bulkscim.planning.context import Carried, Existing, Subject, View, part_of, substitute, with_references
from bulkscim.planning.decision import Decision, Settle, Wait
from bulkscim.planning.lookups import answers
from bulkscim.planning.missing_links import links_asked, plain_manager
from bulkscim.planning.name_holder import given
from bulkscim.planning.protect import names_of
from bulkscim.planning.undo.inverse import MANAGER
from bulkscim.scim.diff import NOTHING

SHOWN = 10
INACTIVE = "the account is deactivated (active is False)"


def existing(view: View, holder: Found, carry: Carried) -> Decision | Subject:
    """Return an existing resource as the row's own, or what must be read about it first.

    What a lookup shows of a user is proved to be what the row names of it. Members may be many, so a group that seems to
    differ is read by its id. That a lookup shows a link is enough; `missing_links` asks for a read by id where one is not shown.
    """
    operation = view.operation
    origin = Origin(operation.type, holder.id)
    maker = view.live.get(origin)
    if not isinstance(maker, Maker):
        return Wait(origin)
    whole, closed = holder, ""
    key = Key(operation.type, "id", holder.id)
    read = view.live.get(key)
    if isinstance(read, Found):
        whole = read
    elif read is not None:
        closed = "it cannot be read by its id"
    elif operation.type == GROUP and (
        links_asked(view) or differences(_wanted(view, carry, maker.run, holder), holder.resource)
    ):
        return Wait(key)
    other = stranger(view, whole)
    if other is not None:
        return other
    closed = closed or _closed(view, whole, maker.run)
    found = differences(_wanted(view, carry, maker.run, holder), whole.resource)
    names = {resource_id: reference.key.value for reference, resource_id in carry.ids}
    told = tuple(_told(change, names) for change in found if not _is_manager(change.path))
    return Subject(whole.id, existing=Existing(whole, maker.run, closed, told))


def stranger(view: View, holder: Found) -> Settle | None:
    """Return the end of a row whose name is held by another identity: an externalId that differs on both sides."""
    ours, theirs = view.operation.data.get("externalId"), holder.resource.get("externalId")
    if not ours or not theirs or ours == theirs:
        return None
    operation = view.operation
    names = given(operation.type, operation.data, operation.target)
    held_by_it = next((one for one in names if answers(one, holder.resource)), operation.target)
    held = f"{held_by_it.attribute} {held_by_it.value} is held by id {holder.id}"
    detail = f"{held}, whose externalId is {theirs}, not {ours}"
    return Settle(RowState.FAILED, detail, holder.id, 409, "uniqueness")


def _wanted(view: View, carry: Carried, run: str, holder: Found) -> JsonObject:
    """Return the attributes that the row asks for; members of a group that an earlier run created are links."""
    operation = view.operation
    if operation.type == GROUP and not run:
        return without_changed_name(view, holder, with_references(operation.data, carry))
    return without_changed_name(view, holder, substitute(operation.data, carry))


def without_changed_name(view: View, holder: Found, wanted: JsonObject) -> JsonObject:
    """Return attributes without the name that a tenant changed when a run created the resource: it would do so again."""
    target = view.operation.target
    found = view.live.get(target)
    is_it = isinstance(found, Found) and found.id == holder.id and target.attribute != "id"
    if not is_it or view.policy.takes_back or answers(target, holder.resource):
        return wanted
    return {name: value for name, value in wanted.items() if name.lower() != target.attribute.lower()}


def _is_manager(path: str) -> bool:
    lowered = path.lower()
    return lowered == MANAGER.lower() or lowered.startswith(f"{MANAGER}.".lower())


def _closed(view: View, live: Found, run: str) -> str:
    """Say why no links are added to a user; empty where they are."""
    asked, shown = view.operation.data, live.resource
    if view.operation.type != USER:
        return ""
    if is_inactive(shown) and not (run and is_inactive(asked)):
        return INACTIVE
    if run:
        return ""
    named, held = asked.get("userName"), shown.get("userName")
    if not (isinstance(named, str) and isinstance(held, str)):
        return "it was not found by its userName"
    if not same_text(Key(USER, "userName", named), held):
        return f"its userName is {held!r}"
    if any(folded_name(name) in view.policy.protects for name in names_of(shown)):
        return "it is protected"
    return ""


def settled(view: View, met: Existing, left: list[str], notes: Iterable[str]) -> Settle:
    """Return the end of a row whose resource existed.

    `left` are links that were not added, `notes` those of the parts that took effect.
    """
    found = [*left, *met.differences]
    told = [f"created by run {met.run}"] if met.run else []
    told += _links_made(view)
    unsaid = met.closed == INACTIVE and stated(view.operation.data) is None
    if met.closed and (left or unsaid):
        told.append(met.closed + (": no manager or group was added" if left else ""))
    told += found[:SHOWN]
    told += [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    told += notes
    state = RowState.NOOP if met.run else RowState.ADOPTED
    return Settle(state, "; ".join(told), met.live.id, differs=bool(found or unsaid))


def failed(view: View, met: Existing, detail: str) -> str:
    """Return how a failed row says what was done for an existing resource before it failed."""
    first = f"created by run {met.run}" if met.run else "adopted"
    return "; ".join((first, *_links_made(view), detail))


def _links_made(view: View) -> list[str]:
    """Return the links that this run added, in the order in which it did."""
    names = {part_of(one): one.key.value for one in view.operation.references}
    told = []
    for part in view.facts.applied:
        name = names.get(part) or part.partition(":")[2]
        if part == "manager":
            told.append(f"manager set to {name or plain_manager(view)}")
        elif part.startswith("group:"):
            told.append(f"group {name} created")
        elif part.startswith("member:"):
            of_group = view.operation.type == GROUP
            told.append(f"member {name} added" if of_group else f"added to group {name}")
    return told


def _told(change: Change, names: dict[str, str]) -> str:
    """Say one difference: the attribute and both values, resources by the names that the file has for them."""
    path = change.path.removeprefix(f"{ENTERPRISE}:")
    if "[" in path and change.before in NOTHING and isinstance(change.after, dict):
        value = change.after.get("value")
        name = names.get(value, value) if isinstance(value, str) else value
        return f"{path.partition('[')[0]} does not have {_shown(name if name is not None else change.after)}"
    return f"{path} is {_shown(change.before)}, the file says {_shown(change.after)}"


def _shown(value: Any) -> str:
    if value in NOTHING:
        return "not set"
    return repr(redact({"value": value})["value"])
