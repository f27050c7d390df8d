"""How bodies stand on a line: the one reader and the one writer of their JSON.

A field that has its default is not written, except a few that readers look for unparsed. What a body does not name
has its default; what is not known here is left alone. Format 1 writes many defaults as well, names the part of the row and
the method of a step, and has other names for members and for what ties others to a resource.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, NamedTuple, TypeVar, get_type_hints

from bulkscim.journal import header_json
from bulkscim.journal.bodies import (
    Applied,
    Approved,
    Body,
    Closed,
    Lost,
    Member,
    Opened,
    Refused,
    Reopened,
    Repaired,
    Settled,
    Started,
    Stopped,
    WasMember,
)
from bulkscim.journal.header import Header
from bulkscim.model.operation import USER, JsonObject, Key
from bulkscim.model.row import RowState
from bulkscim.model.run import Totals
from bulkscim.model.step import Action, Change, Ties

_B = TypeVar("_B", bound=Body)
_END = "end"
_STEP = (Started, Applied, Refused, Lost)

# What a step's end and its row's end both have: the second says it only where it is another.
_SHARED: dict[type[Applied | Refused], tuple[str, ...]] = {
    Applied: ("id", "status", "attempts"),
    Refused: ("status", "scim_type", "detail", "attempts"),
}
# Written also where they have their defaults.
_ALWAYS: dict[type[Any], set[str]] = {Applied: {"id"}}
_ALWAYS_1: dict[type[Any], set[str]] = {
    Approved: {"yes"},
    Stopped: {"why"},
    Started: {"covers", "id", "identity", "changes", "if_match", "server_time", "absent"},
    Applied: {"covers", "id", "status", "seen", "attempts"},
    Refused: {"status", "scim_type", "detail", "attempts"},
    Lost: {"status", "detail", "attempts"},
    Settled: {"op", "type", "key", "id", "status", "scim_type", "detail", "attempts"},
}


class _Form(NamedTuple):
    """How one field is read and written; without `write` its value is JSON already."""

    name: str
    default: Any
    read: Callable[[Any], Any]
    write: Callable[[Any], Any] | None
    always: bool
    always_1: bool


def read(kind: type[_B], data: JsonObject, **known: Any) -> _B:
    """Return what a body says, with what is `known` of it from elsewhere on its line; ValueError where it cannot.

    Not for a header.
    """
    if kind is Started and ("member" in data or "groups" in data):
        data = _from_format_1(data)
    found = {form.name: form.read(data[form.name]) for form in _FORMS[kind] if form.name in data}
    try:
        return kind(**found, **known)
    except TypeError as error:
        raise ValueError(f"{kind.__name__.lower()} does not say all that it must") from error


def write(body: Body, part: str = "", version: int = 2) -> JsonObject:
    """Return the JSON of a body; `part` is that of the first row of a step."""
    if isinstance(body, Header):
        return header_json.write(body)
    made: JsonObject = {}
    for name, default, _, form, always, always_1 in _FORMS[type(body)]:
        value = getattr(body, name)
        if always or value != default or (version == 1 and always_1):
            made[name] = value if form is None or value is None else form(value)
    return _as_format_1(body, part, made) if version == 1 else made


def read_end(step: Body, state: RowState, data: JsonObject) -> Settled:
    """Return the end of a row as the body of its step's end tells it; ValueError where it does not."""
    told = data.get(_END)
    if not isinstance(step, Applied | Refused) or not isinstance(told, dict):
        raise ValueError("a row ends here, and nothing says how")
    return read(Settled, {name: getattr(step, name) for name in _SHARED[type(step)]} | told, state=state)


def write_end(step: Applied | Refused, end: Settled) -> JsonObject:
    """Return the JSON of a step's end that is also the end of its row."""
    shared = _SHARED[type(step)]
    made: JsonObject = {}
    for name, default, *_ in _FORMS[Settled]:
        value = getattr(end, name)
        if value != (getattr(step, name) if name in shared else default):
            made[name] = value
    return write(step, "", 2) | {_END: made}


def _from_format_1(data: JsonObject) -> JsonObject:
    """Return the body of a `started` of format 1 as the later format has it."""
    made = dict(data)
    if (member := data.get("member")) is not None:
        removes = data.get("action") == Action.REMOVE_MEMBER
        was = WasMember.YES if removes else WasMember.NO
        was = WasMember.UNKNOWN if data.get("unknown") else was
        made["members"] = [{"id": member, "name": data.get("member_name"), "was": was}]
    if "groups" in data:
        made["ties"] = {"groups": data["groups"], "reports": data.get("reports")}
    return made


def _as_format_1(body: Body, part: str, made: JsonObject) -> JsonObject:
    """Return the JSON of a body as format 1 has it."""
    if isinstance(body, _STEP):
        made["part"] = part
    if isinstance(body, Started):
        made |= {"method": body.action.method, "member": body.member_id}
        made.pop("members", None)
        if body.member is not None and body.member.name is not None:
            made["member_name"] = body.member.name
        if body.member is not None and body.member.was is WasMember.UNKNOWN:
            made["unknown"] = True
        if body.ties is not None:
            del made["ties"]
            made["groups"] = body.ties.groups
            if body.action is Action.DELETE and body.type == USER:
                made["reports"] = body.ties.reports
    return made


def _of(kind: type) -> Callable[[Any], Any]:
    """Return a reader of values of one type; whole numbers are no flags."""

    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"{value!r} stands where a {kind.__name__} should")
        return value

    return read


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _each(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: tuple(read(one) for one in _list(value))


def _seconds(value: Any) -> float:
    return float(value) if type(value) is int else _float(value)


def _changed(value: Any) -> dict[str, JsonObject]:
    told = value if isinstance(value, dict) else {}
    return {name: values for name, values in told.items() if isinstance(values, dict)}


def _totals(value: Any) -> Totals:
    counts = {name: _int(count) for name, count in _object(value).items() if name in _TOTALS}
    return Totals(**counts)


def _key(value: Any) -> Key:
    kind, attribute, name = map(_text, _list(value))
    return Key(kind, attribute, name)


def _change(value: Any) -> Change:
    path, before, after = _list(value)
    return Change(_text(path), before, after)


def _pair(value: Any) -> tuple[str, str]:
    first, second = map(_text, _list(value))
    return first, second


def _member(value: Any) -> Member:
    told = _object(value)
    name, was = _or_none(_text)(told.get("name")), WasMember(told.get("was", WasMember.NO))
    return Member(_text(told["id"]), name, was)


def _ties(value: Any) -> Ties:
    ids = _or_none(_each(_text))
    return Ties(ids(_object(value).get("groups")), ids(value.get("reports")))


def _member_json(member: Member) -> JsonObject:
    told = {"id": member.id, "name": member.name, "was": member.was}
    return told if member.name is not None else {"id": member.id, "was": member.was}


_text, _int, _float, _bool, _list, _object = map(_of, (str, int, float, bool, list, dict))
_TOTALS = frozenset(each.name for each in fields(Totals))
_READERS: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    int: _int,
    bool: _bool,
    float: _seconds,
    bool | None: _or_none(_bool),
    str | None: _or_none(_text),
    int | None: _or_none(_int),
    float | None: _or_none(_seconds),
    JsonObject: _object,
    JsonObject | None: _or_none(_object),
    Mapping[str, JsonObject]: _changed,
    Totals | None: _or_none(_totals),
    Action: Action,
    Ties | None: _or_none(_ties),
    tuple[str, ...]: _each(_text),
    tuple[Key, ...]: _each(_key),
    tuple[Change, ...]: _each(_change),
    tuple[Member, ...]: _each(_member),
    tuple[tuple[str, str], ...]: _each(_pair),
}
_WRITERS: dict[Any, Callable[[Any], Any]] = {
    Totals | None: asdict,
    Ties | None: asdict,
    tuple[Key, ...]: lambda keys: [list(key) for key in keys],
    tuple[Change, ...]: lambda changes: [(one.path, one.before, one.after) for one in changes],
    tuple[Member, ...]: lambda members: list(map(_member_json, members)),
}


def _forms(kind: type[Any]) -> tuple[_Form, ...]:
    """Return how the fields of a kind are read and written; `state` stands elsewhere on the line."""
    types, always, always_1 = get_type_hints(kind), _ALWAYS.get(kind, ()), _ALWAYS_1.get(kind, ())
    return tuple(
        _Form(
            each.name,
            each.default if each.default_factory is MISSING else each.default_factory(),
            _READERS[types[each.name]],
            _WRITERS.get(types[each.name]),
            each.name in always,
            each.name in always_1,
        )
        for each in fields(kind)
        if each.name != "state"
    )


_PLAIN: tuple[type[Body], ...] = (
    Opened,
    Approved,
    Stopped,
    Closed,
    Repaired,
    Started,
    Applied,
    Refused,
    Lost,
    Settled,
    Reopened,
)
_FORMS: dict[type[Any], tuple[_Form, ...]] = {kind: _forms(kind) for kind in _PLAIN}
