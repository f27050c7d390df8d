"""What a probe asks by reading: a table of questions, each asked as soon as its answer could prove something (pure)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.probing.filters import ALL, NOTHING, absent_is, has_value
from bulkscim.providers.probing.record import (
    GROUP_READS,
    Record,
    all_members,
    groups_of,
    is_deactivated,
    name_of,
)
from bulkscim.scim import discovery, filters, paths, protocol

MOST = 1000  # users that one page is asked for
FEW = 10
SOME = ("title", "externalId", "nickName", "displayName", "userType", "preferredLanguage", "name", "emails")


@dataclass(frozen=True, slots=True)
class Question:
    """One read of the tenant, by its name."""

    name: str
    path: str


def next_question(record: Record) -> Question | None:
    """Return what to ask next; None where no further answer could prove anything."""
    for name, path_of in _QUESTIONS.items():
        if name not in record.answers and (path := path_of(record)) is not None:
            return Question(name, path)
    return None


def asked_size(record: Record) -> int:
    """Return how many users a page is asked for: more than most tenants show at a time."""
    return max(MOST, record.profile.page_size)


def partly(record: Record) -> str | None:
    """Return an attribute that some listed users have and others have not."""
    users = record.users
    for name in SOME:
        having = sum(map(has_value(name), users))
        if 0 < having < len(users):
            return name
    return None


def beginning(record: Record) -> str | None:
    """Return how the chosen user's name begins, where not all listed users' names do."""
    return _part(record, lambda name: name[: max(1, len(name) - 2)], str.startswith)


def middle(record: Record) -> str | None:
    """Return a part of the chosen user's name that not all listed users' names contain."""
    return _part(record, lambda name: name[1 : max(2, len(name.partition("@")[0]))], str.__contains__)


def _part(record: Record, cut: Callable[[str], str], has: Callable[[str, str], bool]) -> str | None:
    if not record.has_two:
        return None
    part = cut(_name(record, 0)).casefold()
    names = [name_of(one, "userName").casefold() for one in record.users]
    return part if part and not all(has(name, part) for name in names) else None


def email_of(user: JsonObject) -> str | None:
    """Return an e-mail address that a user shows."""
    found = paths.get(user, "emails.value")
    listed = found if isinstance(found, list) else [found]
    return next((one for one in listed if isinstance(one, str) and one), None)


def sample_group(record: Record) -> JsonObject | None:
    """Return a group to filter for: one that was read with members, else the first that is listed."""
    read = [one for one in record.groups_read if all_members(one)]
    named = [one for one in (*read, *record.groups) if name_of(one, "displayName")]
    return named[0] if named else None


def _name(record: Record, place: int) -> str:
    return name_of(record.chosen[place], "userName")


def _filter(kind: str, text: str) -> str:
    return f"{protocol.collection(kind)}?{filters.query(text)}"


def _eq(attribute: str, value: str) -> str:
    return filters.equals(attribute, value)


def _takes_filters(record: Record) -> bool:
    """Return whether further filters of users are worth a request: names are looked for as asked."""
    answer = record.answers.get("eq")
    return (
        len(record.chosen) > 0
        and answer is not None
        and answer.listing is not None
        and "absent" in record.answers
        and absent_is(record, "absent") != ALL
    )


def _when(holds: bool, path: str) -> str | None:  # noqa: FBT001 - a condition is what it is
    return path if holds else None


def _more_users(record: Record) -> str | None:
    answer = record.answers.get("page")
    if answer is None or answer.listing is not None:
        return None
    size = record.profile.page_size
    if record.profile.cursor:
        return protocol.cursor_path(USER, "", size)
    return protocol.page_path(USER, 1, size)


def _end(record: Record) -> str | None:
    page = record.page
    if page is None or page.total is None or page.total <= page.size or "second" not in record.answers:
        return None
    return protocol.page_path(USER, page.total, 2)


def _next_cursor(record: Record) -> str | None:
    listing = record.listing("cursor")
    return protocol.cursor_path(USER, listing.next_cursor, 1) if listing and listing.next_cursor else None


def _user(place: int) -> Callable[[Record], str | None]:
    def path(record: Record) -> str | None:
        if len(record.chosen) <= place:
            return None
        return protocol.resource_path(USER, record.chosen[place]["id"])

    return path


def _of_chosen(text: Callable[[Record], str | None]) -> Callable[[Record], str | None]:
    """Return the path of a filter of users, where such filters are worth a request."""

    def path(record: Record) -> str | None:
        found = text(record) if _takes_filters(record) else None
        return None if found is None else _filter(USER, found)

    return path


def _bare(record: Record) -> str | None:
    answer = record.answers.get("eq")
    if answer is None or not answer.is_refused or any(each.isspace() for each in _name(record, 0)):
        return None
    return _filter(USER, filters.equals("userName", _name(record, 0), quoted=False))


def _swapped(name: str, attribute: str) -> str | None:
    return _eq(attribute, name.swapcase()) if name.isascii() and name.swapcase() != name else None


def _two(word: str) -> Callable[[Record], str | None]:
    def text(record: Record) -> str | None:
        if not record.has_two:
            return None
        return f" {word} ".join(_eq("userName", _name(record, place)) for place in (0, 1))

    return text


def _inactive(record: Record) -> str | None:
    named = [one for one in record.users if is_deactivated(one) and name_of(one, "userName")]
    return _eq("userName", name_of(named[0], "userName")) if named else None


def _group(place: int) -> Callable[[Record], str | None]:
    """Return the path of a group to read: one that shows members first, then one that a user says to be in."""

    def path(record: Record) -> str | None:
        if any(all_members(one) for one in record.groups_read):
            return None
        known = {one["id"]: one for one in record.groups}
        told = [
            one for user in record.users_read for one in sorted(groups_of(user)) if protocol.is_usable(one)
        ]
        ranked = sorted(known, key=lambda one: -len(all_members(known[one])))
        most = [one for one in ranked[:1] if all_members(known[one])]
        order = list(dict.fromkeys((*most, *told, *ranked)))
        return protocol.resource_path(GROUP, order[place]) if len(order) > place else None

    return path


def _member(record: Record) -> str | None:
    """Return the path of a user who is a member of a group that was read by its id."""
    members = [one for group in record.groups_read for one in sorted(all_members(group))]
    users = [one for one in members if one in set(record.members)]
    return protocol.resource_path(USER, users[0]) if users else None


def _hidden(record: Record) -> str | None:
    """Return the path of a member of a group who is not among all users that are listed."""
    listed = {one["id"] for one in record.users}
    lacking = [one for one in record.members if one not in listed]
    return protocol.resource_path(USER, lacking[0]) if lacking and record.is_whole else None


def _group_filter(text: Callable[[JsonObject], str | None]) -> Callable[[Record], str | None]:
    def path(record: Record) -> str | None:
        group = sample_group(record)
        found = text(group) if group else None
        return None if found is None else _filter(GROUP, found)

    return path


def _by_member(record: Record) -> str | None:
    members = [one for group in record.groups_read for one in sorted(all_members(group))]
    known = [one for one in members if one in set(record.members)] or [one["id"] for one in record.chosen]
    return _filter(GROUP, _eq("members.value", known[0])) if known and record.groups else None


def _by_absent_member(record: Record) -> str | None:
    found = record.listing("member filter")
    return _filter(GROUP, _eq("members.value", record.absent)) if found and found.size else None


def _by_another(record: Record) -> str | None:
    """Return the path of a filter by a user that is not among the members of the group that shows the most.

    It is the one that follows the last member in the listing of users: a list that is cut often has the same order.
    """
    group, found = record.fullest, record.listing("member filter")
    if group is None or not found or absent_is(record, "absent member") != NOTHING:
        return None
    users, members = [one["id"] for one in record.users], all_members(group)
    last = max((place for place, one in enumerate(users) if one in members), default=-1)
    others = [one for one in (*users[last + 1 :], *users) if one not in members]
    return _filter(GROUP, _eq("members.value", others[0])) if others else None


def _without_members(record: Record) -> str | None:
    shown = any(all_members(one) for one in record.groups)
    return protocol.page_path(GROUP, 1, 1) + "&excludedAttributes=members" if shown else None


def _sorted(record: Record) -> str | None:
    names = {name_of(one, "userName").casefold() for one in record.users}
    wanted = f"{protocol.page_path(USER, 1, FEW)}&sortBy=userName&sortOrder=descending"
    return _when(len(names) > 2, wanted)  # noqa: PLR2004


_QUESTIONS: dict[str, Callable[[Record], str | None]] = {
    "config": lambda _: discovery.CONFIG_PATH,
    "one": lambda _: protocol.page_path(USER, 1, 1),
    "types": lambda _: "/ResourceTypes",
    "schemas": lambda _: "/Schemas",
    "page": lambda record: protocol.page_path(USER, 1, asked_size(record)),
    "lesser page": _more_users,
    "second": lambda record: _when(len(record.users) > 1, protocol.page_path(USER, 2, 1)),
    "end": _end,
    "cursor": lambda record: _when(len(record.users) > 1, protocol.cursor_path(USER, "", 1)),
    "next cursor": _next_cursor,
    "user": _user(0),
    "other user": _user(1),
    "eq": lambda record: _filter(USER, _eq("userName", _name(record, 0))) if record.chosen else None,
    "bare": _bare,
    "absent": lambda record: _filter(USER, _eq("userName", record.absent)) if record.chosen else None,
    "case": _of_chosen(lambda record: _swapped(_name(record, 0), "userName")),
    "id": _of_chosen(lambda record: _eq("id", record.chosen[0]["id"])),
    "externalId": _of_chosen(
        lambda record: _eq("externalId", found) if (found := name_of(record.whole(0), "externalId")) else None
    ),
    "emails.value": _of_chosen(
        lambda record: _eq("emails.value", found) if (found := email_of(record.whole(0))) else None
    ),
    "or": _of_chosen(_two("or")),
    "and the same": _of_chosen(lambda record: " and ".join([_eq("userName", _name(record, 0))] * 2)),
    "and": _of_chosen(_two("and")),
    "sw": _of_chosen(lambda record: f"userName sw {_quoted(part)}" if (part := beginning(record)) else None),
    "co": _of_chosen(lambda record: f"userName co {_quoted(part)}" if (part := middle(record)) else None),
    "pr": _of_chosen(lambda record: f"{partly(record) or 'userName'} pr"),
    "sort": _sorted,
    "attributes": lambda record: _when(
        bool(record.users), protocol.page_path(USER, 1, 1) + "&attributes=userName"
    ),
    "inactive": _of_chosen(_inactive),
    "groups": lambda record: protocol.page_path(GROUP, 1, record.profile.page_size),
    GROUP_READS[0]: _group(0),
    GROUP_READS[1]: _group(1),
    GROUP_READS[2]: _group(2),
    "member": _member,
    "hidden": _hidden,
    "group eq": _group_filter(lambda group: _eq("displayName", name_of(group, "displayName"))),
    "absent group": lambda record: (
        _filter(GROUP, _eq("displayName", record.absent)) if sample_group(record) else None
    ),
    "group case": _group_filter(lambda group: _swapped(name_of(group, "displayName"), "displayName")),
    "member filter": _by_member,
    "absent member": _by_absent_member,
    "another member": _by_another,
    "without members": _without_members,
}


def _quoted(text: str) -> str:
    return filters.equals("", text).removeprefix(" eq ")


def names() -> Iterator[str]:
    """Yield the names of all questions, in the order in which they are asked."""
    yield from _QUESTIONS
