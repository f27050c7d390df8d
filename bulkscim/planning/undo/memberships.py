"""The inverse of memberships: what a whole run did to each (group, member), taken back in one go.

A run may add, remove, move and delete the same users many times. Only the difference between the state before its
first touch and the state after its last one is taken back, in as few requests a group as its members fit into.

Rules
1. A member that was in the group before and is not, or may not be, after it is added again; a user who may have been in it
   through another of its groups only where that group is not a member of it.
2. A member that was not in it before and is, or may be, after it is removed, unless the group is gone, or is deleted as the
   run made it. Where its absence before was not proved, it is removed only if the group shows it now, as it did not before.
3. A deleted user or group is named by `bulkId:<old id>`; where a user returns to a group that was not deleted, the
   old id is removed in the same request, since some servers keep listing it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter

from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.model.step import Action
from bulkscim.planning.before_removal import groups_shown, perhaps_through
from bulkscim.planning.compare import OTHER_GROUPS, OWN_MEMBERS, THROUGH, UNPROVED
from bulkscim.planning.sent_form import MEMBERS, member_at, place_of
from bulkscim.planning.undo.inverse import Known, TakenStep, id_text, named
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in

LONGEST = 1000  # members of one record, which may have 1 MB


@dataclass(frozen=True, slots=True)
class Touch:
    """What one step did to one membership: whether it was, and whether it is after (None: it may be).

    `moved`: the groups around a member who left by joining another, in a tenant where users are in one at a time. `undone`: an
    earlier rollback has taken the step back; it still tells what was before. `through`: other groups through which the member
    may have been in it, where nothing says that it was in it directly. `unproved`: that it was not is what the group showed,
    which may not show all members.
    """

    group: str
    member: str
    step: int
    row: int
    was: bool
    after: bool | None
    moved: tuple[str, ...] = ()
    undone: bool = False
    through: tuple[str, ...] = ()
    unproved: bool = False


@dataclass(frozen=True, slots=True)
class Net:
    """What is to become of one membership, and the steps and rows that touched it."""

    group: str
    member: str
    joins: bool
    steps: tuple[int, ...]
    rows: tuple[int, ...]
    moved: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    unproved: bool = False


def touches(step: TakenStep) -> Iterator[Touch]:
    """Yield what a step did to memberships, as far as the journal tells."""
    if step.id is None:
        return
    for member in step.lost:
        yield Touch(step.id, member, step.number, step.row, was=True, after=False)
    match step.action:
        case Action.ADD_MEMBER | Action.REMOVE_MEMBER if step.member is not None:
            adds = step.action is Action.ADD_MEMBER
            yield Touch(step.id, step.member, step.number, step.row, not adds, adds, unproved=step.unproved)
            yield from _left_by_joining(step)
        case Action.CREATE if step.type == GROUP:
            for member in _members(step.after):
                yield Touch(step.id, member, step.number, step.row, was=False, after=True)
        case Action.DELETE:
            for group, member in _of_deleted(step, step.id):
                through = perhaps_through(step.before, group) if member == step.id else ()
                yield Touch(group, member, step.number, step.row, was=True, after=None, through=through)
        case _:
            yield from _of_change(step, step.id)


def _left_by_joining(step: TakenStep) -> Iterator[Touch]:
    for change in step.changes:
        if change.path == "groups" and isinstance(change.before, list):
            around = (*ids_in(change.before), step.id or "")
            for group in around[:-1]:
                member = step.member or ""
                # Not every service takes a member out of the group before, and the journal does not tell.
                yield Touch(group, member, step.number, step.row, was=True, after=None, moved=around)


def _of_deleted(step: TakenStep, own: str) -> Iterator[tuple[str, str]]:
    if step.type == GROUP:
        yield from ((own, member) for member in _members(step.before))
    groups = groups_shown(step.before or {}) if step.groups is None else step.groups
    yield from ((group, own) for group in groups)


def _of_change(step: TakenStep, own: str) -> Iterator[Touch]:
    for change in step.changes if step.type == GROUP else ():
        member = member_at(change.path)
        if member is not None and (change.before is None) is not (change.after is None):
            was = change.before is not None
            yield Touch(own, member, step.number, step.row, was, not was, unproved=not was)
    for group in step.stripped:
        through = perhaps_through(step.before, group)
        yield Touch(group, own, step.number, step.row, was=True, after=False, through=through)


def _members(resource: JsonObject | None) -> Iterator[str]:
    yield from ids_in(paths.find(resource, MEMBERS))


def net(found: Iterable[Touch], known: Known) -> Iterator[Net]:
    """Yield what is to be done of touches that come by group, member and step, in that order."""
    for (group, member), these in groupby(found, key=attrgetter("group", "member")):
        if known.is_passing(group):
            continue
        all_of_it = list(these)
        if all(touch.undone for touch in all_of_it):
            continue
        was, after = all_of_it[0].was, all_of_it[-1].after
        if known.is_deleted(group) or known.is_deleted(member) or known.is_passing(member):
            after = None
        if any(touch.undone for touch in all_of_it):
            after = None  # a part of it was taken back, so that it stands as one of the touches began
        if was is after or (not was and known.is_deleted(group)):
            continue
        steps = tuple(dict.fromkeys(touch.step for touch in all_of_it))
        rows = tuple(sorted({touch.row for touch in all_of_it}))
        moved = tuple(dict.fromkeys(one for touch in all_of_it for one in touch.moved))
        unproved = all_of_it[0].unproved and not _hides_nothing(group, member, known)
        yield Net(group, member, was, steps, rows, moved, all_of_it[0].through, unproved)


def _hides_nothing(group: str, member: str, known: Known) -> bool:
    """Return whether a group cannot hide that a member was in it before: the run made one of them, or deleted the member."""
    is_made = known.is_made(group) or known.is_made(member)
    return is_made or known.is_deleted(member) or known.now(member) != member


def leavings(nets: Iterable[Net], known: Known, most: int) -> Iterator[JsonObject]:
    """Yield the records that take out who was not in a group before, by group; one holds `most` members."""
    leaving = (one for one in nets if not one.joins)
    for group, these in groupby(leaving, key=attrgetter("group")):
        for some in _few(these, most):
            ids = dict.fromkeys(own for one in some for own in (one.member, known.now(one.member)))
            patch = [_remove(own) for own in ids]
            unproved = [one.member for one in some if one.unproved]
            record = _patch(group, patch, some, known)
            yield record | ({"expect": {UNPROVED: unproved}} if unproved else {})


def with_own_members(record: JsonObject, nets: Iterable[Net], known: Known) -> JsonObject:
    """Return a record; that which deletes a group that the run made expects in it who the run put into it.

    So they need not leave it before.
    """
    leaving = [one for one in nets if not one.joins] if record["op"] == "delete" else []
    if not leaving:
        return record
    ids = list(dict.fromkeys(own for one in leaving for own in (one.member, known.now(one.member))))
    rows = sorted({record["_row"], *(row for one in leaving for row in one.rows)})
    steps = sorted({*record["_steps"], *(step for one in leaving for step in one.steps)})
    told = {"_row": rows[0] if len(rows) == 1 else rows, "_steps": steps}
    return record | {"expect": record["expect"] | {OWN_MEMBERS: ids}} | told


def joinings(nets: Iterable[Net], known: Known, most: int, *, soft: bool = False) -> Iterator[JsonObject]:
    """Yield the records that bring back who was in a group before, by group; one holds `most` members.

    What the run made itself, and others put into the group, is deleted by now and cannot return; with `soft` it stays.
    """
    joining = (one for one in nets if one.joins and (soft or not known.is_made(one.member)))
    for group, these in groupby(joining, key=attrgetter("group")):
        for some in _few(these, most):
            merged = tuple(one for one in some if not one.moved)
            if merged:
                record = _patch(group, _returning(group, merged, known), merged, known)
                through = {
                    id_text(one.member, known): [id_text(other, known) for other in one.through]
                    for one in merged
                    if one.through
                }
                yield record | ({"expect": {THROUGH: through}} if through else {})
            for one in some:
                if one.moved:
                    yield _coming_back(group, one, known)


def _few(nets: Iterable[Net], most: int) -> Iterator[tuple[Net, ...]]:
    """Yield as many as go into one request, and into one record."""
    rest = iter(nets)
    while some := tuple(islice(rest, min(most, LONGEST))):
        yield some


def _coming_back(group: str, one: Net, known: Known) -> JsonObject:
    """Return the record of one who may have been moved on since: then they stay where they are."""
    expect = {OTHER_GROUPS: [known.now(other) for other in one.moved]}
    member = named(one.member, known)
    return _record("add_member", group, [one], known) | {"member": member, "expect": expect}


def _returning(group: str, some: Iterable[Net], known: Known) -> list[JsonObject]:
    renamed = (one for one in some if id_text(one.member, known) != one.member)
    gone = [one for one in renamed if not known.is_deleted(group)]
    adds = [{"op": "add", "path": MEMBERS, "value": [{"value": id_text(one.member, known)}]} for one in some]
    return [*(_remove(one.member) for one in gone), *adds]


def _remove(member: str) -> JsonObject:
    return {"op": "remove", "path": place_of(member)}


def _patch(group: str, patch: list[JsonObject], some: Iterable[Net], known: Known) -> JsonObject:
    return _record("patch", group, some, known) | {"patch": patch}


def _record(verb: str, group: str, some: Iterable[Net], known: Known) -> JsonObject:
    nets = list(some)
    rows = sorted({row for one in nets for row in one.rows})
    steps = sorted({step for one in nets for step in one.steps})
    names = {
        text: name
        for one in nets
        if (name := known.name_of(one.member)) != one.member
        for text in (one.member, id_text(one.member, known))
    }
    return {
        "op": verb,
        "type": GROUP,
        **named(group, known),
        "_row": rows[0] if len(rows) == 1 else rows,
        "_steps": steps,
        "_key": known.name_of(group),
        **({"_names": names} if names else {}),
    }
