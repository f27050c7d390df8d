"""Which way to look users up costs the fewest requests, and about how many those are (pure).

Ways, the cheapest first: names of several rows in one filter; one listing, again whenever it is too old; each name by itself.
"""

from dataclasses import dataclass
from math import ceil

from bulkscim.model.operation import USER
from bulkscim.planning.before_image import LONGEST_S, fresh_s
from bulkscim.providers.profile import Profile

FEW = 3  # pages of a listing that may always be read
SHARE = 20  # rows that create users for each further page
WORTH = 2  # lookups that a page of a listing which is read again saves at least
SINGLES = 10  # names of creates that are asked for where a listing is too long
MOST = 50  # names in one filter


def most_pages(creates: int) -> int:
    """Return how many pages are worth reading before so many creates."""
    return max(FEW, creates // SHARE)


def most_again(changes: int, served: int) -> int:
    """Return how many pages a listing may have that is read for changes, of which it can serve so many before it is old."""
    return min(changes, served) // WORTH


def served(age_s: float, interval_s: float, most: int) -> int:
    """Return how many rows can use what is read now before it is too old, one being sent each `interval_s` seconds."""
    return int(min(most, age_s / interval_s - 1)) if interval_s else most


@dataclass(frozen=True, slots=True)
class UserRows:
    """How many rows of a job create users, create or change them, change them, and remove or overwrite them."""

    creates: int = 0
    upserts: int = 0
    changes: int = 0
    removals: int = 0


def lookups_told(
    rows: UserRows, profile: Profile, users: int | None, interval_s: float, longest_s: float | None = None
) -> str:
    """Return about how many requests look users up, and in which way; empty where none do. `users`: in the tenant.

    `longest_s`: how old a before-image may be, where the usual `LONGEST_S` is not wanted.
    """
    fresh = fresh_s(interval_s)
    longest_s = max(LONGEST_S if longest_s is None else longest_s, fresh)
    pages = None if users is None else max(1, ceil(users / profile.page_size))
    ways: dict[str, int] = {}
    makes = rows.creates + rows.upserts
    asks = rows.upserts or (rows.creates and profile.assumes_unique)
    if asks and pages is not None and pages <= (makes // SHARE if rows.upserts else most_pages(makes)):
        ways["one listing of the users"] = pages
    elif rows.upserts:
        _add(ways, *_by_name(rows.upserts, profile, None, served(longest_s, interval_s, MOST)))
    elif asks:
        ways["the first names, each by itself"] = min(makes, max(SINGLES, most_pages(makes)))
    for count, age_s in ((rows.changes, longest_s), (rows.removals, fresh)):
        if count:
            _add(ways, *_by_name(count, profile, None if makes else pages, served(age_s, interval_s, count)))
    total = sum(ways.values())
    return f"about {total:,} request{'s' * (total != 1)}: {', '.join(ways)}" if ways else ""


def _add(ways: dict[str, int], way: str, cost: int) -> None:
    ways[way] = ways.get(way, 0) + cost


def _by_name(count: int, profile: Profile, pages: int | None, serves: int) -> tuple[str, int]:
    """Return the way in which rows find their users, and its cost; `pages`: of a listing, None where none will do."""
    together = min(MOST, serves)
    if profile.filter and USER not in profile.unquoted_filters and together > 1:
        return f"names of up to {together} rows in one filter", ceil(count / together)
    if pages is not None and pages <= most_again(count, serves):
        times = ceil(count / max(1, serves - pages)) if serves < count else 1
        often = (
            "one listing of the users" if times == 1 else "a listing of the users, again when it is too old"
        )
        return often, times * pages
    return "each user by itself", count
