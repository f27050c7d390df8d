"""The users that a tenant lists, read once before a job: seats in use, sizes of departments and domains, and what the job does to these.

What a job does is known as far as the listing shows the users that its rows name. Guards ask again before each step.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from bulkscim.engine.step_guards import Done
from bulkscim.errors import Refused, Stopped
from bulkscim.model.active import ACTIVE, is_inactive, last_set, stated
from bulkscim.model.guard_table import Effect
from bulkscim.model.operation import ENTERPRISE, USER, JsonObject, Key, Operation
from bulkscim.planning.lookups import emails_of
from bulkscim.planning.protect import takes_away
from bulkscim.planning.shares import shares_of
from bulkscim.runs.request import RunRequest
from bulkscim.runs.seats import Seats
from bulkscim.runs.session import Visit
from bulkscim.runs.tenant_reader import Browser, reads_over
from bulkscim.scim import paths

_ADD = """insert into asked (attribute, folded, turn, ends, deletes, makes) values (?, ?, ?, ?, ?, ?) on conflict do update set
    turn = case excluded.turn when 'same' then turn else excluded.turn end,
    ends = max(ends, excluded.ends),
    deletes = max(deletes, excluded.deletes),
    makes = max(makes, excluded.makes)"""


class Turn(StrEnum):
    """What rows make of a user in the end."""

    ON = "on"
    OFF = "off"
    SAME = "same"  # as it is, or active where it is created


class AskedOf(NamedTuple):
    """What rows make of a user in the end, and whether one of them deletes or deactivates it, or deletes it."""

    turn: Turn = Turn.SAME
    ends: bool = False
    deletes: bool = False


class AskedUsers:
    """What a job asks of each user that its rows name, kept off the heap."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a private temporary file
        self._database.execute(
            "create table asked (attribute text, folded text, turn text, ends integer, deletes integer,"
            " makes integer, seen integer default 0, primary key (attribute, folded))"
        )
        asked = (one for one in operations if one.type == USER and one.target.attribute != "ref")
        self._database.executemany(_ADD, map(_asked, asked))
        self.attributes = {one for (one,) in self._database.execute("select distinct attribute from asked")}

    def of(self, user: JsonObject) -> AskedOf:
        """Return what is asked of a user that exists."""
        found = AskedOf()
        query = "update asked set seen = 1 where attribute = ? and folded = ? returning turn, ends, deletes"
        for key in _keys(user):
            for turn, ends, deletes in self._database.execute(
                query, (key.attribute, key.folded.value)
            ).fetchall():
                last = found.turn if turn == Turn.SAME else Turn(turn)
                found = AskedOf(last, found.ends or bool(ends), found.deletes or bool(deletes))
        return found

    def new(self) -> int:
        """Return how many users are created active: those that were not seen."""
        query = "select count(*) from asked where makes and not seen and turn != 'off'"
        (found,) = self._database.execute(query).fetchone()
        return int(found)

    def close(self) -> None:
        """Drop what is asked."""
        self._database.close()


def _asked(operation: Operation) -> tuple[str, str, str, bool, bool, bool]:
    """Return what an operation asks of its user: one that exists is not changed by a create."""
    key, makes = operation.target, operation.spec.makes
    ends = takes_away(operation) and operation.spec.finds
    changes = ((one.path, one.value) for one in operation.changes)
    goes_on = operation.spec.finds and (operation.spec.active or stated(operation.data) or last_set(changes))
    turn = Turn.OFF if ends or is_inactive(operation.data) else Turn.ON if goes_on else Turn.SAME
    return key.attribute, key.folded.value, turn, ends, operation.spec.deletes, makes


def _keys(user: JsonObject) -> list[Key]:
    """Return by which keys rows may name a user."""
    names = ((name, paths.find(user, name)) for name in ("id", "userName", "externalId"))
    found = [Key(USER, name, value) for name, value in names if isinstance(value, str)]
    return found + [Key(USER, "emails.value", one) for one in emails_of(user)]


@dataclass(slots=True)
class ListedUsers:
    """What a listing told: the seats where their number is set, the sizes where a share is bounded, and what the job does."""

    seats: Seats | None = None
    sizes: Counter[str] | None = None
    foreseen: Done = field(default_factory=Done)


async def listed_users(
    request: RunRequest,
    removals: int,
    operations: Iterable[Operation],
    visit: Visit,
    say: Callable[[str], None],
) -> ListedUsers:
    """List all users where a guard needs that: where seats are bounded, or a share of them in a job that removes users.

    Refused where a flag asks for such a guard, or a share is bounded, and the tenant does not show all of its users.
    """
    limits, standing = request.limits, request.standing
    seats = limits.seats if limits.seats is not None else standing.seats
    shares = bool(removals) and bool(limits.max_share or standing.max_share)
    if seats is None and not shares:
        return ListedUsers()
    found = ListedUsers(None if seats is None else Seats(seats), Counter() if shares else None)
    browser = Browser(visit.seen.profile, (), reads_over(visit), say)
    unknown = ""
    with closing(AskedUsers(operations)) as asked:
        names = {"userName", *({ACTIVE} if found.seats else ()), *({"emails", ENTERPRISE} if shares else ())}
        names |= {one.partition(".")[0] for one in asked.attributes} - {"id"}
        try:
            async for user in browser.resources(USER, partial(_part, sorted(names))):
                _take(found, user, asked.of(user))
        except Stopped as error:
            unknown = str(error)
        found.foreseen.effects[Effect.TAKE_SEAT] += asked.new()
    unknown = unknown or "; ".join(browser.warnings)
    if unknown:
        _refuse_unknown(shares=shares, seats=limits.seats, unknown=unknown)
        found.seats = found.seats and Seats(found.seats.number, unknown=unknown)
    return found


def _take(found: ListedUsers, user: JsonObject, asked: AskedOf) -> None:
    """Take in a user, and what is asked of it."""
    active, parts = not is_inactive(user), list(shares_of(user))
    if found.seats is not None:
        found.seats = found.seats.with_user(user)
    if found.sizes is not None:
        found.sizes.update(parts)
    if asked.deletes or (asked.ends and active):
        found.foreseen.parts.update(parts)
    found.foreseen.effects[Effect.FREE_SEAT] += active and asked.turn is Turn.OFF
    found.foreseen.effects[Effect.TAKE_SEAT] += not active and asked.turn is Turn.ON


async def seats_in_use(number: int, visit: Visit, say: Callable[[str], None]) -> Seats:
    """List all users, and return how many of so many seats they have; Refused where not all users are shown."""
    browser, found, unknown = Browser(visit.seen.profile, (), reads_over(visit), say), Seats(number), ""
    try:
        async for user in browser.resources(USER, partial(_part, ("userName", ACTIVE))):
            found = found.with_user(user)
    except Stopped as error:
        unknown = str(error)
    unknown = unknown or "; ".join(browser.warnings)
    if unknown:
        _refuse_unknown(shares=False, seats=number, unknown=unknown)
    return found


def _refuse_unknown(*, shares: bool, seats: int | None, unknown: str) -> None:
    """Raise Refused for a guard that cannot be held where not all users are shown."""
    if shares:
        raise Refused(
            f"--max-share: the users of each department and domain cannot be counted: {unknown}. Nothing was sent; set no "
            "max_share for this job to go on without this guard"
        )
    if seats is not None:
        raise Refused(
            f"--seats {seats}: how many seats are used is unknown: {unknown}. Nothing was sent; leave --seats out to go "
            "on without this guard"
        )


def _part(names: Iterable[str], user: JsonObject) -> JsonObject:
    return {name: value for name in names if (value := paths.find(user, name)) is not None}
