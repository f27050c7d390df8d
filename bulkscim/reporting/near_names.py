"""Names of groups that a run met and that are close to one that it did not find: that one may be misspelled."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from bulkscim.journal.bodies import Applied
from bulkscim.journal.journal import RecordedRun
from bulkscim.model.operation import GROUP

_MISSING = re.compile(r"\bno Group with displayName (.+?)(?=: nothing to |; create it first|$)")
_CREATED = re.compile(r'"([^"]+)"')
_NUMBER = re.compile(r"\d+")
_GROUP_ROW = b'"type":"Group"'
_MEMBER = "member:"
_LIKENESS = 0.8
_MOST = 5_000  # names that are compared
_MOST_CAUSES = 100


def missing_group(detail: str) -> str:
    """Return the name of the group that a row did not find, empty where it misses none."""
    found = _MISSING.search(detail)
    return found[1] if found else ""


def near_names(details: Sequence[str], recorded: RecordedRun) -> list[str]:
    """Return, for the detail of each cause that misses or creates groups, the names of groups that it may mean."""
    named = [list(_named(detail)) for detail in details[:_MOST_CAUSES]]
    known: dict[str, str] = {}
    times = Counter[str]()
    for name, count in _groups(recorded) if any(named) else ():
        folded = name.casefold()
        if folded in known or len(known) < _MOST:
            known[folded] = name
            times[folded] += count
    made = {
        name.casefold()
        for detail, names in zip(details, named, strict=False)
        if _creates(detail)
        for name in names
    }
    rare = {name: times[name] for name in made}
    near = [" or ".join(dict.fromkeys(_near(names, known, rare))) for names in named]
    return near + [""] * (len(details) - len(near))


def _named(detail: str) -> Iterator[str]:
    """Yield the names of groups that a cause misses or creates."""
    if _creates(detail):
        yield from _CREATED.findall(detail)
    elif name := missing_group(detail):
        yield name


def _creates(detail: str) -> bool:
    return detail.startswith("creates group")


def _near(names: Iterable[str], known: dict[str, str], made: dict[str, int]) -> Iterator[str]:
    """Yield known names that are close to others; names that differ in numbers alone are meant so.

    `made`: groups that the run creates, and how many rows name each: of two of these the common one is meant so.
    """
    for name in names:
        plain, least = _NUMBER.sub("", name.casefold()), made.get(name.casefold(), 0)
        others = [one for one in known if made.get(one, least) >= least and _NUMBER.sub("", one) != plain]
        yield from (f'"{known[one]}"' for one in get_close_matches(name.casefold(), others, 1, _LIKENESS))


def _groups(recorded: RecordedRun) -> Iterator[tuple[str, int]]:
    """Yield the names of groups that rows of the run found or changed, and how many rows did."""
    for _, end in recorded.ends(holding=_GROUP_ROW):
        if end.type == GROUP and end.id:
            yield end.key, 1
    for entry, _ in recorded.each(Applied, b',"member:'):
        for _, part in entry.rows:
            if part.startswith(_MEMBER):
                yield part.removeprefix(_MEMBER), 1
