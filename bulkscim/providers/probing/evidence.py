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
from bulkscim.providers.probing.questions import asked_size
from bulkscim.providers.probing.record import GONE, Record, is_deactivated, name_of
from bulkscim.providers.probing.seen import (
    TWO_ON_A_PAGE,
    Judge,
    Seen,
    no,
    of_listing,
    of_pages,
    unseen,
    yes,
)
from bulkscim.scim import paths
from bulkscim.scim.protocol import ListAnswer

_SERVERS_OWN = frozenset({"id", "schemas", "meta"})
_LIMITS = ("ratelimit", "rate-limit", "retry-after")
_NAME = "username"
NOT_REAL = "what a listing shows could not be read by its id"
_EMPTY: tuple[Any, ...] = (None, "", [], {})


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
    found = {
        "ETag": answer.reply.headers.get("etag"),
        "meta.version": paths.get(answer.resource, "meta.version"),
    }
    shown = [name for name, value in found.items() if value]
    return Seen(bool(shown), "a user, read by its id", " and ".join(shown) or "no")


def limit_headers(record: Record) -> Seen:
    """Judge which headers about limits came."""
    replies = [one.reply for one in record.answers.values() if isinstance(one.reply, Response)]
    found = {name for one in replies for name in one.headers if any(part in name for part in _LIMITS)}
    if not found:
        return unseen(f"none in {len(replies)} answers; a 429 may have some")
    return Seen(", ".join(sorted(found)), f"{len(replies)} answers")


@of_pages
def count(record: Record, one: ListAnswer, page: ListAnswer) -> Seen:  # noqa: ARG001 - the page is there to be cut
    """Judge whether `count` is heeded."""
    return Seen(one.size == 1, f"count=1 showed {one.size}")


@of_listing("second", TWO_ON_A_PAGE)
def start_index(record: Record, second: ListAnswer) -> Seen:
    """Judge whether `startIndex` is heeded: the second user of a page must be the first from startIndex=2 on."""
    users = record.users
    if record.page is None or len(users) < record.page.size:
        return unseen("an entry of the page has no id that can be used")
    if not second.size:
        return no("startIndex=2 showed none", "nothing is shown")
    first = second.resources[0]["id"] if second.resources else None
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
    told = "an untold number" if page.total is None else page.total
    return unseen(f"{page.size} came of {told}, {asked} were asked for")


@of_pages
def total(record: Record, one: ListAnswer, page: ListAnswer) -> Seen:
    """Judge whether totalResults counts the whole list."""
    if page.total is None:
        return unseen("a page has none")
    if page.total < page.size or (one.total == one.size < page.size):
        return no(f"{one.total} with {one.size} shown, {page.total} with {page.size} shown")
    if one.total != page.total:
        return unseen(f"it was {one.total}, then {page.total}")
    if one.size == page.size:
        return unseen("a page of one user showed as many as the other")
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


@of_listing("cursor", TWO_ON_A_PAGE)
def cursors(record: Record, begun: ListAnswer) -> Seen:
    """Judge whether listings can be paged by cursors (RFC 9865)."""
    if begun.next_cursor is None:
        if begun.size == 1 and len(record.users) > 1:
            return no("a page of one user had no nextCursor")
        return unseen("a page had no nextCursor, and may have shown all")
    after = record.listing("next cursor")
    if after is None:
        return unseen("the next page did not come")
    shown, again = ({one["id"] for one in each.resources} for each in (begun, after))
    if not again or again & shown:
        return unseen("the next page shows the same users")
    return yes("the next page shows others")


def lists_all(record: Record) -> Seen:
    """Judge whether a listing shows the attributes of users that reads by id show."""
    listed = {one["id"]: one for one in record.users}
    pairs = [(listed[one["id"]], one) for one in record.users_read if one["id"] in listed]
    if not pairs:
        return unseen("no user was read by its id")
    how = f"{len(pairs)} users compared with reads by id"
    lacking = sorted({name for shown, whole in pairs for name in _lacking(shown, whole)})
    return no(how, f"without {', '.join(lacking)}") if lacking else yes(how)


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


@of_listing("attributes", "there is no user")
def attributes(record: Record, projected: ListAnswer) -> Seen:
    """Judge whether `attributes` is heeded."""
    one = record.listing("one")
    full = {each["id"]: each for each in (*record.users, *(one.resources if one else ()))}
    both = [(part, full[part["id"]]) for part in projected.resources if part["id"] in full]
    if not any(name != _NAME for _, whole in both for name, _ in _attributes(whole)):
        return unseen("no user with further attributes came")
    if not any(name != _NAME for part, _ in both for name, _ in _attributes(part)):
        return yes("attributes=userName")
    return no("attributes=userName", "ignored") if is_real(record) else unseen(NOT_REAL)


def is_real(record: Record) -> bool:
    """Return whether a listed user was read by its id: some listings are made up."""
    return bool(record.users_read)


@of_listing("sort", "it takes three users with names")
def order(record: Record, ordered: ListAnswer) -> Seen:
    """Judge whether users can be sorted: names must come in the falling order that was asked for, and not without."""
    ids, plain = [one["id"] for one in ordered.resources], [one["id"] for one in record.users]
    names = [name_of(one, "userName").casefold() for one in ordered.resources]
    is_falling, is_plain = names == sorted(names, reverse=True), ids == plain[: len(ids)]
    if len(ids) > 1 and is_falling and not is_plain:
        return yes("sortBy=userName&sortOrder=descending")
    if len(ids) > 1 and is_plain and not is_falling:
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
