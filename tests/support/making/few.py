"""Cases of which some are quick tests and the others slow ones."""

from collections.abc import Iterable
from typing import Any

import pytest


def few(cases: Iterable[Any], quick: int) -> list[Any]:
    """Return the cases of a table; all but the first `quick` are slow."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=() if at < quick else pytest.mark.slow
        )
        for at, case in enumerate(cases)
    ]
