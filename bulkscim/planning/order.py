"""Keep the order of steps: what is done to one resource is done in file order, one at a time.

Rules:
1. A row claims, in file order, every resource that it names: exclusively those that it changes, shared those
   that it only refers to. A claim is held when no earlier claim stands in its way. A row that changes a membership
   claims the member exclusively and the group shared: memberships of one group may change together, and those of one
   member one after the other.
2. A name is a lane (type, attribute, folded value); what an earlier row makes is the lane of that row.
3. Two names of one resource are not known to be one until their ids are. So a claim also waits while an
   earlier row's claim that may mean the same resource has no id yet; once it has, it stands in the lane of
   that id as well. Claims that tell different values of one attribute mean two resources. The lane of a row
   tells only what that row gives: the resource may have existed, with other names.
4. A row that may free a name (a delete, a rename) is on names that are not known until its resource is read; until
   then a later row that gives a name to a new resource waits, and afterwards for these names alone.
5. Only earlier rows are waited for, so claims alone never wait in a circle.
6. What a row reads by a name may be older than a change that ended meanwhile by a row that knew the id: then the row
   reads again.
7. A row that has made its resource, and waits with a membership of it, lends it: later rows may refer to it. Those that
   change it wait on.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bulkscim.model.live import ListedGroups, Membership, Need, OwnGroups, Parent, Shown
from bulkscim.model.names import IDENTITIES
from bulkscim.model.operation import GROUP, USER, Key, Operation, Role, identities
from bulkscim.model.row import Row
from bulkscim.planning.compare import OTHER_GROUPS
from bulkscim.planning.sent_form import MEMBERS, member_at

MADE = "row"  # the attribute of a lane that is named by the row that makes the resource


class Claim(NamedTuple):
    """A row's wish to touch one resource, known to the row by `need` and to all by the lane's `name`."""

    need: Need
    name: Key
    exclusive: bool
    own: bool = False  # what the row itself changes: held before it begins
    traced: bool = True  # whether rule 3 looks at it: the name of a new resource has nothing behind it yet
    told: frozenset[str] = frozenset()  # the attributes of the resource whose values the claim tells
    frees: bool = False  # other names of the resource may become free
    takes: bool = False  # a new resource takes this name


def claims(row: Row, *, moves: bool = False, updates: bool = False) -> tuple[Claim, ...]:
    """Return what a row touches; what a later row makes is not claimed.

    With `moves` an added member leaves its group for it, so a member is claimed as changed. With `updates` a create
    changes the resource that it finds, as an upsert does: its name may be one of a resource that other rows name too.

    A name that the record gives (a rename) is claimed as well as the name that it is found by.
    """
    operation = row.operation
    if operation.makes:
        made = Key(operation.type, MADE, str(row.number))
        changes = updates or operation.spec.updates
        found = [
            Claim(Parent(row.number), made, exclusive=True, own=True, told=IDENTITIES),
            _given(operation.target, takes=True)._replace(traced=changes),
        ]
    else:
        target = _claim(operation.target, row.target_producer, exclusive=not _shares(row), own=True)
        found = [target._replace(frees=_may_free_names(row))]
    found += [_given(key, takes=operation.makes) for key in named_by(operation)]
    for member in members_named(operation):
        keys = (Key(kind, "id", member) for kind in (USER, GROUP))
        found += [Claim(key, key, exclusive=False, own=True, traced=False) for key in keys]
    producers = row.producers or (None,) * len(operation.references)
    for reference, producer in zip(operation.references, producers, strict=True):
        if producer is None or producer < row.number:
            changes = operation.spec.is_membership
            exclusive = changes or (moves and reference.role is Role.MEMBER)
            found.append(_claim(reference.key, producer, exclusive=exclusive, own=changes))
    return tuple({claim.name: claim for claim in reversed(found)}.values())[::-1]


def _shares(row: Row) -> bool:
    """Return whether a row needs its group for a membership alone, and claims the member that this is about."""
    operation, producer = row.operation, next(iter(row.producers), None)
    claims_member = producer is None or producer < row.number
    return operation.spec.is_membership and claims_member and not operation.expect.keys() - {OTHER_GROUPS}


def _given(key: Key, *, takes: bool = False) -> Claim:
    return Claim(key, key.folded, exclusive=True, own=True, traced=False, told=_told_by(key), takes=takes)


def _told_by(key: Key) -> frozenset[str]:
    return frozenset({key.attribute}) & (IDENTITIES | {"id"})


def _may_free_names(row: Row) -> bool:
    """Return whether a row may free names that its record does not tell; those of this file's rows are claimed already."""
    operation = row.operation
    if row.target_producer is not None or _freed_by(operation):
        return False
    return operation.spec.deletes or bool(named_by(operation))


def _claim(key: Key, producer: int | None, *, exclusive: bool, own: bool = False) -> Claim:
    need = key if producer is None else Parent(producer)
    return Claim(need, lane(key, producer), exclusive, own, told=_told_by(key))


def claimed_by(need: Need) -> Need:
    """Return the need whose claim must be held before this one is read."""
    if isinstance(need, Shown | OwnGroups | ListedGroups):
        need = need.on
    return Key(GROUP, "id", need.group) if isinstance(need, Membership) else need


def lane(key: Key, producer: int | None) -> Key:
    """Return the lane of what a row names: that of the row that makes it, else of the name."""
    return key.folded if producer is None else Key(key.type, MADE, str(producer))


def named_by(operation: Operation) -> tuple[Key, ...]:
    """Return the identities that the record gives its resource, by data or by patch."""
    given = dict(operation.data)
    given.update({change.path: change.value for change in operation.changes if change.path})
    return (*identities(operation.type, given), *_freed_by(operation))


def _freed_by(operation: Operation) -> tuple[Key, ...]:
    """Return the identities that the record expects to find and may take away: others may give them again."""
    expected = operation.expect.get("*", operation.expect)
    return identities(operation.type, dict(expected)) if isinstance(expected, Mapping) else ()


def members_named(operation: Operation) -> Iterator[str]:
    """Yield the members that a patch of a group names by id: what is done to them comes before or after it."""
    if operation.type != GROUP:
        return
    for change in operation.changes:
        entries = change.value if change.path == MEMBERS and isinstance(change.value, list) else ()
        named = [entry.get("value") for entry in entries if isinstance(entry, dict)]
        named.append(member_at(change.path or ""))
        for member in named:
            if isinstance(member, str) and not member.startswith("bulkId:"):
                yield member


@dataclass(slots=True)
class Lane:
    """The claims on one name, by row number."""

    exclusive: list[int] = field(default_factory=list)
    shared: list[int] = field(default_factory=list)

    def rows(self, *, exclusive: bool) -> list[int]:
        """Return the rows that claim in one of the two ways."""
        return self.exclusive if exclusive else self.shared

    def lets(self, row: int, *, exclusive: bool) -> bool:
        """Return whether no earlier claim stands in the row's way."""
        first = self.exclusive[0] if self.exclusive else row
        if exclusive and self.shared:
            first = min(first, self.shared[0])
        return first >= row

    def freed(self, *, exclusive: bool) -> list[int]:
        """Return the rows that may go on after a claim of one of the two ways was dropped."""
        if not self.exclusive:
            return list(self.shared) if exclusive else []
        first = self.exclusive[0]
        before = [row for row in self.shared if row < first]
        return before or [first]


@dataclass(slots=True)
class Holding:
    """One row's claims: lanes by name, the name behind each need, and the id lane behind each name.

    `traced` holds what each traced name tells, `unknown` those of them whose id is not known yet, `taken` the
    names that a new resource takes, and `lent` the lanes that the row has lent.
    """

    names: dict[Key, bool] = field(default_factory=dict)
    unknown: set[Key] = field(default_factory=set)
    traced: dict[Key, frozenset[str]] = field(default_factory=dict)
    taken: set[Key] = field(default_factory=set)
    needs: dict[Need, Key] = field(default_factory=dict)
    aliases: dict[Key, Key] = field(default_factory=dict)
    lent: set[Key] = field(default_factory=set)


class Lanes:
    """All claims of the rows under way."""

    def __init__(self) -> None:
        self._lanes: dict[Key, Lane] = {}
        self._holdings: dict[int, Holding] = {}
        self._unknown: dict[str, dict[frozenset[str], list[int]]] = {}  # by type and what they tell
        self._freeing: dict[str, list[int]] = {}  # by type, the rows whose resource's names are not known yet
        self._reading: dict[int, set[Key]] = {}  # rows that read, and the ids that were let go meanwhile

    def enter(self, row: int, wanted: Iterable[Claim]) -> None:
        """Take a row's claims; rows enter in rising order."""
        holding = self._holdings[row] = Holding()
        for claim in wanted:
            holding.needs[claim.need] = claim.name
            self._stand(row, claim.name, exclusive=claim.exclusive)
            if claim.frees:
                insort(self._freeing.setdefault(claim.name.type, []), row)
            if claim.takes:
                holding.taken.add(claim.name)
            if claim.traced:
                self._trace(row, claim)

    def _trace(self, row: int, claim: Claim) -> None:
        holding, told = self._holdings[row], claim.told
        maker = self._holdings.get(claim.need.row) if isinstance(claim.need, Parent) else None
        if maker is not None:
            told |= {name.attribute for name in maker.taken}
        holding.traced[claim.name] = told
        if claim.name.attribute != "id":
            holding.unknown.add(claim.name)
            insort(self._unknown.setdefault(claim.name.type, {}).setdefault(told, []), row)

    def _stand(self, row: int, name: Key, *, exclusive: bool) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane()
        insort(lane.rows(exclusive=exclusive), row)
        self._holdings[row].names[name] = exclusive

    def holds(self, row: int, need: Need) -> bool:
        """Return whether the row may touch the resource now; a need that it never claimed is free."""
        holding = self._holdings[row]
        name = _name_of(holding, need)
        if name is None:
            return True
        alias = holding.aliases.get(name)
        names = (name, alias) if alias else (name,)
        lets = all(self._lets(row, one) for one in names if one in holding.names)
        return lets and not self._is_hidden(row, name)

    def hidden(self, row: int, need: Need) -> bool:
        """Return whether what stands in the way is a name whose id is not known yet."""
        name = _name_of(self._holdings[row], need)
        return name is not None and self._is_hidden(row, name)

    def kind(self, row: int, need: Need) -> tuple[str, frozenset[str]] | None:
        """Return what decides whether a name is hidden: where an earlier row's is, a later row's of its kind is too."""
        holding = self._holdings[row]
        name = _name_of(holding, need)
        return (name.type, holding.traced[name]) if name is not None and name in holding.traced else None

    def _lets(self, row: int, name: Key) -> bool:
        return self._lanes[name].lets(row, exclusive=self._holdings[row].names[name])

    def _is_hidden(self, row: int, name: Key) -> bool:
        """Return whether an earlier row's claim, its id or its names not known, may be on the same resource."""
        holding = self._holdings[row]
        freeing = self._freeing.get(name.type) if name in holding.taken else None
        if freeing and freeing[0] < row:
            return True
        told = holding.traced.get(name)
        if told is None:
            return False
        others = self._unknown.get(name.type, {})
        return any(rows and rows[0] < row for other, rows in others.items() if told.isdisjoint(other))

    def known(self, row: int, need: Need, resource_id: str) -> None:
        """Note the id behind a claimed name, so that claims by other names of it are seen."""
        holding = self._holdings[row]
        name = _name_of(holding, need)
        if name is None or name.attribute == "id" or name in holding.aliases:
            return
        alias = Key(name.type, "id", resource_id)
        holding.aliases[name] = alias
        self._forget_unknown(row, name)
        if alias not in holding.names:
            self._stand(row, alias, exclusive=holding.names[name])

    def begin_reading(self, row: int) -> None:
        """Note that a row reads from now on."""
        self._reading[row] = set()

    def end_reading(self, row: int) -> set[Key]:
        """Return the lanes of the ids that other rows may have changed while the row read."""
        return self._reading.pop(row, set())

    def named(self, row: int, names: Iterable[Key]) -> None:
        """Note by which names the resource is known that a row changes, now that it was read."""
        if not self._frees_no_more(row):
            return
        for name in names:
            if name.folded not in self._holdings[row].names:
                self._stand(row, name.folded, exclusive=True)

    def _frees_no_more(self, row: int) -> bool:
        """Drop a row from those whose names are not known; return whether it was one of them."""
        for rows in self._freeing.values():
            if row in rows:
                rows.remove(row)
                return True
        return False

    def _forget_unknown(self, row: int, name: Key) -> None:
        holding = self._holdings[row]
        if name in holding.unknown:
            holding.unknown.remove(name)
            self._unknown[name.type][holding.traced[name]].remove(row)

    def ids(self, row: int) -> Mapping[Key, Key]:
        """Return the lane of the id behind each of a row's names that is known."""
        return self._holdings[row].aliases

    def lend(self, row: int) -> set[int]:
        """Let later rows refer to what a row has made; return the rows that may go on because of it."""
        holding = self._holdings[row]
        made = holding.needs[Parent(row)]
        own = [name for name in (made, holding.aliases.get(made)) if name and holding.names[name]]
        for name in own:
            lane = self._lanes[name]
            lane.exclusive.remove(row)
            insort(lane.shared, row)
            holding.names[name] = False
        holding.lent.update(own)
        return {other for name in own for other in self._lanes[name].freed(exclusive=True)}

    def leave(self, row: int) -> set[int]:
        """Drop all claims of a row; return the rows that may go on because of it."""
        holding = self._holdings[row]
        self._frees_no_more(row)
        freed = {other for name in list(holding.names) for other in self._drop(row, name)}
        del self._holdings[row]
        return freed

    def _drop(self, row: int, name: Key) -> list[int]:
        holding = self._holdings[row]
        exclusive = holding.names.pop(name)
        holding.aliases.pop(name, None)
        self._forget_unknown(row, name)
        lane = self._lanes[name]
        changes = exclusive or name in holding.lent
        for changed in self._reading.values() if changes and name.attribute == "id" else ():
            changed.add(name)
        lane.rows(exclusive=exclusive).remove(row)
        if not lane.exclusive and not lane.shared:
            del self._lanes[name]
        return lane.freed(exclusive=exclusive)


def _name_of(holding: Holding, need: Need) -> Key | None:
    """Return the lane behind a need: as claimed, or an id that a claimed name turned out to have."""
    if isinstance(need, Key):
        need = need if need in holding.needs else need.folded
        if need in holding.names and need not in holding.needs:
            return next((name for name, alias in holding.aliases.items() if alias == need), need)
    name = holding.needs.get(need)
    return name if name in holding.names else None
