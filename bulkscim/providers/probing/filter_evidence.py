"""What the answers to filters prove of a tenant (pure)."""

from collections.abc import Iterable

from bulkscim.providers.probing.filters import (
    FINDS_NOTHING,
    NOT_ALL,
    NOTHING,
    Fits,
    absent_is,
    equals,
    has_value,
    holds,
    judged,
    leaves_out,
)
from bulkscim.providers.probing.questions import beginning, email_of, middle, partly
from bulkscim.providers.probing.record import Record, is_deactivated, name_of
from bulkscim.providers.probing.seen import NOTHING_ASKED, Judge, Seen, no, of_listing, unseen, yes
from bulkscim.scim.protocol import ListAnswer

TWO_NAMED = "it takes two users with names"


def user_filter(question: str, attribute: str) -> Judge:
    """Return the judge of a filter for one user by an attribute."""

    def judge(record: Record) -> Seen:
        if not record.chosen:
            return unseen("there is no user with a name")
        user = record.whole(0)
        value = {"id": user["id"], "emails.value": email_of(user)}.get(attribute, name_of(user, attribute))
        return _judged(record, question, equals(attribute, value or ""), user["id"])

    return judge


def _judged(record: Record, question: str, fits: Fits, *wanted: str) -> Seen:
    out = leaves_out(record, question, "absent", len(record.users))
    found = judged(record.answers.get(question), fits, wanted, leaves_out=out)
    return if_there(found, {one["id"] for one in record.users_read}, wanted)


def if_there(found: Seen, read: set[str], wanted: Iterable[str]) -> Seen:
    """Return what was seen, unless a filter did not find what could not be read by its id either: a listing may be made up."""
    if found.text in {FINDS_NOTHING, NOT_ALL} and not set(wanted) <= read:
        return unseen("what a listing shows could not be read by its id")
    return found


eq = user_filter("eq", "userName")
bare = user_filter("bare", "userName")


def filters_work(record: Record) -> Seen:
    """Judge whether users can be looked up by a filter at all."""
    found = eq(record)
    if found.value is False and found.text == "refused":
        other = bare(record)
        return yes(other.how, "yes, without quotes") if other.value else found
    return found


def absent(question: str) -> Judge:
    """Return the judge of what a filter for a name shows that is not there."""

    def judge(record: Record) -> Seen:
        found = absent_is(record, question)
        answer = record.answers.get(question)
        how = answer.told if answer else NOTHING_ASKED
        return Seen(found, how) if found else unseen(how)

    return judge


def same_name(record: Record, question: str, plain: str, works: Seen) -> Seen:
    """Judge whether a filter tells capitals from small letters; with the name as it is written it must work."""
    answer, first = record.answers.get(question), record.listing(plain)
    if answer is None or first is None or works.value is not True:
        return unseen("it takes a filter that works, and a name with letters")
    if answer.listing is None:
        return unseen(answer.told)
    found = {one["id"] for one in answer.listing.resources}
    if {one["id"] for one in first.resources} <= found:
        return no("the name with other capitals was found")
    if found or answer.listing.total:
        return unseen("another resource was found")
    return yes("the name with other capitals was not found")


def capitals(record: Record) -> Seen:
    """Judge whether filters for users tell capitals from small letters."""
    return same_name(record, "case", "eq", eq(record))


def either(record: Record) -> Seen:
    """Judge whether `or` joins two names."""
    if not record.has_two:
        return unseen(TWO_NAMED)
    answer, ids = record.answers.get("or"), [one["id"] for one in record.chosen]
    named = [name_of(one, "userName") for one in record.chosen]
    found = _judged(record, "or", equals("userName", *named), *ids)
    if found.text == NOT_ALL and answer and answer.listing and answer.listing.size == 1:
        return no("one of two names was found", "one name alone")
    return found


def both(record: Record) -> Seen:
    """Judge whether `and` is heeded: a name twice finds its user, two names find none."""
    if not record.has_two:
        return unseen(TWO_NAMED)
    user = record.chosen[0]
    same = _judged(record, "and the same", equals("userName", name_of(user, "userName")), user["id"])
    if same.value is not True:
        return same
    found = absent_is(record, "and")
    if found == NOTHING:
        return yes("a name twice finds its user, two names find none")
    answer = record.answers.get("and")
    if answer is None or answer.listing is None or not answer.listing.size:
        return unseen(answer.told if answer else NOTHING_ASKED)
    return no("two names, joined by and, find a user", "ignored")


def part_of_name(question: str) -> Judge:
    """Return the judge of `sw` or `co`; not all users may fit."""

    def judge(record: Record) -> Seen:
        part = beginning(record) if question == "sw" else middle(record)
        if part is None:
            return unseen("it takes names of which some differ")
        return _judged(
            record, question, holds("userName", part, start=question == "sw"), record.chosen[0]["id"]
        )

    return judge


@of_listing("pr")
def present(record: Record, found: ListAnswer) -> Seen:  # noqa: ARG001 - it is judged as each filter is
    """Judge `pr`, by an attribute that some users have and others have not."""
    name = partly(record)
    if name is None:
        return unseen("every user has what was asked for")
    wanted = [one["id"] for one in record.users if has_value(name)(one)]
    answer = record.answers["pr"]
    return judged(answer, has_value(name), wanted if record.is_whole else [], leaves_out=True)


def deactivated_found(record: Record) -> Seen:
    """Judge whether a filter finds a deactivated user."""
    answer = record.answers.get("inactive")
    if answer is None or filters_work(record).value is not True:
        return unseen("it takes a deactivated user, and a filter that works")
    if answer.listing is None:
        return unseen(answer.told)
    return Seen(any(map(is_deactivated, answer.listing.resources)), "a filter for the name of one")
