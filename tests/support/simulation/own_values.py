"""Tenants with values of their own: what they derive, which groups users show, which users they hide; and jobs for them.

A value of the service is derived where a resource is shown, from what is held; what it writes otherwise than it was sent
is held so. None of it is a change by others.
"""

from dataclasses import replace

DERIVED = ("name", "type", "email", "roles", "formatted", "description")  # shown in addition to what is held
REWRITTEN = ("phone", "locale", "dropped")  # held otherwise than it was sent
DERIVES = DERIVED + REWRITTEN
EVERYONE = "Internal/everyone"
GROUPS = ("plain", "typed")  # users show their groups: with or without saying which are direct
HIDES = (
    (),
    ("untold",),
    ("reads",),
    ("reads", "untold"),
    ("reads", "changes"),
)  # besides lookups: see `World`


def shown(derives, collection, resource):
    """Return a resource with what the service derives."""
    if collection == "Groups":
        return resource | {"description": "made by SCIM"} if "description" in derives else resource
    local = resource["userName"].partition("@")[0]
    more = {
        "name": {"displayName": local},
        "type": {"userType": "Employee"},
        "roles": {"roles": [{"value": EVERYONE, "type": "default"}]},
        "formatted": {"name": {"formatted": f"{local} {resource.get('title') or ''}".strip()}},
    }
    found = dict(resource)
    for kind in derives:
        found = more.get(kind, {}) | {name: value for name, value in found.items() if value is not None}
    if "email" in derives:
        found["emails"] = _with_own_address(resource)
    return found


def _with_own_address(user):
    emails, own = list(user.get("emails") or ()), user["userName"].replace("@", ".at.", 1) + "@own.example"
    return (
        emails if any(one["value"] == own for one in emails) else [*emails, {"value": own, "type": "other"}]
    )


def kept(derives, collection, resource):
    """Return a resource as the service keeps what was written."""
    if collection == "Groups":
        return resource
    found = dict(resource)
    if "phone" in derives and found.get("phoneNumbers"):
        found["phoneNumbers"] = [one | {"value": _digits(one["value"])} for one in found["phoneNumbers"]]
    if "locale" in derives and found.get("locale"):
        found["locale"] = found["locale"].replace("_", "-")
    if "dropped" in derives:
        found.pop("preferredLanguage", None)
    return found


def _digits(text):
    return "".join(letter for letter in text if letter.isdigit())


def more_values(lines, random):
    """Return lines of a job of which some write values that a service derives or rewrites."""
    return [_with_more(line, random) if line["type"] == "User" else line for line in lines]


def _with_more(line, random):
    number = random.randrange(1000)
    match line["op"]:
        case "create" | "upsert" | "replace" if random.random() < 0.5:
            more = {
                "phoneNumbers": [{"value": f"(030) 12-{number}", "type": "work"}],
                "locale": random.choice(("de_DE", "en-US")),
                "preferredLanguage": "de",
                "displayName": f"Shown {number}",
                "name": {"givenName": f"Given {number}"},
            }
            names = random.sample(sorted(more), random.randrange(1, len(more)))
            return line | {"data": line["data"] | {name: more[name] for name in names}}
        case "patch" if random.random() < 0.5:
            path, value = random.choice((("locale", "fr_FR"), ("displayName", f"Patched {number}")))
            return line | {"patch": [*line["patch"], {"op": "replace", "path": path, "value": value}]}
    return line


def facts_of(derives, user):
    """Return what is to be as it was after a rollback, besides what every tenant holds."""
    if not derives:
        return {}
    found = shown(derives, "Users", user)
    lists = {
        name: sorted(one["value"] for one in found.get(name) or ())
        for name in ("emails", "phoneNumbers", "roles")
    }
    given = {"givenName": (found.get("name") or {}).get("givenName")}
    return given | lists | {name: found.get(name) for name in ("displayName", "userType", "locale")}


def groups_of(groups, user_id, how):
    """Return the `groups` of a user: those that it is in, and those that these are in."""
    members = {own: {one["value"] for one in group.get("members") or ()} for own, group in groups.items()}
    direct = _holding(members, {user_id})
    found = sorted(holders_of(members, user_id))
    types = {own: {"type": "direct" if own in direct else "indirect"} for own in found}
    return [{"value": own} | (types[own] if how == "typed" else {}) for own in found]


def holders_of(members, own):
    """Return the groups that a resource is in, also through others; `members` are those of each group."""
    found, level = set(), _holding(members, {own})
    while level - found:
        found |= level
        level = _holding(members, level)
    return found


def _holding(members, some):
    return {own for own, these in members.items() if these & some}


def owning(world, random):
    """Return a world whose tenant has values of its own, unless it is hostile."""
    if world.hostile:
        return world
    if world.rollbacks and world.meddles:
        # A removal of a member that a group does not show changes nothing that could be seen: accepted, it stays in doubt.
        world = replace(world, accepted=0.0)
    kinds = random.choice(
        (
            ("derives",),
            ("derives",),
            ("groups",),
            ("groups",),
            ("hides",),
            ("derives", "groups"),
            ("derives", "groups", "hides"),
        )
    )
    if "derives" in kinds:
        derives = tuple(one for one in DERIVES if random.random() < 0.4) or (random.choice(DERIVES),)
        # What was accepted with a value that is never shown stays in doubt, and a rollback leaves it.
        accepted = 0.0 if "dropped" in derives and world.rollbacks else world.accepted
        world = replace(world, accepted=accepted, derives=derives, derives_late=random.random() < 0.5)
    if "groups" in kinds:
        world = replace(world, shows_groups=random.choice(GROUPS))
    if "hides" in kinds:
        # An earlier run tells a later one which users it deactivated: then that one finds users that no lookup shows.
        # What was accepted may never be seen where reads hide it.
        world = replace(world, hides_inactive=True, hides=random.choice(HIDES), limit=None, accepted=0.0)
    return world


def is_hidden(hides, method, user):
    """Return whether a request by id does not find a user."""
    return user.get("active") is False and ("changes" in hides or ("reads" in hides and method == "GET"))
