"""What a rollback may leave otherwise than it was where a tenant has values of its own, and what it must say of that."""

import re

from bulkscim.journal import journal, runfolder
from bulkscim.journal.bodies import Started, WasMember
from bulkscim.model.operation import GROUP
from bulkscim.model.row import RowState
from bulkscim.model.step import Action
from bulkscim.planning.sent_form import member_at
from bulkscim.planning.undo.taking_back import NOT_SHOWN
from bulkscim.runs.child_runs import descendants
from tests.support.simulation.own_values import holders_of

DRIFTED = re.compile(r"(?:drift: |; )([\w:.]+)(?:\[.*?\])?\S* is ")  # the attributes in a row's detail


def hidden(parent, disk, names):
    """Return the facts of deactivated users that the tenant does not show, so that what became of them is not known.

    A deactivation whose answer was lost stays in doubt: deleted or hidden. One that the tenant lets nobody take back ends
    as skipped, and says so. `names` are those of users by id.
    """
    ids = set()
    for folder in (parent, *descendants(parent, disk)):
        with journal.read(folder, disk) as recorded:
            for row in recorded.ledger.open_rows():
                ids |= {getattr(entry.body, "id", None) for entry in recorded.history(row)}
            rows = range(1, recorded.ledger.rows + 1)
            ends = [recorded.last(row) for row in rows if recorded.ledger.state(row) is RowState.SKIPPED]
            ids |= {end.body.id for end in ends if NOT_SHOWN in end.body.detail}
    return {("Users", names[own], "active") for own in ids if own in names}


def unproved(parent, disk, names):
    """Return what a rollback left since one resource alone shows a value of the service: it may have been changed by others.

    Created resources as (collection, name), what was changed of users as facts. `names` are those of resources by (type, id).
    """
    left = []
    for child in runfolder.children(parent, disk):
        with journal.read(child, disk) as recorded:
            rows = range(1, recorded.ledger.rows + 1)
            ends = [recorded.last(row).body for row in rows if recorded.ledger.state(row) is RowState.SKIPPED]
            left += [(end.op, end.type, end.id, {*DRIFTED.findall(end.detail)}) for end in ends]
    holders = {}
    for verb, kind, own, paths in left:
        for path in paths:
            holders.setdefault((verb, kind, path), set()).add(own)
    found = set()
    for (verb, kind, path), those in holders.items():
        name = (f"{kind}s", names.get((kind, *those)))
        if len(those) == 1 and verb == "delete":
            found.add(name)
        elif len(those) == 1 and kind == "User":
            found.add((*name, path.rpartition(".")[2]))
    return found


def added_unproved(parent, disk):
    """Return the memberships, by the ids of group and member, that a run added while their absence was not proved."""
    with journal.read(parent, disk) as recorded:
        for _, begun in recorded.each(Started):
            for member in begun.members if begun.action is Action.ADD_MEMBER else ():
                if member.was is WasMember.UNKNOWN:
                    yield begun.id, member.id
            for change in begun.changes if begun.action is Action.MODIFY and begun.type == GROUP else ():
                if change.before is None and (member := member_at(change.path)) is not None:
                    yield begun.id, member


def still_inherited(was, found, *, hides_members):
    """Return the memberships of who is in a group through another one, where the tenant does not say which are direct.

    `was` and `found` are the facts before and now. A rollback does not make such a member a direct one: that would grant
    what was perhaps not there. Where groups hide members, nothing shows that a user was in one through another one: then the
    user may return to it directly.
    """
    before, now = _members(was), _members(found)
    gone = {name for name in was if _is_membership(name) and name not in found}
    free = {name for name in gone if name[1] in holders_of(now, name[2])}
    new = {name for name in found if _is_membership(name) and name not in was} if hides_members else set()
    return free | {name for name in new if name[1] in holders_of(before, name[2])}


def put_through(was, found, nested):
    """Return the memberships of who may have been in a group only through another one, which the run itself put into it.

    `nested` are those pairs of groups. The rollback takes the inner one out; it leaves the user out, and says so.
    """
    gone = {name for name in was if _is_membership(name) and name not in found}
    return {
        name
        for name in gone
        if any(outer == name[1] and ("Groups", inner, name[2]) in was for outer, inner in nested)
    }


def nested_by(recorded, names):
    """Return by their names the groups that a run put into groups: each as (outer, inner)."""
    added = (begun for _, begun in recorded.each(Started) if begun.action is Action.ADD_MEMBER)
    return {(names[one.id], names[one.member_id]) for one in added if {one.id, one.member_id} <= names.keys()}


def _is_membership(name):
    return name[0] == "Groups" and len(name) == 3


def _members(found):
    """Return the members of each group by name."""
    members = {}
    for name in filter(_is_membership, found):
        members.setdefault(name[1], set()).add(name[2])
    return members
