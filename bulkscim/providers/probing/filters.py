"""What the answers to filters prove: each judgement needs resources that fit, and one that the filter left out (pure)."""

from collections.abc import Callable, Iterable

from bulkscim.model.operation import JsonObject
from bulkscim.providers.probing.record import GONE, Answer, Record, name_of
from bulkscim.providers.probing.seen import Seen, listing_of, no, unseen, yes
from bulkscim.scim import paths
from bulkscim.scim.paths import same_text

Fits = Callable[[JsonObject], bool | None]  # None: the resource does not show what was asked for


FINDS_NOTHING, NOT_ALL = "finds nothing", "not all"


def judged(answer: Answer | None, fits: Fits, wanted: Iterable[str], *, leaves_out: bool) -> Seen:
    """Return whether a filter was heeded: it shows what it must, nothing that does not fit, and leaves something out.

    `leaves_out`: a name that is not there was answered with nothing, so that the same kind of filter is not ignored.
    """
    found = listing_of(answer)
    if isinstance(found, Seen):
        return found
    shown, total, must = found.resources, found.total or 0, set(wanted)
    others = [fits(one) for one in shown if one["id"] not in must]
    if False in others:
        return no(f"it shows {found.size} resources, some of which do not fit", "ignored")
    if None in others:
        return unseen("it shows resources without what was asked for")
    if not shown:
        if total or found.size:
            return unseen(f"it claims {max(total, found.size)} resources, and shows none")
        return no("it shows nothing, though one fits", FINDS_NOTHING)
    if not must <= {one["id"] for one in shown}:
        return (
            unseen("there are further pages")
            if total > len(shown)
            else no("one that fits is missing", NOT_ALL)
        )
    if not leaves_out:
        return unseen("all that there are fit, so an ignored filter would answer alike")
    return yes("it shows what fits and nothing else")


def leaves_out(record: Record, question: str, absent: str, unfiltered: int) -> bool:
    """Return whether an answer shows fewer than there are, or a name that is not there was answered with nothing."""
    answer = record.answers.get(question)
    shown = answer.listing.size if answer and answer.listing else unfiltered
    claimed = (answer.listing.total or 0) if answer and answer.listing else unfiltered
    return max(shown, claimed) < unfiltered or absent_is(record, absent) == NOTHING


NOTHING, ALL = "no result", "other resources"


def absent_is(record: Record, question: str) -> str | None:
    """Return what came for a name that is not there; None where that is not known."""
    answer = record.answers.get(question)
    if answer is None:
        return None
    if answer.status in GONE or answer.is_refused:
        return "refused" if answer.is_refused else str(answer.status)
    if answer.listing is None:
        return None
    if answer.listing.size:
        return ALL
    return None if answer.listing.total else NOTHING


def equals(attribute: str, *values: str) -> Fits:
    """Return whether an attribute equals one of some values, capitals apart; a part is asked for as in `emails.value`."""

    def fits(resource: JsonObject) -> bool | None:
        found = [one for one in _values(resource, attribute) if one not in (None, "")]
        return None if not found else any(same_text(one, value) for one in found for value in values)

    return fits


def holds(attribute: str, part: str, *, start: bool) -> Fits:
    """Return whether a text begins with another one, or contains it."""

    def fits(resource: JsonObject) -> bool | None:
        text, wanted = name_of(resource, attribute).casefold(), part.casefold()
        if not text:
            return None
        return text.startswith(wanted) if start else wanted in text

    return fits


def has_value(attribute: str) -> Callable[[JsonObject], bool]:
    """Return whether a resource shows a value for an attribute."""
    return lambda resource: paths.find(resource, attribute) not in (None, "", [], {})


def _values(resource: JsonObject, attribute: str) -> list[object]:
    head, _, tail = attribute.partition(".")
    found = paths.find(resource, head)
    listed = found if isinstance(found, list) else [found]
    return [paths.part_of(one, tail) for one in listed] if tail else listed
