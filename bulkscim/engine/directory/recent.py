"""What this process made a moment ago, which the tenant's lists and filters may not show yet."""

from collections import OrderedDict

from bulkscim.engine.directory.listing import names_of
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject, Key


class Recent:
    """Names and ids of new resources, kept for twice the time that a tenant takes to show them."""

    def __init__(self, clock: Clock, lag_s: float) -> None:
        self._clock = clock
        self._kept_s = 2 * lag_s
        self._made: OrderedDict[Key, tuple[str, float]] = OrderedDict()

    def note(self, kind: str, resource: JsonObject) -> None:
        """Take in a resource that was made just now, under all of its names."""
        now = self._clock.monotonic()
        for key in names_of(kind, resource) if resource.get("id") else ():
            self._made[key.folded] = (resource["id"], now)
            self._made.move_to_end(key.folded)
        self._forget(now)

    def ids_of(self, key: Key) -> list[str]:
        """Return the id that was made under a name; whether it still has it is for a read to tell."""
        self._forget(self._clock.monotonic())
        made = self._made.get(key.folded)
        return [made[0]] if made else []

    def _forget(self, now: float) -> None:
        while self._made and next(iter(self._made.values()))[1] < now - self._kept_s:
            self._made.popitem(last=False)
