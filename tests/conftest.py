"""What every test shares."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does; a rule does not.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio: aiohttp and aiolimiter know no other."""
    return "asyncio"
