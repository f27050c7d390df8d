"""What a simulated tenant holds: users and groups, found and listed as its world has it."""

import re
from collections import Counter
from datetime import UTC, datetime
from email.utils import formatdate
from random import Random

import orjson

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.model.request import Response
from bulkscim.planning.lookups import emails_of
from bulkscim.scim import filters, patch
from tests.support.simulation import own_values
from tests.support.simulation.changed_names import NORMALISES, stored
from tests.support.simulation.other_forms import turned
from tests.support.simulation.shared_requests import taken
from tests.support.simulation.versions import Versions

KINDS = {"Users": "User", "Groups": "Group"}
NAMES = {"Users": "userName", "Groups": "displayName"}
LONG_AGO = "2019-01-01T00:00:00+00:00"
MANAGER = f"{ENTERPRISE}:manager.value"
PAGE = b"<!doctype html><html><title>500 Internal Server Error</title></html>"
LEFT_OUT = frozenset({"title", "nickName", "members", "groups", "userType", ENTERPRISE})  # of lookups
CUT = 2  # members of a list
MEMBER = re.compile(r'members\[value eq "(.*)"\]')
START = re.compile(r"startIndex=(\d+)")


class Directory:
    """Resources by collection and id. `made` counts creates by (collection, name); `ids` are those of these creates."""

    def __init__(self, clock, world):
        self._clock, self._world = clock, world
        self._began = clock.now() - clock.monotonic()
        self.held = {"Users": {}, "Groups": {}}
        self.elsewhere = (
            set()
        )  # (collection, folded name) of what another integration holds, and this token does not see
        self.made = Counter()
        self.overwritten = set()  # (collection, name) of what creates have overwritten
        self.overwritten_before = set()  # the same of earlier runs
        self.ids = set()
        self.left_out = set()  # (id, member's id) of memberships that some answer has left out
        self.blind = set()  # (Groups, name, member's name) of memberships that were removed and never shown
        self.gone = {}  # the names of what was deleted, by id
        self._asked = {}  # by (collection, changed name): the name that was asked for
        self.behind_s = 0.0  # how long ago what is carried out took effect
        self._shown_from = {}
        self._numbers = 0
        self._halves = Random("halves")
        self._versions = Versions(world.versions)

    def now(self):
        """Return the server's time."""
        return self._began + self._clock.monotonic() * (1 + self._world.drift) + self._world.ahead_s

    def hold(self, collection, resource):
        """Hold a resource that was there before."""
        ago = datetime.fromtimestamp(self.now() - self._world.held_s, UTC).isoformat()
        created = ago if self._world.held_s else LONG_AGO
        meta = {"meta": {"created": created}} if self._world.shows_created else {}
        self.held[collection][resource["id"]] = {**resource, **meta}

    def answer(self, status, body, headers=()):
        """Return an answer of this server."""
        date = {"date": formatdate(self.now(), usegmt=True)} if self._world.dates else {}
        text = orjson.dumps(body) if body is not None else b""
        return Response(status, {**date, **dict(headers)}, text, self._clock.now())

    def create(self, collection, body):
        """Answer a POST."""
        body = self._stored(collection, body)
        name = body[NAMES[collection]]
        if self._names_late(body):
            return self.answer(400, {"scimType": "invalidValue", "detail": "the manager cannot be resolved"})
        if (collection, name.casefold()) in self.elsewhere:
            return self._taken(collection, None, body)
        twin = self._named(collection, name)
        if twin and (collection == "Users" or self._world.unique_groups):
            return self._taken(collection, twin, body)
        self.made[collection, self.called(collection, body)] += 1
        self._numbers += 1
        resource_id = f"made-{self._numbers}"
        self.ids.add(resource_id)
        resource = {**body, "id": resource_id}
        if self._world.shows_created:
            resource["meta"] = {
                "created": datetime.fromtimestamp(self.now() - self.behind_s, UTC).isoformat()
            }
        self.held[collection][resource_id] = resource
        self._shown_from[resource_id] = self._clock.monotonic() - self.behind_s + self._world.lag_s
        if self._world.bare_answers:
            return self.answer(201, None, {"location": f"https://t.example/{collection}/{resource_id}"})
        return self.answer(201, self._seen(collection, resource, by_id=True, written=True))

    def called(self, collection, resource):
        """Return the name of a resource in the file: the one that was asked for where the tenant changed it."""
        name = resource[NAMES[collection]]
        return self._asked.get((collection, name), name)

    def _stored(self, collection, resource):
        """Return a resource that is written as the tenant keeps it: it may change the name, and other values."""
        resource = own_values.kept(self._world.derives, collection, resource)
        asked = resource[NAMES[collection]]
        name = stored(self._world.renames, collection, asked)
        if name == asked:
            return resource
        self._asked.setdefault((collection, name), asked)
        return resource | {NAMES[collection]: name}

    def _named(self, collection, name):
        held = self.held[collection].values()
        attribute, folded = NAMES[collection], name.casefold()
        return next((one for one in held if one[attribute].casefold() == folded), None)

    def _taken(self, collection, twin, body):
        match self._world.duplicates:
            case 201 if twin is not None:
                return self._linked(collection, twin, body)
            case 200 if twin is not None:
                return self.answer(200, twin)
            case 400:
                return self.answer(400, {"detail": "a resource of this name exists already"})
            case 500:
                return self.answer(500, {"detail": "internal error"})
            case "page":
                return Response(500, {}, PAGE, self._clock.now())
            case "unsaid":
                return Response(400, {}, b"Bad request", self._clock.now())
        return self.answer(409, {"scimType": "uniqueness", "detail": "taken"})

    def _linked(self, collection, twin, body):
        """Overwrite what has a name with what was to be created under it, and answer that it was created."""
        self.overwritten.add((collection, self.called(collection, twin)))
        kept = {"id": twin["id"], "meta": twin["meta"], NAMES[collection]: twin[NAMES[collection]]}
        self.held[collection][twin["id"]] = {**twin, **body, **kept}
        if self._world.bare_answers:
            return self.answer(201, None, {"location": f"https://t.example/{collection}/{twin['id']}"})
        return self.answer(201, self.held[collection][twin["id"]])

    def listed(self, collection, path):
        """Answer a listing or a lookup."""
        asked = filters.any_asked_for(path)
        found = self._shown(collection)
        if asked is not None:
            attribute, values = asked
            works = self._world.filters if len(values) == 1 else self._world.joins
            match works:
                case "refused":
                    return self.answer(400, {"scimType": "invalidFilter"})
                case "nothing":
                    found = []
                case "first":
                    values = values[:1]
                case "some":
                    values = values[::2]
            if works in {"good", "first", "some"}:
                found = [
                    one for one in found if any(self._answers(one, attribute, value) for value in values)
                ]
        start = int((START.search(path) or [0, 1])[1])
        if "one page" in self._world.veils and asked is None:
            start = 1
        page = [
            self._seen(collection, one, by_id=False)
            for one in found[start - 1 : start - 1 + self._world.page]
        ]
        return self.answer(200, {"totalResults": len(found), "Resources": page})

    def _answers(self, resource, attribute, value):
        if self._world.filters_links and attribute == "members.value":
            return any(one["value"] == value for one in resource.get("members") or ())
        if self._world.filters_links and attribute == MANAGER:
            return ((resource.get(ENTERPRISE) or {}).get("manager") or {}).get("value") == value
        if attribute == "emails.value":
            return any(one.casefold() == value.casefold() for one in emails_of(resource))
        if NORMALISES in self._world.renames and attribute in NAMES.values():
            value = stored(self._world.renames, "Users" if attribute == "userName" else "Groups", value)
        shown = str(resource.get(attribute, ""))
        return shown == value if "capitals" in self._world.veils else shown.casefold() == value.casefold()

    def _shown(self, collection):
        """Return what listings and lookups show by now."""
        now, since = self._clock.monotonic(), self._shown_from
        found = [one for one in self.held[collection].values() if since.get(one["id"], 0.0) <= now]
        if self._world.hides_inactive and collection == "Users":
            return [one for one in found if one.get("active") is not False]
        return found

    def one(self, method, collection, resource_id, body, if_match=None):
        """Answer a request about one resource."""
        held = self.held[collection]
        if resource_id not in held or self._is_late(resource_id):
            return self.answer(404, {})
        if collection == "Users" and own_values.is_hidden(self._world.hides, method, held[resource_id]):
            return self.answer(404, {})
        if refused := self._refusal(method, held[resource_id], body, if_match):
            return self.answer(refused, {"detail": "the member does not exist, or another version"})
        match method:
            case "DELETE":
                for group in self.held["Groups"].values():
                    self._note_blind(group, ids_of(group) if group["id"] == resource_id else [resource_id])
                self.gone[resource_id] = self.called(collection, held.pop(resource_id))
                self._leave_groups(resource_id)
                return self.answer(204, None)
            case "PUT":
                meta = {"meta": held[resource_id]["meta"]} if "meta" in held[resource_id] else {}
                held[resource_id] = self._stored(collection, {**body, "id": resource_id, **meta})
            case "PATCH":
                self._note_blind(held[resource_id], _leaving(body))
                operations = _operations(body)
                group = held[resource_id] if collection == "Groups" else {}
                refused = taken(self._world.takes_members, self._halves, operations, group)
                changed = refused[0] if refused else patch.apply(operations, held[resource_id])
                held[resource_id] = self._stored(collection, changed)
                if refused:
                    return self.answer(refused[1], {"detail": refused[2]})
        if method != "GET" and self._world.bare_answers:
            return self.answer(204, None)
        return self.answer(
            200, self._seen(collection, held[resource_id], by_id=True, written=method != "GET")
        )

    def _refusal(self, method, resource, body, if_match):
        if method == "GET":
            return None
        return 400 if self._names_late(body) else self._versions.refusal(resource, if_match)

    def _note_blind(self, resource, members):
        """Note which members leave a group that has never shown them."""
        self._seen("Groups", resource, by_id=True)
        hidden = {member for group, member in self.left_out if group == resource["id"]} & set(
            ids_of(resource)
        )
        for member in hidden & set(members):
            kind = "Users" if member in self.held["Users"] else "Groups"
            name = self.called(kind, self.held[kind][member])
            self.blind.add(("Groups", self.called("Groups", resource), name))

    def _seen(self, collection, resource, *, by_id, written=False):
        """Return a resource as it is shown: some services leave something out, or add values of their own.

        `written`: in the answer to a write.
        """
        world, veils = self._world, self._world.veils
        seen = dict(resource)
        if world.derives and not (written and world.derives_late):
            seen = own_values.shown(world.derives, collection, seen)
        if world.shows_groups and collection == "Users":
            groups = own_values.groups_of(self.held["Groups"], resource["id"], world.shows_groups)
            seen |= {"groups": groups} if groups else {}
        seen = self._versions.shown(resource, seen)
        if "short" in veils and not by_id:
            left_out = LEFT_OUT | {"externalId"} if "nameless" in veils else LEFT_OUT
            seen = {name: value for name, value in seen.items() if name not in left_out}
        if "hidden" in veils:
            seen.pop("members", None)
        if "cut" in veils and "members" in seen:
            seen["members"] = seen["members"][:CUT]
        if {"hidden", "cut"} & set(veils):
            missing = set(ids_of(resource)) - set(ids_of(seen))
            self.left_out |= {(resource["id"], member) for member in missing}
        return turned(seen, self._world.forms)

    def _is_late(self, resource_id):
        """Say whether a new resource is not known by its id yet."""
        if not self._world.late_s or resource_id not in self._shown_from:
            return False
        made = self._shown_from[resource_id] - self._world.lag_s
        return made + self._world.late_s > self._clock.monotonic()

    def _names_late(self, body):
        """Say whether a write names a new resource as a member or manager."""
        text = orjson.dumps(body).decode() if self._world.late_s else ""
        return any(f'"{one}"' in text and self._is_late(one) for one in self._shown_from)

    def _leave_groups(self, resource_id):
        for group in self.held["Groups"].values():
            members = group.get("members") or []
            if any(member["value"] == resource_id for member in members):
                group["members"] = [member for member in members if member["value"] != resource_id]

    def state(self, *, whole=False):
        """Return what stands, by (collection, name in the file): ids are names here, and each name's list is to have one.

        `whole`: with the values that the service may have written itself.
        """
        names = {
            one["id"]: self.called(kind, one) for kind, held in self.held.items() for one in held.values()
        }
        found = {}
        for collection, held in self.held.items():
            for one in held.values():
                shown = _user(one, names) if collection == "Users" else _group(one, names)
                if whole and collection == "Users":
                    shown |= own_values.facts_of(self._world.derives, one)
                found.setdefault((collection, self.called(collection, one)), []).append(shown)
        return found


def _operations(body):
    return [
        PatchOperation(one["op"].lower(), one.get("path"), one.get("value")) for one in body["Operations"]
    ]


def _user(one, names):
    manager = ((one.get(ENTERPRISE) or {}).get("manager") or {}).get("value")
    return {
        "externalId": one.get("externalId"),
        "title": one.get("title"),
        "nickName": one.get("nickName"),
        "active": one.get("active", True),
        "manager": names.get(manager, manager),
    }


def _group(one, names):
    return {"members": {names.get(member["value"], member["value"]) for member in one.get("members") or ()}}


def ids_of(resource):
    """Return the ids of the members of a group."""
    return [member["value"] for member in resource.get("members") or ()]


def _leaving(body):
    """Return the ids of the members that a PATCH removes."""
    removals = [one.path or "" for one in _operations(body) if one.op == "remove"]
    return [found[1] for path in removals if (found := MEMBER.fullmatch(path))]
