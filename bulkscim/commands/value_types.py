"""Values of flags: how they are read, and what is said of those that cannot be."""

from collections.abc import Callable
from typing import Any

import click

from bulkscim.model.limits import Limit
from bulkscim.model.operation import Verb
from bulkscim.pacing.rate import parse_all as parse_rates


class LimitType(click.ParamType[Limit]):
    """A number or a percentage."""

    name = "N|P%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Limit:
        """Parse, and say what is wanted where it fails."""
        if isinstance(value, Limit):
            return value
        try:
            return Limit.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class VerbType(click.ParamType[Verb]):
    """An operation, with `-` or `_` between its words."""

    name = "OP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Verb:
        """Find the operation, or list them all."""
        try:
            return Verb(value.strip().lower().replace("-", "_"))
        except ValueError:
            self.fail(f"{value!r} is not an operation; they are {', '.join(Verb)}", param, ctx)


class RateType(click.ParamType[str]):
    """A rate as it is written; what is kept is the text. In a variable of the environment commas separate several."""

    envvar_list_splitter = ","

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is no rate."""
        try:
            parse_rates(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class NumberOrAuto(click.ParamType[int]):
    """A number, or `auto`, which is kept as 0."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Refuse what is neither."""
        if str(value).lower() == "auto":
            return 0
        if not (str(value).isascii() and str(value).isdigit() and int(value)):
            self.fail(f"{value!r} is neither a number from 1 up nor auto", param, ctx)
        return int(value)


class Written(click.ParamType[str]):
    """A text that something can read; what is kept is the text."""

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what cannot be read."""
        try:
            self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)
