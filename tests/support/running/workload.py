"""Job files with every operation in them, and the tenant that they must lead to.

A workload is the same for the same seed. Run once, every row is done; run again, creates are adopted and the
rest is noop: no attribute is set to two values by two rows that both take effect on a second run.
"""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.servers.scim_server import Tenant

Json = dict[str, Any]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TITLES = ("Engineer", "Lead", "Analyst", "Designer", "Müller & Söhne liaison", 'Head of "Special" Projects')
DEPARTMENTS = ("Research", "Sales, North", "Finance", "Ops / 24·7")


@dataclass(frozen=True, slots=True)
class State:
    """A tenant without ids and dates: users by folded name; groups as (name, sorted folded members), sorted."""

    users: dict[str, Json]
    groups: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Workload:
    """A job file's lines, and the state that they lead to. `creates` counts the rows with the verb create."""

    lines: list[Json]
    expected: State
    creates: int

    def write(self, path: Path) -> Path:
        """Write the job file."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        path.write_text(text, encoding="utf-8")
        return path


def state_of(tenant: Tenant, prefix: str = "") -> State:
    """Read the part of a tenant whose names start with a prefix, as a workload describes it."""
    everybody = tenant.users()
    names = {user["id"]: user["userName"].casefold() for user in everybody}
    mine = [user for user in everybody if user["userName"].casefold().startswith(prefix)]
    users = {user["userName"].casefold(): _plain(user, names) for user in mine}
    assert len(users) == len(mine), "two users of one name"
    groups = sorted(
        (
            group["displayName"],
            sorted(names.get(member["value"], member["value"]) for member in group.get("members") or []),
        )
        for group in tenant.groups()
        if group["displayName"].casefold().startswith(prefix)
    )
    return State(users, groups)


def _plain(user: Json, names: dict[str, str]) -> Json:
    kept = {name: value for name, value in user.items() if name not in {"id", "meta", "schemas", "groups"}}
    extension = dict(kept.pop(ENTERPRISE, None) or {})
    manager = extension.pop("manager", None)
    if manager and manager.get("value"):
        extension["manager"] = names.get(manager["value"], manager["value"])
    return kept | ({ENTERPRISE: extension} if extension else {})


def differences(expected: State, actual: State) -> list[str]:
    """Say in lines what differs; empty when nothing does."""
    found = [
        f"user {name}: expected {expected.users.get(name)}, found {actual.users.get(name)}"
        for name in sorted(expected.users.keys() | actual.users.keys())
        if expected.users.get(name) != actual.users.get(name)
    ]
    wanted, held = list(expected.groups), list(actual.groups)
    found += [f"group missing or different: {group}" for group in wanted if group not in held]
    found += [
        f"group too many or different: {group}" for group in held if held.count(group) != wanted.count(group)
    ]
    return found


def mixed(tenant: Tenant, seed: int = 1, prefix: str = "", scale: float = 1.0) -> Workload:
    """Fill a tenant with people and groups, and make a job of scale times 2,000 operations on them and on new ones."""
    return _Mixed(tenant, random.Random(seed), prefix, scale).build()


@dataclass(slots=True)
class _Mixed:
    """Builds the lines and, with each, its effect on the expected state."""

    tenant: Tenant
    chance: random.Random
    prefix: str
    scale: float
    users: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    placed: list[tuple[float, Json]] = field(default_factory=list)
    places: dict[str, float] = field(default_factory=dict)

    def build(self) -> Workload:
        self._seed()
        self._make_groups()
        self._make_people()
        self._upsert()
        self._replace()
        self._patch()
        self._switch()
        self._delete()
        self._join_and_leave()
        lines = [line for _, line in sorted(self.placed, key=lambda placed: placed[0])]
        groups = sorted((name, sorted(members)) for name, members in self.groups.items())
        creates = self._count(30) + self._count(900)
        return Workload(lines, State(self.users, groups), creates)

    def _count(self, number: int) -> int:
        return max(2, round(number * self.scale))

    def _old(self, kind: str, number: int) -> str:
        return f"{self.prefix}{kind}{number}@example.com"

    def _new(self, number: int) -> str:
        return f"{self.prefix}new{number}@example.com"

    def _team(self, number: int) -> str:
        return f"{self.prefix}Team {number:02}"

    def _legacy(self, number: int) -> str:
        return f"{self.prefix}Legacy {number}"

    def _some_old(self) -> str:
        return self._old("upsert", self.chance.randrange(self._count(100)))

    def _place(self, line: Json, makes: str | None = None, after: Iterable[str] = ()) -> None:
        """Put a line anywhere in the file, but behind the line that makes its target."""
        earliest = max((self.places.get(name, 0.0) for name in after), default=0.0)
        place = earliest + (1 - earliest) * self.chance.random()
        if makes is not None:
            self.places[makes] = place
        self.placed.append((place, line))

    def _person(self, name: str, number: int) -> Json:
        return {
            "userName": name,
            "externalId": f"{self.prefix}E-{name.partition('@')[0]}",
            "name": {"givenName": f"Given{number}", "familyName": f"O'Family-{number}"},
            "displayName": f"Given{number} O'Family-{number}",
            "emails": [{"value": name, "type": "work", "primary": True}],
            "title": self.chance.choice(TITLES),
            "active": True,
            ENTERPRISE: {
                "department": self.chance.choice(DEPARTMENTS),
                "employeeNumber": f"{number:05}",
                "costCenter": f"CC-{number % 7}",
            },
        }

    def _seed(self) -> None:
        kinds = {"delete": 100, "off": 60, "on": 40, "replace": 100, "upsert": 100, "patch": 100}
        for kind, number in kinds.items():
            for index in range(self._count(number)):
                name = self._old(kind, index)
                person = self._person(name, index)
                person["active"] = kind != "on"
                self.ids[name] = self.tenant.create("Users", {"schemas": [USER, ENTERPRISE]} | person)
                self.users[name] = person
        for index in range(5):
            members = [
                self._old("upsert", number) for number in range(self._count(100)) if number % 5 == index
            ]
            resource = {"schemas": [GROUP], "displayName": self._legacy(index)}
            resource["members"] = [{"value": self.ids[name], "type": "User"} for name in members]
            self.tenant.create("Groups", resource)
            self.groups[self._legacy(index)] = set(members)

    def _make_groups(self) -> None:
        for index in range(self._count(30)):
            name = self._team(index)
            data: Json = {"displayName": name, "externalId": f"{self.prefix}T-{index}"}
            self.groups[name] = set()
            if index % 3 == 0:
                first, second = self.chance.sample(range(self._count(900)), 2)
                data["members"] = [{"ref": f"p{first}"}, {"ref": f"p{second}"}]
                self.groups[name] |= {self._new(first), self._new(second)}
            self._place({"op": "create", "type": "Group", "ref": f"t{index}", "data": data}, makes=name)

    def _make_people(self) -> None:
        total = self._count(900)
        for index in range(total):
            name = self._new(index)
            person = self._person(name, index)
            self.users[name] = json.loads(json.dumps(person))
            if index % 20 == 7:
                self._place(
                    {"method": "POST", "path": "/Users", "bulkId": f"p{index}", "data": person}, makes=name
                )
                continue
            data = json.loads(json.dumps(person))
            self._manage(index, total, name, data)
            if index % 4 == 0:
                team = self._team(self.chance.randrange(self._count(30)))
                data["groups"] = [team]
                self.groups[team].add(name)
            self._place({"op": "create", "type": "User", "ref": f"p{index}", "data": data}, makes=name)

    def _manage(self, index: int, total: int, name: str, data: Json) -> None:
        """Give two of three a manager: another new person (before, behind or in a cycle), or an existing one."""
        if index % 3 == 0:
            other = (index + 1 + self.chance.randrange(total - 1)) % total
            data["manager"] = {"ref": f"p{other}"}
            self.users[name][ENTERPRISE]["manager"] = self._new(other)
        elif index % 3 == 1:
            other_name = self._some_old()
            data["manager"] = {"userName": other_name.upper()}
            self.users[name][ENTERPRISE]["manager"] = other_name

    def _upsert(self) -> None:
        for index in range(self._count(100)):
            name = self._old("upsert", index)
            change = {"title": f"Upserted {index}", ENTERPRISE: {"department": "Upserts"}}
            self.users[name]["title"] = change["title"]
            self.users[name][ENTERPRISE]["department"] = "Upserts"
            self._place({"op": "upsert", "type": "User", "data": {"userName": name} | change})
            fresh = f"{self.prefix}fresh{index}@example.com"
            person = self._person(fresh, index)
            self.users[fresh] = person
            self._place({"op": "upsert", "type": "User", "data": person}, makes=fresh)

    def _replace(self) -> None:
        for index in range(self._count(100)):
            name = self._old("replace", index)
            person = {
                "userName": name,
                "name": {"givenName": "Replaced", "familyName": f"Number{index}"},
                "emails": [{"value": f"replaced.{name}", "type": "work"}],
                "active": True,
                ENTERPRISE: {"department": "Replacements"},
            }
            self.users[name] = person
            line = {"op": "replace", "type": "User", "match": {"userName": name}, "data": person}
            self._place(
                line if index % 2 else {"op": "replace", "type": "User", "id": self.ids[name], "data": person}
            )

    def _patch(self) -> None:
        fresh = self.chance.sample(range(self._count(900)), self._count(100))
        for index in range(self._count(100)):
            name = self._old("patch", index)
            user = self.users[name]
            user["title"], user["name"]["givenName"] = f"Patched {index}", "Pätched"
            user[ENTERPRISE]["costCenter"] = "CC-patched"
            operations = [
                {"op": "replace", "path": "title", "value": user["title"]},
                {"op": "replace", "path": "name.givenName", "value": "Pätched"},
                {"op": "add", "path": f"{ENTERPRISE}:costCenter", "value": "CC-patched"},
            ]
            self._place(self._patch_line(index, name, operations))
            promoted = self._new(fresh[index])
            self.users[promoted]["title"] = "Promoted"
            line = {"op": "patch", "type": "User", "match": {"userName": promoted.upper()}}
            line["patch"] = [{"op": "replace", "path": "title", "value": "Promoted"}]
            self._place(line, after=[promoted])

    def _patch_line(self, index: int, name: str, operations: list[Json]) -> Json:
        if index % 3 == 0:
            data = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
            return {"method": "PATCH", "path": f"/Users/{self.ids[name]}", "data": data}
        target: Json = {"id": self.ids[name]} if index % 3 == 1 else {"match": {"userName": name}}
        return {"op": "patch", "type": "User"} | target | {"patch": operations}

    def _switch(self) -> None:
        for index in range(self._count(60)):
            name = self._old("off", index)
            self.users[name]["active"] = False
            self._place({"op": "deactivate", "type": "User"} | self._target(index, name))
        for index in range(self._count(40)):
            name = self._old("on", index)
            self.users[name]["active"] = True
            self._place({"op": "activate", "type": "User"} | self._target(index, name))

    def _target(self, index: int, name: str) -> Json:
        """Name a user in each of the ways that a record may."""
        match index % 4:
            case 0:
                return {"match": {"userName": name.upper()}}
            case 1:
                return {"match": {"externalId": self.users[name]["externalId"]}}
            case 2:
                return {"match": {"email": name}}
            case _:
                return {"id": self.ids[name]}

    def _delete(self) -> None:
        for index in range(self._count(100)):
            name = self._old("delete", index)
            del self.users[name]
            self._place({"op": "delete", "type": "User", "match": {"userName": name}})

    def _join_and_leave(self) -> None:
        for _ in range(self._count(330)):
            team, line = self._joining()
            self._place(line, after=[team])
        for index in range(self._count(40)):
            group, name = self._legacy(index % 5), self._old("upsert", index)
            self.groups[group].discard(name)
            line = {"op": "remove_member", "type": "Group", "match": {"displayName": group}}
            self._place(line | {"member": {"userName": name}})

    def _joining(self) -> tuple[str, Json]:
        """Choose a membership that no other row makes."""
        while True:
            team = self._team(self.chance.randrange(self._count(30)))
            number = self.chance.randrange(self._count(900))
            by_ref = self.chance.random() < 0.5
            name = self._new(number) if by_ref else self._some_old()
            if name not in self.groups[team]:
                break
        self.groups[team].add(name)
        line: Json = {"op": "add_member", "type": "Group", "match": {"displayName": team}}
        return team, line | {"member": {"ref": f"p{number}"} if by_ref else {"userName": name}}
