"""Say what a row has yet to change when a pass leaves it without an end, and what a later row must not change before.

Lanes keep the order of rows that are under way. A row leaves them without an end when a part waits for a row further
down, when the tenant does not take a step for now, or when it is in doubt. A later row that changes the same resource
or the same membership must then wait for it: otherwise the earlier row, once it goes on, overwrites the later one.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bulkscim.model.live import Membership, Need
from bulkscim.model.names import EMAILS, names_in
from bulkscim.model.operation import (
    GROUP,
    MEMBERSHIP,
    USER,
    JsonObject,
    Key,
    Operation,
    Role,
    identities,
)
from bulkscim.model.row import Facts, Row
from bulkscim.model.step import Action, Step
from bulkscim.planning.context import part_of
from bulkscim.planning.lookups import emails_of
from bulkscim.planning.order import MADE, lane, members_named, named_by

_UNKNOWN = Key("", "unknown", "")  # any resource whose id is not known
Ids = Mapping[Key, Key]  # the lane of the id behind a lane's name, where it is known


class PendingChange(NamedTuple):
    """One thing that is changed: a resource, a membership of it (`member`), or, with `side`, any membership of it."""

    key: Key
    member: Key | None = None
    side: bool = False


def left_open(row: Row, facts: Facts, ids: Ids) -> set[PendingChange]:
    """Return what a row has yet to change; a part that was refused counts as not changed."""
    operation, own = row.operation, _own(row, ids)
    if operation.verb in MEMBERSHIP:
        return _membership(own, _open_names(row, 0, ids))
    marks: set[PendingChange] = set()
    if not facts.applied.keys() & {operation.verb.value, Action.CREATE.value}:
        marks |= _resource({*own, operation.target.folded, *_given(operation)})
        marks |= _membership(own, {Key("", "id", member) for member in members_named(operation)})
    for number, reference in enumerate(operation.references):
        if part_of(reference) in facts.applied or reference.role is Role.VALUE:
            continue
        if reference.role is Role.GROUP:
            marks |= _membership(_open_names(row, number, ids), own)
        elif reference.role is Role.MEMBER:
            marks |= _membership(own, _open_names(row, number, ids))
        else:
            # Not by a name that the row may have taken away: another row may give it to a new resource.
            marks |= _resource({key for key in own if key.attribute in {"id", MADE}} or own)
    return marks


def left_by(step: Step) -> set[PendingChange]:
    """Return what a step changes that was not taken, or whose end is not known."""
    if step.member is not None and step.id is not None:
        return _membership({Key(GROUP, "id", step.id)}, {Key("", "id", step.member)})
    names = [*step.identity, *identities(step.type, step.before or {})]  # a delete may free these
    found = [Key(step.type, "id", step.id)] if step.id is not None else []
    return _resource([*found, *(key.folded for key in names)])


def concerned(row: Row, ids: Ids, need: Need | None = None) -> set[PendingChange]:
    """Return what must not be left open by an earlier row before this one goes on.

    `need`: what it is about to read; None for its own resource. `ids` also holds the names that the row's resources
    were just read to have: an earlier row may name them by another one. A row that makes a resource waits for no
    membership of it: the row that adds the membership may be waiting for the resource.
    """
    if need is None:
        return _concerned_at_all(row, ids)
    if isinstance(need, Membership):
        groups = _with_names({Key(GROUP, "id", need.group)}, ids)
        members = _with_names({Key("", "id", need.member)}, ids)
        return _pairs(_or_any(groups), _or_any(members)) | _resource(groups)
    return _resource([need.folded]) if isinstance(need, Key) and need.type == GROUP else set()


def names_of(kind: str, resource: JsonObject) -> set[Key]:
    """Return the lanes of all names by which a row may name a resource, but its id."""
    names = [*names_in(resource), *((EMAILS, address) for address in emails_of(resource))]
    return {Key(kind, attribute, name).folded for attribute, name in names}


def _concerned_at_all(row: Row, ids: Ids) -> set[PendingChange]:
    operation, own = row.operation, _with_names(_own(row, ids), ids)
    if operation.verb in MEMBERSHIP:
        members = _with_names(_named(row, 0, ids), ids)
        return _pairs(_or_any(own), _or_any(members)) | _resource(own)
    own |= _given(operation)
    return (
        _resource(own) if operation.makes else _resource(own) | {PendingChange(key, side=True) for key in own}
    )


def _own(row: Row, ids: Ids) -> set[Key]:
    """Return the names of the row's own resource."""
    operation = row.operation
    if not operation.makes:
        return _with_ids([lane(operation.target, row.target_producer)], ids)
    made = Key(operation.type, MADE, str(row.number))
    return _with_ids([made, operation.target.folded, *_given(operation)], ids)


def _given(operation: Operation) -> set[Key]:
    return {key.folded for key in named_by(operation)}


def _named(row: Row, number: int, ids: Ids) -> set[Key]:
    """Return the names of a resource that the row refers to; what another row makes may exist by its name already."""
    producer = row.producers[number] if row.producers else None
    key = row.operation.references[number].key
    return _with_ids([lane(key, producer), key.folded], ids)


def _open_names(row: Row, number: int, ids: Ids) -> set[Key]:
    """Return the names of a resource that a row which was left refers to, and whose id may not be known yet."""
    names = _named(row, number, ids)
    may_exist = row.operation.references[number].key.attribute != "ref"
    return names | {_UNKNOWN} if may_exist and all(name.attribute != "id" for name in names) else names


def _with_ids(names: Iterable[Key], ids: Ids) -> set[Key]:
    found = set(names)
    return found | {ids[name] for name in found if name in ids}


def _with_names(keys: set[Key], ids: Ids) -> set[Key]:
    values = {key.value for key in keys}
    return keys | {name for name, key in ids.items() if key.value in values}


def _resource(names: Iterable[Key]) -> set[PendingChange]:
    return {PendingChange(name) for name in names}


def _or_any(keys: set[Key]) -> set[Key]:
    """Return the names of a resource, with one for all whose id is not known where only its id is known."""
    return keys if any(key.attribute != "id" for key in keys) else keys | {_UNKNOWN}


def _or_unknown(keys: set[Key]) -> set[Key]:
    """Return the names of a resource, with one for all whose id is not known where its own is not.

    What a row itself creates is new: no other row names its id.
    """
    return keys if any(key.attribute in {"id", MADE} for key in keys) else keys | {_UNKNOWN}


def _membership(groups: set[Key], members: set[Key]) -> set[PendingChange]:
    sides = {key for key in groups | members if key.type}
    sides |= {Key(kind, "id", key.value) for key in members if not key.type for kind in (USER, GROUP)}
    return _pairs(_or_unknown(groups), _or_unknown(members)) | {
        PendingChange(key, side=True) for key in sides
    }


def _pairs(groups: Iterable[Key], members: Iterable[Key]) -> set[PendingChange]:
    members = list(_untyped(members))
    return {PendingChange(group, member) for group in groups for member in members}


def _untyped(members: Iterable[Key]) -> Iterator[Key]:
    """Yield members by id without their type, which a step does not name."""
    for key in members:
        yield Key("", "id", key.value) if key.attribute == "id" else key
