"""What steps under way change, where no claim of a row tells it: ids that were found, and groups that several rows may make."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bulkscim.model.operation import Key
from bulkscim.model.step import Action, Step


class ChangingResources:
    """The resources that steps under way change, each one at a time; `free` is told of each that is free again."""

    def __init__(self, free: Callable[[Key], None]) -> None:
        self._free = free
        self._changing: set[Key] = set()
        self._makers: dict[Key, int] = {}  # by group that rows make by its name: the first row that tried
        self._told: set[tuple[int, Key]] = set()

    def __contains__(self, resource: Key) -> bool:
        return resource in self._changing

    @contextmanager
    def change(self, resource: Key) -> Iterator[None]:
        """Keep other rows from changing a resource meanwhile."""
        self._changing.add(resource)
        try:
            yield
        finally:
            self._changing.remove(resource)
            self._free(resource)

    def is_news(self, row: int, group: Key) -> bool:
        """Return whether a row that is about to make a group has to look for it again, as another row was before it.

        It is told once.
        """
        if self._makers.setdefault(group, row) == row or (row, group) in self._told:
            return False
        self._told.add((row, group))
        return True


def changed_by(step: Step) -> Key | None:
    """Return what other rows must not change meanwhile: an existing resource, or a group that other rows may make as well."""
    if step.id is not None:
        return Key(step.type, "id", step.id)
    makes_for_member = step.action is Action.CREATE and step.part != Action.CREATE
    return step.identity[0].folded if makes_for_member else None
