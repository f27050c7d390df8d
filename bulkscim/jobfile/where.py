"""Which records fit a filter: over attributes as they are read, `op`, `type`, references, and the file's own columns."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from bulkscim.errors import UsageError
from bulkscim.jobfile.columns import Use, column_of
from bulkscim.jobfile.reading import Interpreter, interpreter, names_of, records
from bulkscim.jobfile.records import Problem, Record
from bulkscim.jobfile.source import JobSource
from bulkscim.model.harmless import one_line
from bulkscim.model.operation import Defaults, JsonObject, Operation, Role
from bulkscim.scim import paths
from bulkscim.scim.expressions import Comparison, ExpressionError, comparisons, holds, parse

_ROLES = {
    Use.MANAGER: Role.MANAGER,
    Use.GROUPS: Role.GROUP,
    Use.MEMBER: Role.MEMBER,
    Use.MEMBERS: Role.MEMBER,
}
_ANY_OF = {
    "email": "emails.value",
    "emails": "emails.value",
    "phone": "phoneNumbers.value",
    "phonenumbers": "phoneNumbers.value",
}
_MOST_NAMES = 200  # of records, that a message may propose
_SHOWN = 12


class Where:
    """A filter over the records of a job file; UsageError for a text that is none."""

    def __init__(self, text: str) -> None:
        try:
            self._expression = parse(text)
        except ExpressionError as error:
            raise UsageError(f"--where, {error}") from None
        self._text = text
        self._names: dict[str, _Name] = {}
        for one in comparisons(self._expression):
            self._names.setdefault(one.name, _Name(one))

    def fitting(self, source: JobSource, defaults: Defaults) -> Iterator[tuple[int, bool]]:
        """Yield each record's number, and whether it fits.

        A record that cannot be read counts as fitting, so that its check names what is wrong. UsageError at the end for
        a name that no record has.
        """
        found = interpreter(source, defaults)
        interpret: Interpreter = found if not isinstance(found, list) else lambda _: []
        columns = {name.strip().casefold(): place for place, name in enumerate(names_of(source))}
        names = self._names
        for one in names.values():
            one.column = columns.get(one.called.casefold())
            one.is_there = one.column is not None
        offered = dict.fromkeys(name.strip() for name in names_of(source) if name.strip())
        for record in records(source):
            if isinstance(record, Problem):
                if record.row:
                    yield record.row, True
                continue
            operation = interpret(record)
            if not isinstance(operation, Operation):
                yield record.number, True
                continue
            shown = _Shown(record, operation)
            if not record.cells and len(offered) < _MOST_NAMES:
                offered |= dict.fromkeys(shown.names())
            for one in names.values():
                one.look(shown)
            yield record.number, holds(self._expression, lambda name, shown=shown: names[name].values(shown))  # type: ignore[misc]
        for one in names.values() if not isinstance(found, list) else ():
            one.refuse_absent(source.name, list(offered))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A record, what it asks, and the attributes that it names."""

    record: Record
    operation: Operation
    resource: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        operation = self.operation
        if operation.changes:
            for change in operation.changes:
                with suppress(paths.PathError):
                    if change.path:
                        paths.set(self.resource, change.path, change.value)
                    elif isinstance(change.value, dict):
                        self.resource.update(change.value)
        else:
            self.resource.update(operation.data)

    def names(self) -> Iterator[str]:
        """Yield names that a filter may compare."""
        yield from ("op", "type", self.operation.target.attribute)
        for name, value in self.resource.items():
            whole = isinstance(value, dict) and not name.startswith("urn:")
            yield from (f"{name}.{part}" for part in value) if whole else (name,)


class _Name:
    """A name in a filter: an attribute, a reference, a word about the record, or a column of the file."""

    def __init__(self, comparison: Comparison) -> None:
        self.called, self._place = comparison.name, comparison.place
        self.column: int | None = None
        self.is_there = False
        column = column_of(self.called, 0, [])
        self._use = Use.VALUE if column is None else column.use
        path = column.path if column is not None and column.path else self.called
        self._path = _ANY_OF.get(self.called.casefold(), path)

    def look(self, shown: _Shown) -> None:
        """Note whether a record has the name; a filter does not ask for each name of each record."""
        self.is_there = self.is_there or bool(self.values(shown))

    def values(self, shown: _Shown) -> list[Any]:
        """Return the values that a record has under the name."""
        return list(_plain(self._found(shown))) or list(_plain(self._written(shown.record)))

    def _found(self, shown: _Shown) -> Any:
        operation = shown.operation
        if self.called.casefold() == operation.target.attribute.casefold():
            return operation.target.value
        match self._use:
            case Use.OP:
                return operation.verb.value
            case Use.TYPE:
                return operation.type
            case Use.REF:
                return operation.ref
            case Use.MANAGER | Use.GROUPS | Use.MEMBER | Use.MEMBERS as use:
                return [one.key.value for one in operation.references if one.role is _ROLES[use]]
            case _:
                with suppress(paths.PathError):
                    return paths.get(shown.resource, self._path)
        return None

    def _written(self, record: Record) -> Any:
        """Return what the file itself has under the name."""
        if record.cells:
            return record.cells[self.column].strip() if self.column is not None else None
        return paths.find(record.body, self.called)

    def refuse_absent(self, file: str, offered: list[str]) -> None:
        """Raise UsageError, which names others, where no record has the name."""
        if self.is_there:
            return
        folded = {name.casefold(): name for name in offered}
        near = [folded[one] for one in get_close_matches(self.called.casefold(), folded, 2)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"they have {', '.join(offered[:_SHOWN])}"
        more = ", …" if not near and len(offered) > _SHOWN else ""
        raise UsageError(
            f"--where, column {self._place}: no record of {file} has {one_line(self.called)}; {one_line(hint)}{more}"
        )


def _plain(value: Any) -> Iterator[Any]:
    """Yield the values of an attribute: each of a list, and of an object its `value`."""
    for one in value if isinstance(value, list) else [value]:
        plain = one.get("value", one) if isinstance(one, dict) else one
        if plain not in (None, "", [], {}):
            yield plain
