"""What was seen of one thing, and the beginnings that judges share: without an answer nothing is known (pure)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from bulkscim.providers.probing.record import Answer, Record
from bulkscim.scim.protocol import ListAnswer


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one thing. `value` is None where nothing is proved; `text` says more than the value does.

    `how` names the evidence, or why there is none. It holds no personal data.
    """

    value: bool | int | str | None
    how: str
    text: str = ""


Judge = Callable[[Record], Seen]
OfListing = Callable[[Record, ListAnswer], Seen]
OfPages = Callable[[Record, ListAnswer, ListAnswer], Seen]
NOTHING_ASKED = "nothing to ask for"
TWO_ON_A_PAGE = "it takes a page with two users"


def unseen(why: str) -> Seen:
    """Return that nothing is known."""
    return Seen(None, why)


def yes(how: str, text: str = "") -> Seen:
    """Return that it is so."""
    return Seen(value=True, how=how, text=text)


def no(how: str, text: str = "") -> Seen:
    """Return that it is not so."""
    return Seen(value=False, how=how, text=text)


def listing_of(answer: Answer | None, lacking: str = NOTHING_ASKED) -> ListAnswer | Seen:
    """Return the listing that an answer is, else what that shows: a refusal is a no. `lacking`: why none was asked for."""
    if answer is None:
        return unseen(lacking)
    if answer.is_refused:
        return no(answer.told, "refused")
    return unseen(answer.told) if answer.listing is None else answer.listing


def of_listing(question: str, lacking: str = NOTHING_ASKED) -> Callable[[OfListing], Judge]:
    """Make a judge of one that looks at the listing which answers a question; see `listing_of`."""

    def made(judge: OfListing) -> Judge:
        @wraps(judge)
        def of_record(record: Record) -> Seen:
            found = listing_of(record.answers.get(question), lacking)
            return found if isinstance(found, Seen) else judge(record, found)

        return of_record

    return made


def of_pages(judge: OfPages) -> Judge:
    """Make a judge of one that looks at a page of one user and at a page of at least two."""

    @wraps(judge)
    def of_record(record: Record) -> Seen:
        one, page = record.listing("one"), record.page
        if one is None or page is None or page.size == 1 or not page.size:
            return unseen(TWO_ON_A_PAGE)
        return judge(record, one, page)

    return of_record
