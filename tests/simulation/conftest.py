"""Brings the fixture that carries a job to its end, and time that jumps."""

import pytest

from tests.support.running.carrying import carried
from tests.support.running.virtual_loop import VirtualLoop

__all__ = ["carried"]


@pytest.fixture
def anyio_backend():
    """Run on virtual time."""
    return "asyncio", {"loop_factory": VirtualLoop}
