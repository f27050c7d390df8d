"""The end of a job, worked out from its lines and from what is there before, by a few lines a verb.

Nothing here is the code that is tested: no lookups, no steps, no order but that of the file. A line that names a
resource which no other line has made yet means the one that a later line makes.
"""

from dataclasses import dataclass, field

FRESH = {"externalId": None, "title": None, "nickName": None, "active": True, "manager": None}
SHOWN = ("externalId", "title", "nickName", "active")


@dataclass(slots=True)
class Plan:
    """Lines of a job file, the resources that are there before, and the state that is wanted at the end.

    `held` has (collection, resource) of what is there before. `touched` holds, by row, the (collection, name) of all
    that a row names; `foreign` the rows that must fail, `adopts` those whose resource is there before.
    """

    held: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    touched: list = field(default_factory=list)
    foreign: set = field(default_factory=set)
    adopts: set = field(default_factory=set)
    wanted: dict = field(default_factory=dict)

    def state(self):
        """Return the wanted state, as a tenant shows its own."""
        return self.wanted


def worked_out(held, lines):
    """Return the plan of these lines over these resources."""
    end = _End(held, lines)
    plan = Plan(held=held, lines=lines)
    for row, line in enumerate(lines, 1):
        end.touched = set()
        end.take(row, line, plan)
        plan.touched.append(end.touched)
    plan.wanted = end.state()
    return plan


def pruned(held, lines):
    """Return the lines without those that name what is neither there nor made by one of them.

    A create only loses the manager that is not there.
    """
    while True:
        end, kept = _End(held, lines), []
        for line in lines:
            kept += end.nearest(line)
        if kept == lines:
            return kept
        lines = kept


class _End:
    """What stands after the lines taken so far; resources are known by id, new ones by their names."""

    def __init__(self, held, lines):
        self.users, self.groups = {}, {}
        for collection, resource in held:
            if collection == "Users":
                self.users[resource["id"]] = {**FRESH, **resource}
            else:
                members = {one["value"] for one in resource.get("members") or ()}
                self.groups[resource["id"]] = {"displayName": resource["displayName"], "members": members}
        taken = {user["userName"].casefold() for user in self.users.values()}
        made = [line["data"] for line in lines if _makes_user(line)]
        self.coming = {data["userName"]: data for data in made if data["userName"].casefold() not in taken}
        self.touched = set()

    def nearest(self, line):
        """Let a line have its effect; return it, what is left of it, or nothing."""
        try:
            self.take(0, line, Plan())
        except LookupError:
            if "manager" not in line.get("data", {}):
                return []
            data = {name: value for name, value in line["data"].items() if name != "manager"}
            return self.nearest(line | {"data": data})
        return [line]

    def take(self, row, line, plan):
        """Let one line have its effect, and note what it names."""
        match line["op"], line["type"]:
            case "create", "Group":
                self._group(line["data"]["displayName"])
            case "create" | "upsert", "User":
                self._make(row, line, plan)
            case "patch", _:
                user = self.users[self._user(line)]
                user |= {one["path"]: one["value"] for one in line["patch"]}
            case "replace", _:
                own = self._user(line)
                kept = {name: self.users[own].get(name) for name in ("id", "emails", "active")}
                self.users[own] = {**FRESH, **kept, **line["data"]}
            case "activate" | "deactivate" as verb, _:
                self.users[self._user(line)]["active"] = verb == "activate"
            case "delete", _:
                self._delete(self._user(line))
            case "add_member", _:
                self._group(line["match"]["displayName"])["members"].add(self._user(line["member"]))
            case "remove_member", _:
                self._group(line["match"]["displayName"])["members"].discard(self._user(line["member"]))

    def _make(self, row, line, plan):
        data = line["data"]
        own = self._user({"userName": data["userName"]})
        theirs = self.users.get(own)
        if theirs is None:
            self._new(own, data)
        elif data.get("externalId", theirs["externalId"]) != theirs["externalId"]:
            plan.foreign.add(row)
        elif line["op"] == "create":
            plan.adopts.add(row)
        else:
            theirs |= {name: data[name] for name in SHOWN if name in data}

    def _new(self, own, data):
        manager = self._user(data["manager"]) if "manager" in data else None
        self.users[own] = {**FRESH, **data, "manager": manager}
        for group in data.get("groups", ()):
            self._group(group)["members"].add(own)

    def _delete(self, own):
        del self.users[own]
        for group in self.groups.values():
            group["members"].discard(own)

    def _group(self, name):
        """Return the group of a name, new where it is not there."""
        self.touched.add(("Groups", name))
        found = next((one for one in self.groups.values() if one["displayName"] == name), None)
        return found or self.groups.setdefault(name, {"displayName": name, "members": set()})

    def _user(self, named):
        """Return how a user is known here, by what a line names."""
        match = named.get("match", named)
        for known in (self.users, self.coming):
            for own, user in known.items():
                if _answers(own, user, match):
                    self.touched.add(("Users", user["userName"]))
                    return own
        raise LookupError(f"no user is {match}")

    def state(self):
        """Return what stands, by (collection, name), with names in the place of ids."""
        names = {own: user["userName"] for own, user in self.users.items()}
        found = {}
        for user in self.users.values():
            shown = {name: user[name] for name in SHOWN}
            shown["manager"] = names.get(user["manager"], user["manager"])
            found.setdefault(("Users", user["userName"]), []).append(shown)
        for group in self.groups.values():
            members = {names.get(member, member) for member in group["members"]}
            found.setdefault(("Groups", group["displayName"]), []).append({"members": members})
        return found


def _makes_user(line):
    return line["op"] in {"create", "upsert"} and line["type"] == "User"


def _answers(own, user, match):
    """Tell whether a user is the one that a line names."""
    if "id" in match:
        return own == match["id"]
    if "userName" in match:
        return user["userName"].casefold() == match["userName"].casefold()
    if "externalId" in match:
        return user.get("externalId") == match["externalId"]
    return any(one["value"] == match["emails.value"] for one in user.get("emails") or ())
