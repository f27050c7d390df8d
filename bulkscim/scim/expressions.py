"""Filters as texts that users write (RFC 7644 §3.4.2.2): `department eq "Sales" and not (active = false)` (pure).

`=`, `==` stand for `eq`, `!=` and `<>` for `ne`. A name that is not an attribute may be in double quotes. What a name
means, and which values it has, is asked of the caller.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, assert_never

import orjson

from bulkscim.model.active import truth
from bulkscim.model.operation import folded_name

_OPERATORS = {"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}
_SIGNS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
_JOINING = {"and", "or", "not"}
_DEEPEST = 50
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<sign>==|!=|<>|>=|<=|=|>|<)
    |(?P<bracket>[()])
    |(?P<word>[^\s"()\[\]=!<>']+(?:\[[^\]]*\](?:\.[\w$-]+)?)?)
    )""",
    re.VERBOSE,
)
Values = Callable[[str], list[Any]]


class ExpressionError(ValueError):
    """A text that is no filter; its message is for users and names the column."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(f"column {place}: {message}")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; `place` is the column of its name, from 1."""

    name: str
    place: int
    operator: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Negation:
    """What holds where another expression does not."""

    of: "Expression"


@dataclass(frozen=True, slots=True)
class Conjunction:
    """What holds where all of its expressions do."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """What holds where one of its expressions does."""

    of: tuple["Expression", ...]


Expression = Comparison | Negation | Conjunction | Alternative


def parse(text: str) -> Expression:
    """Read a filter; ExpressionError where it is none."""
    return _Parser(text).whole()


def comparisons(expression: Expression) -> Iterator[Comparison]:
    """Yield the comparisons of a filter, in the order of its text."""
    match expression:
        case Comparison():
            yield expression
        case Negation(of):
            yield from comparisons(of)
        case Conjunction(parts) | Alternative(parts):
            for part in parts:
                yield from comparisons(part)
        case _:
            assert_never(expression)


def holds(expression: Expression, values: Values) -> bool:
    """Return whether a filter holds; `values` tells which values a name has, none where it has none."""
    match expression:
        case Comparison():
            return _compares(expression, values(expression.name))
        case Negation(of):
            return not holds(of, values)
        case Conjunction(parts):
            return all(holds(part, values) for part in parts)
        case Alternative(parts):
            return any(holds(part, values) for part in parts)
        case _:
            assert_never(expression)


def _compares(one: Comparison, values: list[Any]) -> bool:
    """Return whether one of the values compares so; of `ne`, whether none is equal."""
    found = [value for value in values if value not in (None, "", [], {})]
    match one.operator:
        case "pr":
            return bool(found)
        case "eq" if one.value is None:
            return not found
        case "ne" if one.value is None:
            return bool(found)
        case "ne":
            return not any(_is(value, "eq", one.value) for value in found)
        case operator:
            return any(_is(value, operator, one.value) for value in found)


def _is(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return operator == "eq" and truth(value) is not None and truth(value) is truth(wanted)
    left, right = _number(value), _number(wanted)
    if left is None or right is None or isinstance(wanted, str):
        return _texts(folded_name(str(value)), operator, folded_name(str(wanted)))
    return _ordered(left, operator, right)


def _texts(value: str, operator: str, wanted: str) -> bool:
    match operator:
        case "co":
            return wanted in value
        case "sw":
            return value.startswith(wanted)
        case "ew":
            return value.endswith(wanted)
        case _:
            return _ordered(value, operator, wanted)


def _ordered(value: Any, operator: str, wanted: Any) -> bool:
    found = {"eq": value == wanted, "gt": value > wanted, "ge": value >= wanted, "lt": value < wanted}
    return bool(found.get(operator, value <= wanted if operator == "le" else False))


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # quoted, sign, bracket, word, or empty at the end
    text: str
    place: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._depth = 0

    def whole(self) -> Expression:
        found = self._either()
        if (rest := self._next).kind:
            hint = "" if rest.text in "()" else ", or put texts with blanks in double quotes"
            raise ExpressionError(
                rest.place, f"{rest.text} is one too many; join comparisons with and, or{hint}"
            )
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self) -> _Token:
        return self._tokens.pop(0) if self._next.kind else self._next

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._next.word == "or":
            self._take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Alternative(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._next.word == "and":
            self._take()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _one(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(self._next.place, "is nested too deeply")
        try:
            if self._next.word == "not":
                self._take()
                return Negation(self._one())
            if self._next.text == "(" and self._next.kind == "bracket":
                self._take()
                found = self._either()
                if (end := self._take()).text != ")":
                    raise ExpressionError(end.place, "a ) is missing")
                return found
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Comparison:
        name = self._take()
        if name.kind not in {"word", "quoted"} or name.word in _JOINING:
            what = f"{name.text} stands where" if name.kind else "ends where"
            raise ExpressionError(name.place, f'{what} a name should, such as department = "Sales"')
        called = str(orjson.loads(name.text)) if name.kind == "quoted" else name.text
        sign = self._take()
        operator = _SIGNS.get(sign.text) if sign.kind == "sign" else sign.word
        if operator not in _OPERATORS:
            known = "=, !=, co, sw, ew, pr, >, >=, <, <="
            what = f"{sign.text} is no operator" if sign.kind else f"{called} is compared with nothing"
            raise ExpressionError(sign.place, f"{what}; after a name comes one of {known}")
        if operator == "pr":
            return Comparison(called, name.place, operator)
        return Comparison(called, name.place, operator, _value(self._take(), called, sign.text))


def _value(token: _Token, name: str, sign: str) -> Any:
    """Return the value that a token writes: a JSON text, number, true, false or null."""
    if token.kind == "quoted":
        return orjson.loads(token.text)
    if token.word in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[token.word]
    if token.kind == "word" and token.word not in _JOINING:
        number = _number(token.text)
        if number is None:
            raise ExpressionError(token.place, f'texts are in double quotes: {name} {sign} "{token.text}"')
        return int(token.text) if token.text.lstrip("-").isdecimal() else number
    raise ExpressionError(
        token.place, f'{name} {sign} wants a value: a text in double quotes ("Sales"), a number, true, false'
    )


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None or found.end() == place:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise ExpressionError(at + 1, _not_understood(text[at:]))
        kind = found.lastgroup or ""
        if kind == "quoted":
            try:
                orjson.loads(found[kind])
            except ValueError as error:
                raise ExpressionError(found.start(kind) + 1, f"{found[kind]} is no JSON text") from error
        yield _Token(kind, found[kind], found.start(kind) + 1)
        place = found.end()
    yield _Token("", "", len(text.rstrip()) + 1)


def _not_understood(rest: str) -> str:
    if rest.startswith("'"):
        return "texts are in double quotes, not in single ones"
    if rest.startswith('"'):
        return 'a text is not closed; put " at its end'
    return f"{rest[:20]} is not understood"
