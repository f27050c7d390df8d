"""What a record means: from the short form or a bulk-operation line to an Operation, or its faults (pure).

1. A line with `method` is an RFC 7644 §3.7 operation; it is turned into the short form first.
2. create and upsert make a resource: `ref` is the name that other records know it by.
3. For every other verb the target is `id`, `match`, or `ref` (the resource that another record makes);
   replace may leave it to the identity in its data.
4. References leave the data: `manager`, `groups`, and `members` that are not plain ids.
"""

from datetime import date
from difflib import get_close_matches
from typing import Any, NamedTuple, assert_never

from bulkscim.jobfile.bulk_lines import short_form
from bulkscim.jobfile.changes import NO_PATH, changes_of_data, changes_of_patch, is_path, path_faults
from bulkscim.jobfile.invisible import may_have_unseen_ends, without_unseen_ends
from bulkscim.jobfile.records import Fault, Problem, Record, located, shown
from bulkscim.jobfile.references import (
    KEY_ATTRIBUTES,
    bulk_texts,
    extract,
    key,
    key_attribute,
    reference,
)
from bulkscim.jobfile.schema import checked, twins
from bulkscim.model.names import name_attribute
from bulkscim.model.operation import (
    GROUP,
    MAKES,
    MEMBERSHIP,
    USER,
    VERBS,
    Content,
    Defaults,
    JsonObject,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)
from bulkscim.model.secret import MASK

_VERBS = {verb.value: verb for verb in Verb}
_TYPES = {"user": USER, "users": USER, "group": GROUP, "groups": GROUP}
_KEYS = ("op", "type", "ref", "id", "match", "data", "patch", "member", "expect", "version", "not_before")
_KEY_SET = frozenset(_KEYS)
_NOTHING: JsonObject = {}
Faults = tuple[list[Fault], list[Fault]]  # of what a record says, and of the shapes of its values


class Draft(NamedTuple):
    """A record's parts, each sound by itself; `finish` judges them together.

    `target` is what the record names in so many words (id, match, or another record's ref). A tuple, as
    Record is, for speed.
    """

    verb: Verb
    type: str
    target: Key | None = None
    data: JsonObject = _NOTHING
    changes: tuple[PatchOperation, ...] = ()
    references: tuple[Reference, ...] = ()
    ref: str | None = None
    expect: JsonObject = _NOTHING
    version: str | None = None


def operation_of(record: Record, defaults: Defaults) -> Operation | list[Problem]:
    """Read the operation of a JSONL record."""
    faults: list[Fault] = []
    body = record.body
    if not defaults.as_shown and may_have_unseen_ends(record.text):
        expected = {"expect": body["expect"]} if "expect" in body else {}
        body = without_unseen_ends(body) | expected
    if "method" in body:
        body = short_form(body, faults)
    _names_known(body, faults)
    verb = verb_of(body.get("op"), defaults, "op", faults)
    kind = type_of(body.get("type"), verb, defaults, "type", faults)
    operation = None
    if verb is not None and kind is not None and not faults:
        shapes = [] if defaults.as_shown else faults
        draft = _draft(verb, kind, body, (faults, shapes), "bulkId:" in record.text)
        if '"primary"' in record.text:
            primaries(draft, shapes)
        operation = finish(draft, faults) if not faults else None
    if "not_before" in body:
        _is_day(body["not_before"], faults)
    if MASK in record.text:
        faults += _masked(record.body)
    return operation if operation is not None and not faults else located(record, faults)


def finish(draft: Draft, faults: list[Fault]) -> Operation | None:
    """Judge a draft as a whole and make its operation, or add what is missing."""
    target = _target(draft, faults)
    _fits_verb(draft, faults)
    if faults or target is None:
        return None
    return Operation(
        draft.verb,
        draft.type,
        target,
        draft.data,
        draft.changes,
        draft.references,
        draft.ref,
        draft.expect,
        draft.version,
    )


def primaries(draft: Draft, faults: list[Fault]) -> None:
    """Add a fault for each list with more than one primary value (RFC 7643 §2.4)."""
    given = [("data", draft.data)]
    given += [
        ("patch", change.value if change.path is None else {change.path: change.value})
        for change in draft.changes
    ]
    for place, values in given:
        for name, held in values.items() if isinstance(values, dict) else ():
            chosen = [one for one in held if _is_primary(one)] if isinstance(held, list) else []
            if len(chosen) > 1:
                first, second = (shown(one.get("value", one)) for one in chosen[:2])
                text = (
                    f"{len(chosen)} values are primary, such as {first} and {second}; keep one primary: true"
                )
                faults.append(Fault(f"{place}.{name}", text))


def _is_primary(value: Any) -> bool:
    return isinstance(value, dict) and any(
        one is True and name.lower() == "primary" for name, one in value.items()
    )


def verb_of(given: Any, defaults: Defaults, place: str, faults: list[Fault]) -> Verb | None:
    """Read an operation's name; case, `-` and `_` do not matter."""
    if given is None or given == "":
        if defaults.op is None:
            faults.append(
                Fault(
                    "",
                    "has no operation; give it an `op`, or name one for the whole file, such as --op create",
                )
            )
        return defaults.op
    if not isinstance(given, str):
        faults.append(Fault(place, f"{shown(given)} is not an operation"))
        return None
    verb = _VERBS.get(given) or _VERBS.get(given.strip().lower().replace("-", "_"))
    if verb is None:
        near = get_close_matches(given.lower(), _VERBS, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; write one of {', '.join(_VERBS)}"
        faults.append(Fault(place, f"{shown(given)} is not an operation{hint}"))
    return verb


def type_of(given: Any, verb: Verb | None, defaults: Defaults, place: str, faults: list[Fault]) -> str | None:
    """Read a resource type; a membership is always a change of a Group."""
    if given is None or given == "":
        return GROUP if verb in MEMBERSHIP else defaults.type
    kind = _TYPES.get(given.strip().lower()) if isinstance(given, str) else None
    if kind is None:
        faults.append(Fault(place, f"{shown(given)} is not a type; write User or Group"))
    return kind


def _names_known(body: JsonObject, faults: list[Fault]) -> None:
    """Refuse names that mean nothing here; those that begin with `_` are notes to users."""
    for name in body.keys() - _KEY_SET:
        if not name.startswith("_"):
            near = get_close_matches(name, _KEYS, 1)
            hint = f"did you mean {shown(near[0])}?" if near else "attributes of the resource go into `data`"
            faults.append(Fault(name, f"means nothing here; {hint}"))


def _draft(verb: Verb, kind: str, body: JsonObject, found: Faults, has_bulk_ids: bool) -> Draft:  # noqa: FBT001
    """Read the parts of a short form."""
    makes, (faults, shapes) = verb in MAKES, found
    data = checked(kind, _object(body, "data", faults), "data", shapes)
    data, references = extract(kind, data, "data", faults)
    changes: tuple[PatchOperation, ...] = ()
    if "patch" in body:
        changes = changes_of_patch(kind, body["patch"], faults, shapes)
    elif VERBS[verb].content is Content.CHANGES:
        changes, data = changes_of_data(data), {}
        faults += [fault for one in changes for fault in path_faults(one.path or "", "data")]
    if "member" in body:
        twins(body["member"], "member", faults)
        references += _member(body["member"], faults)
    if "expect" in body:
        twins(body["expect"], "expect", shapes)
        expected = body["expect"] if isinstance(body["expect"], dict) else {}
        # A rollback's own record also expects what no path names.
        shapes += [
            Fault("expect", f"{shown(one)} {NO_PATH}") for one in expected if one != "*" and not is_path(one)
        ]
    if has_bulk_ids:
        named = bulk_texts([data, [change.value for change in changes], body.get("expect")])
        references += tuple(dict.fromkeys(named))
    return Draft(
        verb,
        kind,
        _named(kind, body, makes, faults),
        data,
        changes,
        references,
        _text(body, "ref", faults) if makes else None,
        _object(body, "expect", faults),
        _text(body, "version", faults),
    )


def _named(kind: str, body: JsonObject, makes: bool, faults: list[Fault]) -> Key | None:  # noqa: FBT001
    """Read the target as the record names it: by exactly one of id, match and ref."""
    ways = [way for way in ("id", "match", "ref") if way in body and not (makes and way == "ref")]
    if len(ways) > 1:
        faults.append(Fault(ways[1], f"is given as well as {ways[0]}; keep one of them"))
        return None
    match ways:
        case ["match"]:
            return _matched(kind, body["match"], faults)
        case [way]:
            return key(kind, way, body[way], way, faults)
        case _:
            return None


def _matched(kind: str, match: Any, faults: list[Fault]) -> Key | None:
    """Read `match`: an object with one attribute."""
    if not isinstance(match, dict) or len(match) != 1:
        example = f'{{"{name_attribute(kind)}": …}}'
        faults.append(Fault("match", f"{shown(match)} is not one attribute; write {example}"))
        return None
    [(name, value)] = match.items()
    attribute = key_attribute(name)
    if attribute is None:
        ways = ", ".join(sorted(set(KEY_ATTRIBUTES)))
        faults.append(Fault("match", f"{shown(name)} cannot be used to match; use one of {ways}"))
        return None
    return key(kind, attribute, value, f"match.{name}", faults)


def _target(draft: Draft, faults: list[Fault]) -> Key | None:
    """Choose the target: what is named, else the identity in the data."""
    name = name_attribute(draft.type)
    spec = VERBS[draft.verb]
    if spec.makes or (spec.content is Content.RESOURCE and not draft.target):
        value = draft.data.get(name)
        if not isinstance(value, str) or not value.strip():
            faults.append(Fault(f"data.{name}", f"{draft.verb} of a {draft.type} needs its {name}"))
        if draft.target is None:
            return Key(draft.type, name, value or "")
        if not spec.finds:
            faults.append(Fault("", "create takes no id and no match: it is known by its data"))
        elif draft.target.attribute in {"id", "ref"}:
            faults.append(Fault("", "upsert takes no id: use patch, or match an attribute"))
    if draft.target is None:
        ways = '"id", "ref" or "match": {"' + name + '": …}'
        faults.append(Fault("", f"{draft.verb} does not identify the {draft.type}; give it {ways}"))
    return draft.target


def _fits_verb(draft: Draft, faults: list[Fault]) -> None:
    """Check that the record holds what its verb needs and nothing that it would pass over."""
    verb, spec = draft.verb, VERBS[draft.verb]
    if draft.changes and spec.content is not Content.CHANGES:
        faults.append(Fault("patch", f"{verb} takes no patch"))
    match spec.content:
        case Content.RESOURCE:
            if not spec.makes and not draft.data:
                faults.append(Fault("", f"{verb} has no data: it would empty the resource"))
        case Content.CHANGES:
            if not draft.changes and not draft.references:
                faults.append(Fault("", f"{verb} has nothing to change"))
        case Content.MEMBER:
            _fits_membership(draft, faults)
        case Content.NOTHING:
            _fits_target_only(draft, faults)
        case _:
            assert_never(spec.content)
    if draft.data and spec.content in {Content.MEMBER, Content.NOTHING}:
        faults.append(Fault("data", f"{verb} takes no data"))


def _fits_target_only(draft: Draft, faults: list[Fault]) -> None:
    """Check that the record names its target and no more."""
    if VERBS[draft.verb].only not in {None, draft.type}:
        faults.append(Fault("type", f"{draft.verb} is only for users"))
    if any(each.role is not Role.VALUE for each in draft.references):
        faults.append(Fault("", f"{draft.verb} takes no member, manager or groups"))


def _fits_membership(draft: Draft, faults: list[Fault]) -> None:
    """Check that one member joins or leaves one group."""
    if draft.type != GROUP:
        faults.append(Fault("type", f"{draft.verb} is a change of a Group"))
    if [each.role for each in draft.references if each.role is not Role.VALUE] != [Role.MEMBER]:
        faults.append(Fault("member", f"{draft.verb} needs exactly one member"))


def _member(value: Any, faults: list[Fault]) -> tuple[Reference, ...]:
    """Read the member of a membership."""
    found = reference(Role.MEMBER, USER, value, "member", faults)
    return (found,) if found else ()


def _object(body: JsonObject, name: str, faults: list[Fault]) -> JsonObject:
    """Read an object that may be left out."""
    value = body.get(name)
    if value is None or isinstance(value, dict):
        return value or {}
    faults.append(Fault(name, f"{shown(value)} is not an object {{…}}"))
    return {}


def _text(body: JsonObject, name: str, faults: list[Fault]) -> str | None:
    """Read a text that may be left out, but not be empty."""
    value = body.get(name)
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    faults.append(Fault(name, f"{shown(value)} is not a text; fill it in or leave it out"))
    return None


def _is_day(value: Any, faults: list[Fault]) -> None:
    """Check the day before which a record is not to be done."""
    try:
        sound = date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        sound = False
    if not sound:
        faults.append(Fault("not_before", f"{shown(value)} is not a day; write it as 2026-12-31"))


def _masked(value: Any, place: str = "") -> list[Fault]:
    """Find each value `[secret]`: it stands for what was never written down, and cannot be sent."""
    match value:
        case str() if value == MASK:
            return [Fault(place, f'"{MASK}" is the mask of a secret; put in a value')]
        case dict():
            nested = value.items()
        case list():
            nested = {str(index): each for index, each in enumerate(value)}.items()
        case _:
            return []
    return [fault for name, each in nested for fault in _masked(each, f"{place}.{name}".lstrip("."))]


__all__ = [
    "Defaults",
    "Draft",
    "finish",
    "operation_of",
    "primaries",
    "type_of",
    "verb_of",
]
