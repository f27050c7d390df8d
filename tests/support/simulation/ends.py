"""Oracles of the end: what the tenant holds, against what the job asks for and what the journal says of each row."""

from bulkscim.engine.outcomes import LOSSES, UNSURE
from bulkscim.errors import JournalDamaged
from bulkscim.journal import journal
from bulkscim.journal.audit import audit
from bulkscim.journal.entries import Kind
from bulkscim.journal.writer import JOURNAL
from bulkscim.model.row import RowState
from tests.support.simulation.changed_names import stored
from tests.support.simulation.names import NamesTold
from tests.support.simulation.oracles import Broken

CONFLICT = 409
GOOD = frozenset({RowState.DONE, RowState.ADOPTED, RowState.NOOP})
BAD = frozenset({RowState.FAILED, RowState.SKIPPED})
REFUSED_TOKEN = frozenset({401, 403})


def look_at_end(machine):
    """Compare the end of all sessions with what was wanted."""
    with journal.read(machine.folder, machine.disk) as recorded:
        states, ends = _rows(recorded)
        told = NamesTold(recorded, machine.world.renames) if machine.world.renames else None
        doubted = set(recorded.ledger.open_rows())
    audited(machine, machine.folder)
    _once(machine)
    if told is not None:
        _only_lost_names_stay_in_doubt(machine, told, doubted)
    _nothing_guessed(machine, states, ends)
    _own_work_is_known(machine, states, ends)
    _what_must_fail_fails(machine, states, ends)
    _adopted_users_keep_theirs(machine, states, ends)
    if not machine.tenant.lied:  # what a 2xx did not do can be seen by no one who does not read back
        _as_wanted(machine, states, ends)


def audited(machine, folder):
    """Check the whole journal of a run as an auditor does."""
    path = folder / JOURNAL
    try:
        told = audit(machine.disk.open_read(path), path)
    except JournalDamaged as error:
        raise Broken("rows", f"an audit finds: {error}") from error
    if told.torn or not told.closed:
        raise Broken("rows", f"the journal ends torn, or was never closed: {told}")


def look_at_session(machine, recorded):
    """Check that what failed in a session was refused for the record's sake; note the rows that will be tried again."""
    states, ends = _rows(recorded)
    _only_foreign_rows_fail(machine, states, ends)
    machine.retried |= {
        row for row, state in states.items() if state in BAD and row not in machine.ready.plan.foreign
    }


def _rows(recorded):
    """Return the state and the last entry of each row."""
    rows = range(1, recorded.ledger.rows + 1)
    return {row: recorded.ledger.state(row) for row in rows}, {row: recorded.last(row) for row in rows}


def _once(machine):
    """Check that no name was made twice."""
    if machine.world.lag_s > machine.world.known_lag_s:
        return  # a tenant that hides what is new for longer than it says cannot be looked at for it
    twice = [name for name, times in machine.tenant.directory.made.items() if times > 1]
    if twice:
        raise Broken("once", f"made more than once: {twice}")


def _only_lost_names_stay_in_doubt(machine, told, doubted):
    """Check that where a tenant changes names only creates stay in doubt that no lookup may find."""
    others = doubted - told.kept - machine.ready.plan.foreign
    if others and not machine.may_doubt:
        raise Broken("guess", f"rows {sorted(others)} are in doubt, and no name of theirs is changed")


def _nothing_guessed(machine, states, ends):
    """Check that what is called done was made by this run."""
    for row, state in states.items():
        body = ends[row].body if ends[row] else None
        made_by_us = getattr(body, "id", None) in machine.tenant.directory.ids or _is_made_unseen(
            machine, body
        )
        # What a create has overwritten may be a hidden user, which the plan does not count among those that are adopted.
        own = ("Users" if getattr(body, "type", None) == "User" else "Groups", getattr(body, "key", None))
        exists = row in machine.ready.plan.adopts or own in machine.tenant.directory.overwritten
        # No read by its id shows a hidden user, so nothing tells how old it is.
        is_unseen = own in machine.tenant.directory.overwritten and "reads" in machine.world.hides
        updated = (machine.world.on_exists == "update" and exists) or is_unseen
        updated = updated or _is_named(machine, row, state, ends[row])
        # A resource younger than 26 h, as one of the trial run is, may be called unsure.
        is_young = bool(machine.world.held_s) or machine.world.limit is not None
        if (
            state is RowState.DONE
            and getattr(body, "op", None) == "create"
            and not (made_by_us or updated or (is_young and UNSURE in body.detail))
            and not machine.tenant.lied
        ):
            raise Broken("guess", f"row {row} is done, but {body} is not of this run")


def _is_made_unseen(machine, body):
    """Tell whether a hostile tenant has hidden the id of what was made, or how old is what a 201 was about."""
    world, made = machine.world, machine.tenant.directory.made
    name = f"{getattr(body, 'type', None)}s", getattr(body, "key", None)
    return bool(world.hostile) and (
        world.duplicates == 201 or (getattr(body, "id", None) is None and made[name] > 0)
    )


def _own_work_is_known(machine, states, ends):
    """Check that what this run made is not taken for somebody else's, where the tenant shows when it was made.

    Of a write that left before any answer had shown a Date, a later process cannot tell when that was.
    """
    if not machine.world.shows_created or machine.world.lag_s > machine.world.known_lag_s:
        return
    if machine.world.leap and machine.world.accepted:
        return  # the clock may be set between the last Date and the intent, and what is accepted is looked for much later
    for row, state in states.items():
        if row not in machine.oracles.undated and _is_unproved(machine, state, ends[row]):
            raise Broken("guess", f"row {row} is {state.value}, but was made by this run: {ends[row].body}")


def _may_be_own(machine):
    """Return the rows whose user was there before, and may have been made by their create as far as its age tells.

    They go on with their links, whatever `on_exists` is, and may fail there.
    """
    return machine.ready.plan.adopts if machine.world.held_s else frozenset()


def unproved_names(machine, recorded):
    """Return what this run made and took for somebody else's, as it could not tell when it had sent the create.

    Of a 201 that cannot be dated it is not sure: an undo leaves the resource, whatever became of the row.
    """
    states, ends = _rows(recorded)
    rows = {
        row
        for row in machine.oracles.undated & states.keys()
        if _is_unproved(machine, states[row], ends[row])
    }
    for entry in recorded.entries(Kind.APPLIED, holding=b'"unsure":true'):
        rows |= {row for row, _ in entry.rows} & machine.oracles.undated & ends.keys()
    bodies = [ends[row].body for row in rows if ends[row] is not None]
    return {(f"{body.type}s", body.key) for body in bodies}


def _is_unproved(machine, state, end):
    """Tell whether what this run made counts as there before: it is adopted, links failed or not, or with `skip` left untouched."""
    untouched = state is RowState.NOOP and getattr(end.body, "op", None) == "create"
    kept = state is RowState.ADOPTED or untouched or getattr(end and end.body, "found", False)
    return kept and getattr(end.body, "id", None) in machine.tenant.directory.ids


def _what_must_fail_fails(machine, states, ends):
    """Check that no row ends well that names what is not its own, what two answer to, or what it cannot see.

    What a run made and cannot prove to have made is adopted as it is, its groups untried.
    """
    for row in machine.ready.plan.foreign if not machine.tenant.lied else ():
        directory = machine.tenant.directory
        unknown = machine.ready.plan.touched[row - 1] & (directory.overwritten | directory.overwritten_before)
        named = _is_named(machine, row, states[row], ends[row])
        if (
            states[row] in GOOD
            and not (unknown or named)
            and not _is_unproved(machine, states[row], ends[row])
        ):
            raise Broken("wrong", f"row {row} is {states[row].value}, and must fail: {ends[row].body}")


def _is_named(machine, row, state, end):
    """Tell whether the answer to a create has named its user, whom no other read shows: then `on_exists` is followed."""
    kept = {"adopt": RowState.ADOPTED, "update": RowState.DONE, "skip": RowState.NOOP}
    plan = machine.ready.plan
    hidden = (
        row in plan.foreign and end is not None and ("Users", getattr(end.body, "key", None)) in plan.opens
    )
    return hidden and machine.world.duplicates in {200, 201} and state is kept[machine.world.on_exists]


def _adopted_users_keep_theirs(machine, states, ends):
    """Check that an adopted user keeps all that it had, and gets only links that its row asks for; or the row says so."""
    changed = {change.names[:2] for change in machine.tenant.client.foreign.values()}
    state = machine.tenant.state()
    for row, links in machine.ready.plan.links.items():
        own, body = ("Users", links.name), ends[row].body if ends[row] else None
        overwritten = own in machine.tenant.directory.overwritten
        unsure = own in changed or overwritten or row in machine.retried or machine.tenant.lied
        if states[row] is not RowState.ADOPTED or unsure:
            continue
        ((user,), groups) = state[own], _groups_of(links.name, state)
        told = f"row {row}: {links}; {user}, in {sorted(groups)}; {body}"
        if {**user, "manager": None} != {**links.before, "manager": None}:
            raise Broken("adopted", f"an attribute changed: {told}")
        was, now = links.before["manager"], user["manager"]
        if now != was and (links.closed or was or now != links.manager):
            raise Broken("adopted", f"a manager came or went: {told}")
        added = groups - links.groups
        if links.groups - groups or (added if links.closed else added - links.wanted_groups):
            raise Broken("adopted", f"a membership came or went: {told}")
        lacks = links.wanted_groups - groups or links.manager not in {None, now}
        if lacks and not getattr(body, "differs", None):
            raise Broken("adopted", f"a link is missing, and nothing says so: {told}")


def _groups_of(name, state):
    """Return the names of the groups that a user is in."""
    groups = ((group, one) for (kind, group), those in state.items() if kind == "Groups" for one in those)
    return {group for group, one in groups if name in one["members"]}


def _only_foreign_rows_fail(machine, states, ends):
    """Check that nothing failed which the tenant did not refuse.

    By chance an answer may be lost so often, and found not applied, that a row's budget is spent; others follow it.
    """
    spent = _is_spent(ends) or (machine.world.hostile and _is_spoilt(ends))
    foreign = machine.ready.plan.foreign | _may_be_own(machine)
    bad = {
        row: ends[row].body if ends[row] else None
        for row, state in states.items()
        if state in BAD and row not in foreign
    }
    for row, body in bad.items():  # first: rows that follow such a row are skipped, and may come before it
        if machine.world.revoked and getattr(body, "status", None) in REFUSED_TOKEN:
            raise Broken("token", f"row {row} failed by a refused token: {body}")
    for row, body in bad.items():
        is_told = any(
            told(machine.world, body) for told in (_is_untold, _is_unseen, _keeps_its_name, _is_changed)
        )
        if not machine.world.may_refuse and not spent and not is_told:
            raise Broken("blame", f"row {row} is {states[row].value}: {body}")


def _is_spoilt(ends):
    """Tell whether all answers to the reads of a row were something else."""
    return any(
        one is not None and "the answer is not" in getattr(one.body, "detail", "") for one in ends.values()
    )


def _is_untold(world, body):
    """Tell whether a refusal may be that of a membership that is as wanted already, of which no word came through."""
    return bool(
        world.hostile and "strict" in world.takes_members and getattr(body, "status", None) == CONFLICT
    )


def _is_unseen(world, body):
    """Tell whether a row says that what it names may be there, where lookups do not show such names."""
    return "nameless" in world.veils and "it may be there" in getattr(body, "detail", "")


def _is_changed(world, body):
    """Tell whether a row says that a member is not listed which a second client may have taken out again."""
    return bool(world.meddles) and "accepted it and does not list it" in getattr(body, "detail", "")


def _keeps_its_name(world, body):
    """Tell whether a row says, as is true, that the tenant took a name and shows its own form of it."""
    shown = stored(world.renames, "Users", getattr(body, "key", ""))
    told = f"userName not set: the tenant accepted it and shows {shown!r}"
    return bool(world.renames) and getattr(body, "detail", "") == told


def _is_spent(ends):
    return any(one is not None and getattr(one.body, "attempts", 0) >= LOSSES for one in ends.values())


def _as_wanted(machine, states, ends):
    """Compare the tenant with the plan, but for what rows touch that did not come to a good end."""
    plan = machine.ready.plan
    open_names = set(plan.opens) | machine.tenant.directory.overwritten
    unseen = any(_is_unseen(machine.world, one.body) for one in ends.values() if one is not None)
    by_chance = (
        machine.world.may_refuse or _is_spent(ends) or unseen
    )  # it may fail at another part than it must
    for row, touched in enumerate(plan.touched, 1):
        # What is tried again comes after what the file has behind it.
        unproved = row in machine.retried | _may_be_own(machine) or _is_unproved(
            machine, states[row], ends[row]
        )
        # A hidden user that a create has overwritten gets the links of its row where nothing tells how old it is.
        unproved = unproved or (row in plan.foreign and touched & machine.tenant.directory.overwritten)
        # An adopted user gets no more links once one of them cannot be set.
        unproved = unproved or (states[row] in BAD and getattr(ends[row].body, "found", None))
        has_failed = states[row] in BAD and row in plan.foreign and not by_chance  # in doubt proves nothing
        if not (states[row] in GOOD or has_failed) or unproved:
            open_names |= touched
    open_names |= {name for name, times in machine.tenant.directory.made.items() if times > 1}  # see _once
    client = machine.tenant.client
    wanted, found = client.over(plan.state()), machine.tenant.state()
    _no_foreign_change_is_lost(client, plan, open_names)
    for name in sorted(wanted.keys() | found.keys()):
        if name not in open_names:
            _compare(name, wanted.get(name, []), found.get(name, []), _called(open_names, plan))


def _no_foreign_change_is_lost(client, plan, open_names):
    """Check that of the second client's changes only those are gone that a row wanted to be otherwise."""
    for change in client.foreign.values():
        collection, name, _ = change.names
        gone = (collection, name) not in client.state() or (collection, name) in open_names
        if not change.stands and not gone and change.names not in plan.writes:
            raise Broken(
                "state", f"{change.names} was set to {change.value} by another client, and no row names it"
            )


def _called(open_names, plan):
    """Return how other resources may refer to these: by name, and by the id of one that is to be deleted."""
    ids = {
        one["id"]
        for kind, one in plan.held
        if (kind, one.get("userName") or one["displayName"]) in open_names
    }
    return {one for _, one in open_names} | ids


def _compare(name, wanted, found, open_names):
    wanted, found = (
        sorted((_known(one, open_names) for one in side), key=repr) for side in (wanted, found)
    )  # several may have one name
    if wanted != found:
        raise Broken("state", f"{name} is {found}, the file says {wanted}")


def _known(resource, open_names):
    """Leave out what points to names whose rows did not come to a good end."""
    if "members" in resource:
        return {"members": sorted(resource["members"] - open_names)}
    return {key: value for key, value in resource.items() if key != "manager" or value not in open_names}
