"""Jobs with many memberships of a few groups, and tenants that take changes of several members in ways of their own.

`takes_members` of a world names such ways: "few" members in one request, "strict" (a member that is there already, or is
not there, is an error and nothing is done), "half" (now and then the first half takes effect and the rest is refused).
"""

from dataclasses import replace

from bulkscim.scim import patch

WAYS = ("few", "strict", "half")
FEW = 3
HALF_SHARE = 0.3
REFUSALS = (400, 413, 422, 500)
CROWD = 12  # users that the memberships are of
GROUPS, CROWD_ID = 3, "cg"
TAKES_MOST = (1, 2, 5, 12, 100)  # members in one request, says the profile


def sharing(world, chance):
    """Return the world with ways of its own; `most_members` is what the tool is told."""
    ways = tuple(way for way in WAYS if chance.random() < 0.4)
    ways = () if world.rollbacks else ways  # the requests of a rollback are not halved
    return replace(world, takes_members=ways, most_members=chance.choice(TAKES_MOST))


def draw_crowd(drawn, chance):
    """Add memberships to a job, anywhere in it: of users and groups that no other row is about."""
    people = [drawn.hold_user(f"c{number}") for number in range(CROWD)]
    for number in range(GROUPS):
        inside = [f"c{one}" for one in range(CROWD) if chance.random() < 0.4]
        drawn.hold_group(f"{CROWD_ID}{number}", f"Crowd {number}", inside)
    rows = []
    for _ in range(chance.randrange(12, 32)):
        number, group = chance.randrange(CROWD), chance.randrange(GROUPS)
        member = chance.choice(({"id": f"c{number}"}, {"userName": people[number]}))
        target = chance.choice(({"id": f"{CROWD_ID}{group}"}, {"match": {"displayName": f"Crowd {group}"}}))
        op = chance.choice(("add_member", "add_member", "remove_member"))
        rows.append({"op": op, "type": "Group", "member": member, **target})
    if chance.random() < 0.5:
        drawn.lines += rows
    else:
        for row in rows:
            drawn.lines.insert(chance.randrange(len(drawn.lines) + 1), row)


def taken(ways, random, operations, group):
    """Return what becomes of a change of a crowd: None where it is taken whole, else what took effect, a status and a reason."""
    changes = [one for each in operations for one in _single(each)]
    if not str(group.get("id")).startswith(CROWD_ID):
        return None
    if "few" in ways and len(changes) > FEW:
        return group, 413, "too many members"
    held = {member["value"] for member in group.get("members") or ()}
    for op, member in map(_meant, changes) if "strict" in ways else ():
        if member and (member in held) is (op == "add"):
            return group, 409, f"{member} is {'already' if op == 'add' else 'not'} a member"
    if "half" in ways and len(changes) > 1 and random.random() < HALF_SHARE:
        return patch.apply(changes[: len(changes) // 2], group), random.choice(REFUSALS), "not taken whole"
    return None


def _single(operation):
    """Yield an operation for each of the members that one names."""
    if operation.path == "members" and isinstance(operation.value, list):
        yield from (replace(operation, value=[entry]) for entry in operation.value)
    else:
        yield operation


def _meant(operation):
    """Return what an operation does to which member."""
    if operation.path == "members" and isinstance(operation.value, list):
        return operation.op, operation.value[0].get("value")
    path = operation.path or ""
    return operation.op, path[len('members[value eq "') : -2] if path.startswith("members[value eq") else None
