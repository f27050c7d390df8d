"""What a job costs, by what its rows ask: the forecast that is made before it is approved (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from bulkscim.model.operation import MAKES, USER, VERBS, Verb
from bulkscim.planning.forecast import Forecast, shared_requests
from bulkscim.planning.lookup_costs import FEW, MOST, Lookups, UserRows, lookups
from bulkscim.providers.profile import Profile

BATCH = 1_000  # rows that are under way at once
_ALONE = 8  # rows
_MOVED = 3  # requests of one who may leave another group
_TOLD = 4  # users by which it is known whether that happens


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rows of a job ask.

    `verbs` counts them by verb and type. `groups` has the number of memberships in each group that rows name; `names` counts
    users that rows name only. `creates_groups`: missing ones. `undoes`: it is a rollback. `plans`: nothing is sent but reads.
    `hidden` counts users that the tenant shows by their ids alone.
    """

    verbs: Mapping[tuple[Verb, str], int]
    groups: tuple[int, ...] = ()
    names: int = 0
    creates_groups: bool = False
    undoes: bool = False
    plans: bool = False
    hidden: int = 0

    @property
    def users(self) -> UserRows:
        """The rows by what they do to users; a rollback looks at each just before it takes a change back."""
        overwrites = {verb for verb, spec in VERBS.items() if spec.method in {"DELETE", "PUT"}}
        makes, updates = set(MAKES), {verb for verb, spec in VERBS.items() if spec.updates}
        others = set(VERBS) - makes - overwrites
        names = 0 if self._count(MAKES, USER) else self.names
        groups = sum(
            count
            for (verb, kind), count in self.verbs.items()
            if kind != USER and verb not in makes and not VERBS[verb].is_membership
        )
        deletes = self._count({Verb.DELETE}, USER)
        if self.undoes:
            hidden = min(self.hidden, self._count(others, USER))
            removals = self._count(others | overwrites, USER) - hidden
            return UserRows(0, 0, 0, removals, deletes, names, groups, hidden)
        return UserRows(
            self._count(makes - updates, USER),
            self._count(updates, USER),
            self._count(others, USER),
            self._count(overwrites, USER),
            deletes,
            names,
            groups,
        )

    def _count(self, verbs: Iterable[Verb], kind: str) -> int:
        return sum(self.verbs.get((verb, kind), 0) for verb in verbs)

    @property
    def may_be_more(self) -> bool:
        """Whether it may take more than is forecast.

        Before a value is compared, changed or deleted, lists stand in for reads by id only where they are proved to show
        as much.
        """
        return self.undoes or any(VERBS[verb].takes_values and kind == USER for verb, kind in self.verbs)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a job costs: all requests, and those of lookups among them. It `may_be_more`."""

    forecast: Forecast = field(default_factory=Forecast)
    lookups: Lookups = field(default_factory=Lookups)
    may_be_more: bool = False


def costs(asked: Asked, profile: Profile, users: int | None, interval_s: float) -> Costs:
    """Return about what a job costs in a tenant of so many users, where a request is sent each `interval_s` seconds."""
    found = lookups(asked.users, profile, users, interval_s, plans=asked.plans)
    rows = {f"{verb.value} {kind}": count for (verb, kind), count in asked.verbs.items()}
    reads = {
        f"{verb.value} {kind}": _looked_up(found, asked, verb, kind) + _left(profile, asked, verb, count)
        for (verb, kind), count in asked.verbs.items()
    }
    writes = {f"{verb.value} {kind}": _own(asked, verb, count) for (verb, kind), count in asked.verbs.items()}
    links, each = sum(asked.groups), profile.most_members
    batches = ceil(sum(rows.values()) / BATCH) if asked.users.creates else 1
    seconds = sum(rows.values()) * interval_s
    shared = shared_requests(
        asked.groups, each, creates=asked.creates_groups, batches=batches, seconds=seconds
    )
    if profile.one_group and asked.users.creates and not profile.is_one_group_sure:
        # Users that join a second group: the first ones tell whether that moves them.
        shared += _MOVED * min(_TOLD, max(0, links - asked.users.creates))
    if asked.plans:
        shared = float(min(len(asked.groups), ceil(len(asked.groups) / MOST) + FEW))
    return Costs(Forecast(rows, reads, writes, found.pages, links, shared), found, asked.may_be_more)


def _left(profile: Profile, asked: Asked, verb: Verb, count: int) -> float:
    """Return about what so many rows read of their members, where joining a group may take a user out of another one.

    The first rows read each member by itself, until one listing is proved to tell of all of them. Users that move to another
    group take a read and a request each: how many do is not known.
    """
    alone = VERBS[verb].adds_member and profile.one_group and not asked.plans
    return float(min(count, _ALONE)) if alone else 0.0


def _own(asked: Asked, verb: Verb, count: int) -> float:
    """Return the requests that change what the rows of a verb are about."""
    return 0.0 if asked.plans or VERBS[verb].is_membership else float(count)


def _looked_up(found: Lookups, asked: Asked, verb: Verb, kind: str) -> float:
    """Return the share of the lookups that rows of a verb take."""
    what = _what(asked, verb, kind)
    if what not in found.rows:
        return 0.0
    alike = sum(count for (one, of), count in asked.verbs.items() if _what(asked, one, of) == what)
    return found.rows[what] * asked.verbs[verb, kind] / alike


def _what(asked: Asked, verb: Verb, kind: str) -> str:
    """Return under what the lookups of a verb are counted."""
    spec = VERBS[verb]
    if spec.is_membership:
        return "names"
    if kind != USER:
        return "names" if spec.makes else "groups"
    if spec.makes:
        return "makes"
    return "removals" if asked.undoes or spec.method in {"DELETE", "PUT"} else "changes"
