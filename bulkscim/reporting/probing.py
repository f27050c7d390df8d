"""What a probe found, for users: a table of what is documented and what was seen."""

from collections.abc import Iterator, Sequence

from bulkscim.model.operation import JsonObject
from bulkscim.providers.probing.traits import UNKNOWN, Finding, Said
from bulkscim.providers.profile import Profile

HEAD = ("", "trait", "documented", "tenant states", "seen", "how")
MARK, LINES = "!", "-"


def table(found: Sequence[Finding], columns: int | None = None) -> Iterator[str]:
    """Yield a line for each trait; `!` marks those where what is documented, stated and seen differs.

    Two lines where a terminal has too few `columns`: what was seen, and below it what else is known.
    """
    rows = [HEAD, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    if columns is not None and sum(widths) + 2 * len(widths) + max(len(row[-1]) for row in rows) > columns:
        for mark, topic, documented, stated, shown, how in rows[1:]:
            yield f"{mark:2}{topic.ljust(widths[1])}  {shown}".rstrip()
            told = ((HEAD[2], documented), (HEAD[3], stated), (HEAD[5], how))
            yield "    " + "; ".join(f"{name}: {text}" for name, text in told if text != LINES)
        return
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield "  ".join((*cells, row[-1])).rstrip()


def _row(one: Finding) -> tuple[str, ...]:
    documented = word(one.documented) if one.documented is not None else LINES
    standing = f" ({one.standing})" if one.standing else ""
    stated = word(one.stated) if one.stated is not None else LINES
    return (MARK if one.differs else "", one.topic, documented + standing, stated, seen(one), one.seen.how)


def seen(one: Finding) -> str:
    """Return what was seen, in words."""
    value = one.seen.value
    return UNKNOWN if value is None else one.seen.text or word(value)


def word(value: Said) -> str:
    """Return a value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return UNKNOWN if value is None else str(value)


def totals(found: Sequence[Finding], requests: int, throttled: int) -> str:
    """Return what the probe came to."""
    known = sum(one.seen.value is not None for one in found)
    differing = sum(one.differs for one in found)
    late = f", {throttled} throttled" if throttled else ""
    return f"{known} of {len(found)} traits seen, {differing} differ; {requests} reads{late}"


def as_json(profile: Profile, found: Sequence[Finding], requests: int, throttled: int) -> JsonObject:
    """Return what the probe came to as data."""
    traits = [
        {
            "trait": one.topic,
            "documented": one.documented,
            "standing": one.standing or None,
            "stated": one.stated,
            "seen": UNKNOWN if one.seen.value is None else one.seen.value,
            "text": one.seen.text or None,
            "how": one.seen.how,
            "differs": one.differs,
        }
        for one in found
    ]
    return {
        "profile": profile.name,
        "reads": requests,
        "throttled": throttled,
        "traits": traits,
    }
