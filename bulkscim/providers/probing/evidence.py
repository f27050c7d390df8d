"""What the answers to reads prove of a tenant: a table of traits, each with its judgement (pure).

A judgement that cannot be made is unknown, never the likely value: an answer that fails, a tenant with too few users or
groups, and a resource that may have been changed in between prove nothing.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Response
from bulkscim.providers.probing.filters import (
    Judge,
    Seen,
    no,
    unseen,
    yes,
)
from bulkscim.providers.probing.questions import (
    asked_size,
)
from bulkscim.providers.probing.record import (
    GONE,
    Record,
    is_deactivated,
    name_of,
)
from bulkscim.scim import paths

_SERVERS_OWN = frozenset({"id", "schemas", "meta"})
_LIMITS = ("ratelimit", "rate-limit", "retry-after")
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_PAIR = 2


def endpoint(question: str) -> Judge:
    """Return the judge of whether an endpoint is there that is never empty."""

    def judge(record: Record) -> Seen:
        answer = record.answers[question]
        if answer.status in GONE:
            return no(answer.told)
        return yes(answer.told) if answer.json is not None else unseen(answer.told)

    return judge


def media_type(record: Record) -> Seen:
    """Judge which media type good answers with JSON have."""
    found = Counter(
        reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        for answer in record.answers.values()
        if answer.json is not None and isinstance(reply := answer.reply, Response)
    )
    if not found:
        return unseen("no good answer")
    kinds = sorted(kind or "none" for kind in found)
    return Seen(" or ".join(kinds), f"{found.total()} answers")


def version(record: Record) -> Seen:
    """Judge whether a user that is read by its id has a version: an ETag header or `meta.version`."""
    answer = record.answers.get("user")
    if answer is None or answer.resource is None or not isinstance(answer.reply, Response):
        return unseen("no user was read by its id")
    shown = [
        name
        for name, value in (
            ("ETag", answer.reply.headers.get("etag")),
            ("meta.version", paths.get(answer.resource, "meta.version")),
        )
        if value
    ]
    return Seen(bool(shown), "a user, read by its id", " and ".join(shown) or "no")


def limit_headers(record: Record) -> Seen:
    """Judge which headers about limits came."""
    replies = [one.reply for one in record.answers.values() if isinstance(one.reply, Response)]
    found = {name for one in replies for name in one.headers if any(part in name for part in _LIMITS)}
    if not found:
        return unseen(f"none in {len(replies)} answers; a 429 may have some")
    return Seen(", ".join(sorted(found)), f"{len(replies)} answers")


def count(record: Record) -> Seen:
    """Judge whether `count` is heeded."""
    one, page = record.listing("one"), record.page
    if one is None or page is None or page.size < _PAIR:
        return unseen("it takes a page with two users")
    return Seen(one.size == 1, f"count=1 showed {one.size}")


def start_index(record: Record) -> Seen:
    """Judge whether `startIndex` is heeded: the second user of a page must be the first from startIndex=2 on."""
    answer, users = record.answers.get("second"), record.users
    if answer is None:
        return unseen("it takes a page with two users")
    if answer.is_refused:
        return no(answer.told, "refused")
    if answer.listing is None:
        return unseen(answer.told)
    if record.page is None or len(users) < record.page.size:
        return unseen("an entry of the page has no id that can be used")
    if not answer.listing.size:
        return no("startIndex=2 showed none", "nothing is shown")
    first = answer.listing.resources[0]["id"] if answer.listing.resources else None
    if first == users[1]["id"]:
        return yes("startIndex=2 began with the second user")
    if first == users[0]["id"]:
        return no("startIndex=2 began with the first user again", "ignored")
    return unseen("the order of users differs between listings")


def page_size(record: Record) -> Seen:
    """Judge how many resources a page shows at most: a page that was cut tells."""
    page = record.listing("page")
    if page is None:
        return unseen(record.answers["page"].told if "page" in record.answers else "no page came")
    is_cut = (page.total or 0) > page.size or page.next_cursor is not None
    asked = asked_size(record)
    if is_cut and 1 < page.size < asked:
        return Seen(page.size, f"{page.size} of {page.total or 'more'} came, {asked} were asked for")
    return unseen(
        f"{page.size} came of {page.total if page.total is not None else 'an untold number'}, {asked} were asked for"
    )


def total(record: Record) -> Seen:
    """Judge whether totalResults counts the whole list."""
    one, page = record.listing("one"), record.page
    if one is None or page is None or page.size < _PAIR:
        return unseen("it takes a page with two users")
    if page.total is None:
        return unseen("a page has none")
    if page.total < page.size or (one.total == one.size < page.size):
        return no(f"{one.total} with {one.size} shown, {page.total} with {page.size} shown")
    if one.total != page.total:
        return unseen(f"it was {one.total}, then {page.total}")
    if page.total == page.size:
        return yes(f"{page.total} for one shown and for all")
    last = record.listing("end")
    if last is None or start_index(record).value is not True:
        return unseen("the end of the listing was not seen")
    if last.size == 1:
        return yes("the last user is at this place, and none is behind it")
    if last.size:
        return no("there are more users behind it")
    return no("fewer users are shown than it says") if last.total == page.total else unseen("it changes")


def cursors(record: Record) -> Seen:
    """Judge whether listings can be paged by cursors (RFC 9865)."""
    answer, after = record.answers.get("cursor"), record.listing("next cursor")
    if answer is None:
        return unseen("it takes a page with two users")
    if answer.is_refused:
        return no(answer.told, "refused")
    if answer.listing is None:
        return unseen(answer.told)
    first = [one["id"] for one in answer.listing.resources]
    if answer.listing.next_cursor is None:
        if answer.listing.size == 1 and len(record.users) > 1:
            return no("a page of one user had no nextCursor")
        return unseen("a page had no nextCursor, and may have shown all")
    if after is None:
        return unseen("the next page did not come")
    again = [one["id"] for one in after.resources]
    return (
        yes("the next page shows others")
        if again and not set(again) & set(first)
        else unseen("the next page shows the same users")
    )


def lists_all(record: Record) -> Seen:
    """Judge whether a listing shows the attributes of users that reads by id show."""
    listed = {one["id"]: one for one in record.users}
    read = [one for each in ("user", "other user") if (one := record.resource(each)) is not None]
    pairs = [(listed[one["id"]], one) for one in read if one["id"] in listed]
    lacking = sorted({name for shown, whole in pairs for name in _lacking(shown, whole)})
    if lacking:
        return no(f"{len(pairs)} users compared with reads by id", f"without {', '.join(lacking)}")
    return (
        yes(f"{len(pairs)} users compared with reads by id")
        if pairs
        else unseen("no user was read by its id")
    )


def _lacking(listed: JsonObject, whole: JsonObject) -> Iterable[str]:
    """Yield the attributes that a listing leaves out, or whose lists it cuts; another value may be a later one."""
    shown = dict(_attributes(listed))
    for name, value in _attributes(whole):
        other = shown.get(name)
        if other is None or (isinstance(value, list) and isinstance(other, list) and len(other) < len(value)):
            yield name


def _attributes(resource: JsonObject) -> Iterable[tuple[str, Any]]:
    for name, value in resource.items():
        folded = name.lower()
        if folded.startswith("urn:") and isinstance(value, dict):
            yield from ((f"{name}:{part}".lower(), one) for part, one in value.items() if one not in _EMPTY)
        elif folded not in _SERVERS_OWN and value not in _EMPTY:
            yield folded, value


def attributes(record: Record) -> Seen:
    """Judge whether `attributes` is heeded."""
    answer, one = record.answers.get("attributes"), record.listing("one")
    if answer is None:
        return unseen("there is no user")
    if answer.is_refused:
        return no(answer.told, "refused")
    shown = {each["id"]: each for each in (answer.listing.resources if answer.listing else ())}
    full = {each["id"]: each for each in (*record.users, *(one.resources if one else ()))}
    both = [(shown[each], full[each]) for each in shown if each in full]
    names = [name for _, whole in both for name, _ in _attributes(whole) if name != "username"]
    if not names:
        return unseen(answer.told if answer.listing is None else "no user with further attributes came")
    kept = [name for part, _ in both for name, _ in _attributes(part) if name != "username"]
    if kept and not is_real(record):
        return unseen("what a listing shows could not be read by its id")
    return Seen(not kept, "attributes=userName", "ignored" if kept else "")


def is_real(record: Record) -> bool:
    """Return whether a listed user was read by its id: some listings are made up."""
    return record.resource("user") is not None or record.resource("other user") is not None


def order(record: Record) -> Seen:
    """Judge whether users can be sorted: names must come in the falling order that was asked for, and not without."""
    answer = record.answers.get("sort")
    if answer is None:
        return unseen("it takes three users with names")
    if answer.is_refused:
        return no(answer.told, "refused")
    if answer.listing is None:
        return unseen(answer.told)
    ids, plain = [one["id"] for one in answer.listing.resources], [one["id"] for one in record.users]
    names = [name_of(one, "userName").casefold() for one in answer.listing.resources]
    is_falling = len(names) > 1 and names == sorted(names, reverse=True)
    if is_falling and ids != plain[: len(ids)]:
        return yes("sortBy=userName&sortOrder=descending")
    if not is_falling and len(ids) > 1 and ids == plain[: len(ids)]:
        return no("the order was that without it", "ignored")
    return unseen("the order proves nothing")


def deactivated_listed(record: Record) -> Seen:
    """Judge whether listings show deactivated users."""
    if is_real(record) and any(map(is_deactivated, record.users)):
        return yes("a listed user is deactivated")
    hidden = record.resource("hidden")
    if hidden is not None and is_deactivated(hidden):
        return no("a member of a group is deactivated, and is in no listing")
    return unseen("no deactivated user was seen")


def whole(record: Record) -> Seen:
    """Judge whether a listing that claims to be whole lacks a user who can be read by its id."""
    hidden = record.resource("hidden")
    if hidden is not None and not is_deactivated(hidden):
        return no("a member of a group is in no listing, and can be read by its id")
    return unseen("nothing contradicts it, and nothing proves it")


def unique_names(record: Record) -> Seen:
    """Judge whether two users have one name; that none do proves nothing."""
    folded = Counter(
        unicodedata.normalize("NFC", name_of(one, "userName")).casefold() for one in record.users
    )
    if any(times > 1 for name, times in folded.items() if name):
        return no("two listed users have one userName")
    return unseen("only a write would tell")


def writes(record: Record) -> Seen:  # noqa: ARG001 - a judge takes what was read
    """Judge what no read can tell."""
    return unseen("only a write would tell")


def reads_by_id(record: Record) -> Seen:
    """Judge whether a listed user can be read by its id."""
    answer = record.answers.get("user")
    if answer is None:
        return unseen("there is no user")
    if answer.resource is not None:
        return Seen(answer.resource["id"] == record.chosen[0]["id"], answer.told)
    if answer.is_refused:
        return no(answer.told, "refused")
    return unseen(f"{answer.told}; a new user may be shown late")
