"""Choose the records that a run tries first: few that together cover what the job does (pure)."""

from collections.abc import Iterable, Iterator

from bulkscim.model.operation import Key, Operation, Role

Shape = frozenset[tuple[str, str]]
MOST_SHAPES = 10_000  # of a job that are told apart


def shape_of(operation: Operation) -> Shape:
    """Return what a record is an example of: its kind of operation, its groups, and the attributes that it sets."""
    found = {("operation", f"{operation.verb} {operation.type}")}
    if operation.spec.is_membership:
        found.add(("group", operation.target.folded.value))
    for one in operation.references:
        if one.role is Role.GROUP:
            found.add(("group", one.key.folded.value))
        else:
            found.add(("reference", one.role.value))
    found |= {("attribute", path.lower()) for path in _paths(operation.data)}
    found |= {("change", f"{one.op} {(one.path or '').lower()}") for one in operation.changes}
    return frozenset(found)


def _paths(data: dict[str, object], above: str = "") -> Iterator[str]:
    """Yield the paths of what a resource sets; entries of a list count as one."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def cover(shapes: Iterable[tuple[int, Shape]], most: int, tried: Shape = frozenset()) -> list[int]:
    """Return `most` rows, each of which adds as much as possible to what was tried and what those before it cover; the first of equals.

    Where fewer rows cover everything, the first other rows fill up. With fewer records all are returned.
    """
    first: dict[Shape, int] = {}
    fill: list[int] = []
    for row, shape in shapes:
        if shape not in first and len(first) < MOST_SHAPES:
            first[shape] = row
        if len(fill) < most:
            fill.append(row)
    chosen: list[int] = []
    left = set().union(*first) - tried
    while left and len(chosen) < most:
        best = max(first, key=lambda one: (len(one & left), -first[one]))
        chosen.append(first.pop(best))
        left -= best
    more = (row for row in fill if row not in set(chosen))
    chosen += [row for row, _ in zip(more, range(most - len(chosen)), strict=False)]
    return sorted(chosen)


def subject_of(operation: Operation) -> Key:
    """Return the resource that a record is about: rows of one resource are done in their order."""
    if operation.spec.is_membership and operation.references:
        return operation.references[0].key.folded
    return operation.target.folded
