"""What every test shares."""

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of tests/force be done more often than usual."""
    parser.addoption(
        "--rounds", type=int, default=0, help="rounds of each kind of force, not the usual number"
    )


# How long an example takes depends on what else the machine does; a rule does not.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio: aiohttp and aiolimiter know no other."""
    return "asyncio"
