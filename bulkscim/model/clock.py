"""Time as an argument."""

from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Where time comes from; the real one is in the engine, tests bring a virtual one."""

    def now(self) -> float:
        """Return wall time, seconds since 1970, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a negative time does not wait."""


class Dated(NamedTuple):
    """A time that the server stated, seconds since 1970, with both clocks of this machine when it came."""

    stated: float
    wall: float
    monotonic: float
