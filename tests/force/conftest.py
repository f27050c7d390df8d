"""What is done by force is slow, and done as often as `--rounds` asks."""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count all that starts real processes among the slow tests."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> Callable[..., range]:
    """Return the seeds of a kind's rounds: so many, or as many as `--rounds` says; of these one part of several."""

    def of(usual: int, part: int = 0, parts: int = 1) -> range:
        count = request.config.getoption("--rounds") or usual
        return range(part, count, parts)

    return of
