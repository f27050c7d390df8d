"""A second client of the tenant, that changes the same people meanwhile; and what of its changes must stand at the end.

It sets titles and nicknames, and lets users join and leave groups: never what rows find a resource by.
"""

import re
from copy import deepcopy
from dataclasses import dataclass, field

import orjson

MEMBER = re.compile(r'members\[value eq "(.*)"\]')
ATTRIBUTES = ("title", "nickName")
USERS, GROUPS = re.compile(r"[pnN]\d+[.\w]*@"), re.compile(r"(Old|Team|New) +\d+( .*)?$")


@dataclass(slots=True)
class Foreign:
    """One attribute or membership that the second client changed; of several changes the last.

    `names` are the collection, the resource's name, and the attribute or the member's name. `values` are all that it
    ever set. `stands` is false once the tool has set another value.
    """

    names: tuple
    values: list = field(default_factory=list)
    at: float = 0.0
    stands: bool = True

    @property
    def value(self):
        """What was set last."""
        return self.values[-1]


class SecondClient:
    """The second client of a directory. `foreign` has its changes, by (collection, id, attribute or member's id).

    `attributes` are those that it sets: where a service derives values, no nickName. One that it gave to several created users
    counts as a value of the service, by the rules of `planning/derived`.
    """

    attributes = ATTRIBUTES

    def __init__(self, directory, clock):
        self._directory, self._clock = directory, clock
        self.foreign = {}
        self.changes = 0
        self._written, self._read = {}, {}
        self._values = set()

    def begins(self):
        """Forget what was before a run."""
        self.rests()
        self._values.clear()

    def rests(self):
        """Forget its own changes, and what the tool did to them: they are there before what comes next."""
        self.foreign.clear()
        self._written.clear()
        self._read.clear()

    # What it does

    def act(self, random):
        """Change something of a user, or a membership."""
        users = self._some("Users", USERS)
        groups = self._some("Groups", GROUPS)
        if users and random.random() < 0.6:
            self._set(random.choice(users), random.choice(self.attributes))
        elif users and groups:
            self._move(random.choice(groups), random.choice(users), joins=random.random() < 0.6)

    def _some(self, collection, pattern):
        held = self._directory.held[collection]
        called = self._directory.called
        return [own for own, one in held.items() if pattern.match(called(collection, one))]

    def _set(self, own, attribute):
        self.changes += 1
        value = f"foreign {self.changes}"
        self._directory.held["Users"][own] = {**self._directory.held["Users"][own], attribute: value}
        self._note("Users", own, attribute, value)

    def _move(self, group, member, *, joins):
        held = self._directory.held["Groups"]
        others = [one for one in held[group].get("members") or () if one["value"] != member]
        if (len(others) < len(held[group].get("members") or ())) is joins:
            return
        self.changes += 1
        held[group] = {**held[group], "members": [*others, *([{"value": member}] if joins else [])]}
        self._note("Groups", group, member, joins)

    def _note(self, collection, own, what, value):
        one = self.foreign.setdefault((collection, own, what), Foreign(self._names(collection, own, what)))
        one.values.append(value)
        one.at, one.stands = self._clock.monotonic(), True

    def _names(self, collection, own, what):
        """Return how an attribute or a membership is called: ids change when something is deleted and made again."""
        held, called = self._directory.held, self._directory.called
        is_user = collection == "Groups" and what in held["Users"]
        shown = called("Users", held["Users"][what]) if is_user else what
        return collection, called(collection, held[collection][own]), shown

    # What the tool does

    def meant(self, request):
        """Note the memberships that a request of the tool is to change, whether it arrives or not.

        Of one that was lost the tool sees only how the tenant is afterwards, not by whom.
        """
        collection, _, own = request.path.strip("/").partition("/")
        if request.method == "PATCH" and own in self._directory.held["Groups"]:
            for operation in orjson.loads(request.body)["Operations"]:
                for what in _targets_of(operation):
                    self._values.add((*self._names(collection, own, what), str(operation["op"] != "remove")))

    def saw(self, request, collection, own):
        """Note what a request of the tool reads or writes, as it takes effect."""
        now, held = self._clock.monotonic(), self._directory.held
        self._read[collection, own] = now
        for what in _targets(request):
            self._written[collection, own, what] = now
            if own in held[collection]:
                value = _value(held[collection][own], collection, what)
                self._values.add((*self._names(collection, own, what), str(value)))
        for (kind, one, what), change in self.foreign.items():
            if one == own and kind == collection and change.stands and request.method != "GET":
                change.stands = own in held[kind] and _value(held[kind][own], kind, what) == change.value

    def is_latest(self, key, *, whole):
        """Tell whether a change came after all that the tool wrote there, or with `whole`, read of the resource."""
        collection, own, _ = key
        if self.is_blurred(key):
            return False
        last = self._written.get(key, -1.0)
        if whole:
            last = max(last, self._read.get((collection, own), -1.0), self._read.get((collection, ""), -1.0))
        return self.foreign[key].stands and self.foreign[key].at > last

    def state(self):
        """Return what the tenant holds, as it shows it."""
        return self._directory.state()

    def is_blurred(self, key):
        """Tell whether a membership is as the tool had left it, or meant to: nothing shows that another was there since."""
        change = self.foreign[key]
        return (*change.names, str(change.value)) in self._values

    def over(self, state):
        """Return a wanted state with the changes that stand."""
        wanted = deepcopy(state)
        for change in self.foreign.values():
            collection, name, what = change.names
            for one in wanted.get((collection, name), ()) if change.stands else ():
                if collection == "Users":
                    one[what] = change.value
                else:
                    (one["members"].add if change.value else one["members"].discard)(what)
        return wanted


def _targets(request):
    """Yield the attributes, or the ids of members, that a write names."""
    body = orjson.loads(request.body) if request.body else {}
    yield from ATTRIBUTES if request.method == "PUT" else ()
    for operation in body.get("Operations", ()):
        yield from _targets_of(operation)


def _targets_of(operation):
    path, value = operation.get("path") or "", operation.get("value")
    if found := MEMBER.match(path):
        yield found[1]
    elif path == "members":
        yield from (one["value"] for one in value or ())
    elif not path:
        yield from value
    else:
        yield path


def _value(resource, collection, what):
    if collection == "Users":
        return resource.get(what)
    return any(one["value"] == what for one in resource.get("members") or ())
