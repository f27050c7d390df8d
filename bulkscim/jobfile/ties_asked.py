"""Count the memberships of each group that records name, and the users that they only name, for a forecast of requests."""

from collections import Counter

from bulkscim.model.operation import GROUP, Operation, Role

_MOST = 10_000  # groups, and users, that are told apart: memory does not grow with the job
_KNOWN = frozenset({"id", "ref"})


class TiesAsked:
    """What records say of groups, members and managers, counted as it comes."""

    def __init__(self) -> None:
        self._groups: Counter[str] = Counter()
        self._names: set[str] = set()
        self._further = 0

    def add(self, operation: Operation) -> None:
        """Count what one record names."""
        if operation.spec.is_membership:
            self._add_to(operation.target.folded.value)
        for reference in operation.references:
            key = reference.key
            if reference.role is Role.GROUP:
                self._add_to(key.folded.value)
            elif key.type != GROUP and key.attribute not in _KNOWN and len(self._names) < _MOST:
                self._names.add(key.folded.value)

    def _add_to(self, group: str) -> None:
        if group in self._groups or len(self._groups) < _MOST:
            self._groups[group] += 1
        else:
            self._further += 1

    @property
    def groups(self) -> tuple[int, ...]:
        """The memberships of each group; those beyond the groups that are told apart count as groups of their own."""
        return (*self._groups.values(), *(1 for _ in range(min(self._further, _MOST))))

    @property
    def names(self) -> int:
        """How many users are named, as far as they are told apart."""
        return len(self._names)
