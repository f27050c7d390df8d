"""The real clock."""

import time

import anyio


class RealClock:
    """Time as the machine has it."""

    def now(self) -> float:
        """Return wall time, seconds since 1970, UTC."""
        return time.time()  # noqa: TID251 - this is the one place

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; a negative time does not wait."""
        await anyio.sleep(max(0.0, seconds))
