"""Fewer cases and examples where the slow tests are left out."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings


def few(cases: Iterable[Any], quick: int) -> list[Any]:
    """Return the cases of a table; all but the first `quick` are slow."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=() if at < quick else pytest.mark.slow
        )
        for at, case in enumerate(cases)
    ]


def examples(whole: int) -> int:
    """Return how many examples of a rule are tried, of so many as the whole suite tries."""
    return whole * settings.default.max_examples // 100
