"""The ids of what rows only name: a member, a manager, a group.

All that such a row needs is the id, so a name is looked up once in a run. It is looked up again where something speaks
against it: the run renames or deletes a resource of its type, or the tenant refuses a step that names the id.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bulkscim.engine.directory.together import Purpose
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found
from bulkscim.model.names import names_in
from bulkscim.model.operation import Key
from bulkscim.model.step import Step
from bulkscim.planning.lookups import emails_of
from bulkscim.planning.named_resources import refers_to

MOST = 10_000  # names, the latest used
RECENT_S = 60.0  # a refusal does not speak against a name that was looked up within this time


class NamedIds:
    """What names were found, with the names of each alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: OrderedDict[Key, Found] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key.folded in self._found

    def of(self, key: Key) -> Found | None:
        """Return what a key was found to name."""
        found = self._found.get(key.folded)
        if found is not None:
            self._found.move_to_end(key.folded)
        return found

    def names(self, kind: str, attribute: str) -> Iterator[Key]:
        """Yield the names of a type that were found by an attribute."""
        return (key for key in self._found if (key.type, key.attribute) == (kind, attribute))

    def keep(self, key: Key, found: Found) -> None:
        """Take in what a key names."""
        names = {
            **dict(names_in(found.resource)),
            "emails": [{"value": address} for address in emails_of(found.resource)],
        }
        self._found[key.folded] = Found({"id": found.id, **names}, found.read_at)
        while len(self._found) > MOST:
            self._found.popitem(last=False)

    def of_unknown(self, purpose: Purpose) -> Purpose:
        """Return a purpose without the names to come that are known."""
        names = purpose.ahead.names
        unknown = replace(purpose.ahead, names=lambda: (one for one in names() if one not in self))
        return replace(purpose, ahead=unknown)

    def drop(self, kind: str) -> None:
        """Drop all names of a type: one of its resources was renamed or deleted."""
        self._remove([key for key in self._found if key.type == kind])

    def refused(self, step: Step, before: float) -> bool:
        """Drop the names of what a refused step names; return whether any was looked up long ago.

        What was looked up since the row was refused at `before` is recent, however long a lookup takes.
        """
        ids, recent = {step.id, *refers_to(step)}, min(before, self._clock.monotonic() - RECENT_S)
        outdated = [key for key, found in self._found.items() if found.id in ids and found.read_at < recent]
        self._remove(outdated)
        return bool(outdated)

    def _remove(self, keys: Iterable[Key]) -> None:
        for key in keys:
            del self._found[key]
