"""In which way a job looks users up with the fewest requests, and about how many those are (pure).

Ways, the cheapest first: names of several rows in one filter; one listing, again whenever it is too old; each name by itself.
"""

from dataclasses import dataclass, field
from math import ceil, inf

from bulkscim.model.operation import GROUP, USER
from bulkscim.planning.before_image import LONGEST_S, fresh_s
from bulkscim.providers.profile import Profile

FEW = 3  # pages of a listing that may always be read
SHARE = 20  # rows that create users for each further page
WORTH = 2  # lookups that a page of a listing which is read again saves at least
LAST = 1  # page more than the resources of a listing fill, as pages overlap, or to show that it was the last
TRIED = 1  # page of a listing that turns out to be too long, and is of no use
SINGLES = 10  # names of creates that are asked for where a listing is too long
MOST = 50  # names in one filter
PROOF = 9  # reads that show what lookups show, and what they do not, before these are relied on

LISTING = "one listing of the users"
EACH = "each user by itself"
REPORTS = "a listing of the users for those whose manager goes"
GROUPS, GROUPS_TOGETHER = "each group by itself", "up to {0} groups in one filter"


def most_pages(creates: int, *, together: bool = False) -> int:
    """Return how many pages are worth reading before so many creates; `together`: else filters with several names are asked."""
    return max(FEW, most_for_upserts(creates, together=together))


def most_for_upserts(upserts: int, *, together: bool) -> int:
    """Return how many pages are worth reading before so many rows that create or change users."""
    return upserts // (MOST if together else SHARE)


def most_again(changes: int, served: int) -> int:
    """Return how many pages a listing may have that is read for changes, of which it can serve so many before it is old."""
    return min(changes, served) // WORTH


def most_for_names(names: int, *, together: bool) -> int:
    """Return how many pages a listing may have that is read for so many names; `together`: else a filter takes several."""
    return max(0, names // (MOST if together else WORTH) - LAST - TRIED)


def most_for_plan(changes: int) -> int:
    """Return how many pages a listing may have that is read for a plan, where a filter takes several names."""
    pages = changes // MOST - LAST
    return pages if pages >= FEW else 0


def most_for_absent(names: int) -> int:
    """Return how many pages a listing may have that proves of so many names that they are not there."""
    return max(0, names - LAST - 1)


def served(age_s: float, interval_s: float, most: int) -> int:
    """Return how many rows can use what is read now before it is too old, one being sent each `interval_s` seconds."""
    return int(min(most, age_s / interval_s - 1)) if interval_s else most


@dataclass(frozen=True, slots=True)
class UserRows:
    """How many rows of a job create users, create or change them, change them, and remove or overwrite them.

    Of the last, `deletes` delete them. `names` are further users that rows only name. `groups` are rows that change or
    delete a group, which is read before. `hidden` are removals of users that are shown by their ids alone.
    """

    creates: int = 0
    upserts: int = 0
    changes: int = 0
    removals: int = 0
    deletes: int = 0
    names: int = 0
    groups: int = 0
    hidden: int = 0


@dataclass(slots=True)
class Lookups:
    """What lookups cost: by way, by what the rows do (as in `UserRows`), and `pages`, which serve many rows."""

    ways: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    pages: int = 0

    def add(self, what: str, way: str, cost: int) -> None:
        """Add requests of a way."""
        self.ways[way] = self.ways.get(way, 0) + cost
        if "listing" in way:
            self.pages += cost
        else:
            self.rows[what] = self.rows.get(what, 0) + cost

    @property
    def total(self) -> int:
        """How many requests they are."""
        return sum(self.ways.values())

    @property
    def told(self) -> str:
        """About how many requests look users up, and in which way; empty where none do."""
        total = self.total
        return f"about {total:,} request{'s' * (total != 1)}: {', '.join(self.ways)}" if self.ways else ""


def lookups(
    rows: UserRows, profile: Profile, users: int | None, interval_s: float, *, plans: bool = False
) -> Lookups:
    """Return what it costs to look users up, and the groups that go. `users`: in the tenant; `plans`: for a plan."""
    pages = None if users is None else max(1, ceil(users / profile.page_size))
    found = Lookups()
    makes = rows.creates + rows.upserts
    asks = rows.upserts or (rows.creates and profile.assumes_unique)
    joins = _together(profile)
    most = (
        most_for_upserts(makes, together=joins)
        if rows.upserts
        else most_pages(makes, together=joins and plans)
    )
    if asks and pages is not None and pages <= most:
        found.add("makes", LISTING, pages)
    elif rows.upserts or (plans and asks and joins):
        count = makes if plans else rows.upserts
        _by_name(found, "makes", count, profile, None, served(LONGEST_S, interval_s, MOST))
    elif asks:
        found.add("makes", "the first names, each by itself", min(makes, max(SINGLES, most_pages(makes))))
    at_hand = None if makes else pages
    careful_s = LONGEST_S if profile.etag else fresh_s(interval_s)  # versions guard older images
    if plans and at_hand is not None and at_hand <= most_for_plan(rows.changes + rows.removals):
        found.add("changes", LISTING, at_hand)
        changes: tuple[tuple[str, int, float], ...] = ()
    else:
        changes = (("changes", rows.changes, LONGEST_S), ("removals", rows.removals, careful_s))
    for what, count, age_s in (("names", rows.names, LONGEST_S), *changes):
        if count:
            serves = served(inf if plans else age_s, interval_s, count)
            _by_name(found, what, count, profile, at_hand, serves)
    if rows.hidden:
        found.add("removals", EACH, rows.hidden)
    if rows.deletes and pages is not None:
        found.add("removals", REPORTS, min(pages + FEW, rows.deletes + FEW))
    if rows.groups:
        _groups(found, rows, profile)
    return found


def _groups(found: Lookups, rows: UserRows, profile: Profile) -> None:
    if profile.filter and GROUP not in profile.unquoted_filters:
        together = min(rows.groups, ceil(rows.groups / MOST) + PROOF)
        found.add("groups", GROUPS_TOGETHER.format(MOST), together)
    else:
        found.add("groups", GROUPS, rows.groups)


def _together(profile: Profile) -> bool:
    return profile.filter and USER not in profile.unquoted_filters


def _by_name(found: Lookups, what: str, count: int, profile: Profile, pages: int | None, serves: int) -> None:
    """Add the way in which rows find their users, and its cost; `pages`: of a listing, None where none will do."""
    together = min(MOST, serves)
    joins = _together(profile) and together > 1
    if what == "names" and pages is not None and pages <= most_for_names(count, together=joins):
        found.add(what, LISTING, pages)
    elif joins:
        proof = min(PROOF, count)
        found.add(
            what, f"names of up to {together} rows in one filter", min(count, ceil(count / together) + proof)
        )
    elif pages is not None and pages <= most_again(count, serves):
        times = ceil(count / max(1, serves - pages)) if serves < count else 1
        found.add(
            what, LISTING if times == 1 else "a listing of the users, again when it is too old", times * pages
        )
    else:
        found.add(what, EACH, count)
