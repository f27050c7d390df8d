"""Brings the fixture that carries a job to its end."""

from tests.support.carrying import carried

__all__ = ["carried"]
