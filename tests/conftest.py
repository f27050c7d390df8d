"""What every test shares."""

import pytest


@pytest.fixture
def anyio_backend():
    """Run async tests on asyncio: aiohttp and aiolimiter know no other."""
    return "asyncio"
