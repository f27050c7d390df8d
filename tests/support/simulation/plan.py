"""The end of a job, worked out from its lines and from what is there before, by a few lines a verb.

Nothing here is the code that is tested: no lookups, no steps, no order but that of the file. A line that names a
resource which no other line has made yet means the one that a later line makes.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from bulkscim.model.operation import ENTERPRISE

FRESH = {"externalId": None, "title": None, "nickName": None, "active": True, "manager": None}
SHOWN = ("externalId", "title", "nickName", "active")
LINKED = "b"  # how the names of users begin that only the row names which adopts them


@dataclass(slots=True)
class Plan:
    """Lines of a job file, the resources that are there before, and the state that is wanted at the end.

    `held` has (collection, resource) of what is there before, `elsewhere` the (collection, name) of what only another
    integration sees. `touched` holds, by row, the (collection, name) of all that a row names; `foreign` the rows that
    must fail, `adopts` those whose resource is there before; `opens` names of which more than one end is right.
    `writes` has (collection, name, attribute) of what rows set, and (collection, name, member) of memberships.
    `links` has, by row, what the row asks for of an adopted user that no other row names.
    """

    held: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    elsewhere: list = field(default_factory=list)
    touched: list = field(default_factory=list)
    foreign: set = field(default_factory=set)
    adopts: set = field(default_factory=set)
    opens: set = field(default_factory=set)
    writes: set = field(default_factory=set)
    links: dict = field(default_factory=dict)
    wanted: dict = field(default_factory=dict)

    def state(self):
        """Return the wanted state, as a tenant shows its own."""
        return self.wanted


@dataclass(frozen=True, slots=True)
class Links:
    """Manager and groups of an adopted user, by name: before, and as its row asks; `closed`: none may be added."""

    name: str
    before: dict
    manager: str | None
    groups: frozenset
    wanted_groups: frozenset
    closed: bool


def worked_out(held, lines, elsewhere=(), on_exists="adopt", *, hides=None, made=None):
    """Return the plan of these lines over these resources.

    `hides`: how the tenant does not show deactivated users, None where it does. `made` are the ids that an earlier run of the file
    made, None where there was none.
    """
    plan = Plan(held, lines, list(elsewhere))
    end = _End(plan, on_exists, hides=hides, made=made)
    for row, line in enumerate(lines, 1):
        plan.touched.append(set())
        end.take(row, line)
    plan.wanted = end.state()
    return plan


def pruned(held, lines, elsewhere=()):
    """Return the lines without those that name what is neither there nor made by one of them.

    A create only loses the manager that is not there.
    """
    while True:
        plan = Plan(held, lines, list(elsewhere))
        end, kept = _End(plan), []
        for line in lines:
            plan.touched.append(set())
            kept += end.nearest(line)
        if kept == lines:
            return kept
        lines = kept


class Refused(Exception):
    """A line, or a part of it, must fail."""


class _End:
    """What stands after the lines taken so far; resources are known by id, new ones by their names."""

    def __init__(self, plan, on_exists="adopt", *, hides=None, made=None):
        self._plan, self._on_exists, self._made = plan, on_exists, made or frozenset()
        self._hides, self._how = hides is not None, hides or ()
        self.users, self.groups = {}, {}
        for collection, resource in plan.held:
            if collection == "Users":
                self.users[resource["id"]] = {**FRESH, "manager": _manager(resource), **resource}
            else:
                members = {one["value"] for one in resource.get("members") or ()}
                self.groups[resource["id"]] = {"displayName": resource["displayName"], "members": members}
        self._away = {(collection, name.casefold()) for collection, name in plan.elsewhere}
        taken = {user["userName"].casefold() for user in self.users.values()}
        new = [line["data"] for line in plan.lines if _makes_user(line)]
        self._coming = {data["userName"]: data for data in new if data["userName"].casefold() not in taken}
        # What an earlier run has deactivated is known by its journal.
        hidden = self.users.items() if self._hides and made is None else ()
        self._inactive = {own for own, user in hidden if user["active"] is False}

    def nearest(self, line):
        """Let a line have its effect; return it, what is left of it, or nothing."""
        try:
            self._take(0, line)
        except Refused:
            return [line]
        except LookupError:
            if "manager" not in line.get("data", {}):
                return []
            data = {name: value for name, value in line["data"].items() if name != "manager"}
            return self.nearest(line | {"data": data})
        return [line]

    def take(self, row, line):
        """Let one line have its effect, note what it names, and whether it must fail."""
        try:
            self._take(row, line)
        except Refused:
            self._plan.foreign.add(row)
        except LookupError:  # a run of the first lines made no more, or an earlier run of the file deleted it
            removes = line["op"] in {"delete", "remove_member"} and "id" not in line
            if not removes or (self._hides and line["type"] == "User"):
                self._plan.foreign.add(row)

    def _take(self, row, line):
        match line["op"], line["type"]:
            case "create", "Group":
                self._make_group(row, line["data"])
            case "create" | "upsert", "User":
                self._make(row, line)
            case "patch", _:
                self._set(self._target(line), {one["path"]: one["value"] for one in line["patch"]})
            case "replace", _:
                own = self._target(line)
                kept = {name: self.users[own].get(name) for name in ("id", "emails", "active")}
                self._set(own, {**FRESH, **kept, **line["data"]})
            case "activate" | "deactivate" as verb, _:
                self._set(self._target(line), {"active": verb == "activate"})
            case "delete", kind:
                self._delete(self._target(line) if kind == "User" else self._group(line, makes=False))
            case "add_member", _:
                self._put(self._group(line), self._member(line["member"]), set.add)
            case "remove_member", _:
                self._put(self._group(line, makes=False), self._member(line["member"]), set.discard)

    def _target(self, line):
        """Return the user that a line changes: not one that is deactivated before, where nothing shows it.

        A tool that does not know that the tenant hides users takes one whom no lookup shows for absent.
        """
        own = self._user(line)
        if own in self._inactive and "id" not in line and line["op"] == "delete" and "untold" in self._how:
            return ""
        if own in self._inactive and ("id" not in line or "reads" in self._how):
            raise Refused
        return own

    def _make(self, row, line):
        data = line["data"]
        own = self._user({"userName": data["userName"]})
        theirs = self.users.get(own)
        if theirs is None:
            self.users[own] = {"userName": own}
            self._set(own, {**FRESH, **data, "manager": None})
            self._link(own, data)
        elif data.get("externalId", theirs["externalId"]) != theirs["externalId"]:
            raise Refused
        elif self._hides and data["userName"].startswith(LINKED) and not theirs["active"]:
            # No read of the tenant shows this user, so its row fails with the tenant's 409, whatever `on_exists` is.
            # One that overwrites it, and cannot tell how old it is, goes on with its links.
            self._plan.opens.add(("Users", theirs["userName"]))
            for group in data.get("groups", ()):
                self._touch("Groups", group)
            raise Refused
        elif line["op"] == "create" and self._on_exists != "update":
            self._plan.adopts.add(row)
            if self._on_exists == "adopt":
                self._adopt(row, own, data)
            for group in data.get(
                "groups", ()
            ):  # a create that may have made its user goes on with its links
                self._touch("Groups", group)
        else:
            if line["op"] == "create":
                self._plan.adopts.add(row)
            self._set(own, {name: data[name] for name in SHOWN if name in data})
            self._link(own, data)

    def _adopt(self, row, own, data):
        """Add the links that are missing: surely where an earlier run made the user, else as far as that is safe."""
        theirs, asked = self.users[own], {"manager", "groups"} & data.keys()
        if own in self._made:
            links = {name: data[name] for name in asked if theirs["active"]}
            self._link(own, links if theirs["manager"] is None else {**links, "manager": None})
        elif data["userName"].startswith(LINKED):
            self._plan.opens.add(("Users", theirs["userName"]))
            self._plan.links[row] = self._links(own, data)
        elif asked:
            # Other rows name this user as well: which of its links are its row's is not for this oracle to say.
            self._plan.opens |= self._plan.touched[-1]
            for group in data.get("groups", ()):  # one that two answer to fails the row whoever made its user
                with suppress(LookupError):
                    named = self._group({"match": {"displayName": group}}, makes=False)
                    self._plan.writes.add(("Groups", self.groups[named]["displayName"], self._name(own)))

    def _links(self, own, data):
        theirs = self.users[own]
        closed, groups = not theirs["active"], set(data.get("groups", ()))
        for name in () if closed else groups:
            self._group({"match": {"displayName": name}})
        held = {group["displayName"] for group in self.groups.values() if own in group["members"]}
        before = {name: theirs[name] for name in SHOWN} | {"manager": self._known_as(theirs["manager"])}
        try:
            manager = self._known_as(self._user(data["manager"]) if "manager" in data else None)
        except LookupError:
            if not closed and not theirs["manager"]:
                raise
            manager = data["manager"][
                "userName"
            ]  # where none may be set it does not matter that it is not there
        return Links(theirs["userName"], before, manager, frozenset(held), frozenset(groups), closed)

    def _known_as(self, own):
        return None if own is None else self._name(own)

    def _set(self, own, values):
        self.users[own] |= values
        name = self.users[own]["userName"]
        self._plan.writes |= {("Users", name, attribute) for attribute in values}

    def _link(self, own, data):
        """Join the groups and set the manager; all that can be done is done, though a part must fail."""
        refused = False
        for group in data.get("groups", ()):
            try:
                self._put(self._group({"match": {"displayName": group}}), own, set.add)
            except Refused:
                refused = True
        if data.get("manager"):
            self._set(own, {"manager": self._user(data["manager"])})
        if refused:
            raise Refused

    def _put(self, group, member, how):
        """Let a member join or leave."""
        how(self.groups[group]["members"], member)
        self._plan.writes.add(("Groups", self.groups[group]["displayName"], self._name(member)))

    def _name(self, own):
        if own in self.groups:
            return self.groups[own]["displayName"]
        return self.users[own]["userName"] if own in self.users else own

    def _make_group(self, row, data):
        own = self._group({"match": {"displayName": data["displayName"]}})
        members = {self._member(member) for member in data.get("members", ())}
        if own != data["displayName"]:  # there before, as its id says
            self._plan.adopts.add(row)
        for member in members if own == data["displayName"] or self._on_exists == "update" else ():
            self._put(own, member, set.add)

    def _delete(self, own):
        self.users.pop(own, None)
        self.groups.pop(own, None)
        for group in self.groups.values():
            group["members"].discard(own)

    def _member(self, named):
        is_group = "displayName" in named or named.get("type") == "Group"
        return self._group(named, makes=False) if is_group else self._user(named)

    def _group(self, named, *, makes=True):
        """Return how a group is known here, new where it is not there and may be made."""
        match = named.get("match", named)
        if "id" in match:
            if match["id"] not in self.groups:
                raise LookupError(f"no group is {match}")
            self._touch("Groups", self.groups[match["id"]]["displayName"])
            return match["id"]
        name = match["displayName"]
        self._touch("Groups", name)
        found = [own for own, group in self.groups.items() if group["displayName"] == name]
        if len(found) > 1 or (not found and ("Groups", name.casefold()) in self._away):
            raise Refused
        if not found and not makes:
            raise LookupError(f"no group is {match}")
        if not found:
            self.groups[name] = {"displayName": name, "members": set()}
        return found[0] if found else name

    def _user(self, named):
        """Return how a user is known here, by what a line names."""
        match = named.get("match", named)
        if ("Users", match.get("userName", "").casefold()) in self._away:
            self._touch("Users", match["userName"])
            raise Refused
        for known in (self.users, self._coming):
            found = [own for own, user in known.items() if _answers(own, user, match)]
            for own in found:
                self._touch("Users", known[own]["userName"])
            if len(found) > 1:
                raise Refused
            if found:
                return found[0]
        raise LookupError(f"no user is {match}")

    def _touch(self, collection, name):
        self._plan.touched[-1].add((collection, name))

    def state(self):
        """Return what stands, by (collection, name), with names in the place of ids."""
        names = {own: user["userName"] for own, user in self.users.items()}
        names |= {own: group["displayName"] for own, group in self.groups.items()}
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


def _manager(resource):
    return ((resource.get(ENTERPRISE) or {}).get("manager") or {}).get("value")


def _answers(own, user, match):
    """Tell whether a user is the one that a line names."""
    if "id" in match:
        return own == match["id"]
    if "userName" in match:
        return user["userName"].casefold() == match["userName"].casefold()
    if "externalId" in match:
        return user.get("externalId") == match["externalId"]
    return any(one["value"] == match["emails.value"] for one in user.get("emails") or ())
