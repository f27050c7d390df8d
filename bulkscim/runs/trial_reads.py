"""The reads of a trial: what the tenant shows of what was made, once or until it is shown."""

from collections.abc import Callable, Iterator, Mapping

from bulkscim.model.clock import Clock
from bulkscim.providers.probing.record import GONE, Answer, answer_of
from bulkscim.runs.probing import answered
from bulkscim.transport.base import Transport

FIRST_PAUSE_S = 0.5


def _is_there(answer: Answer) -> bool:
    return answer.status not in GONE


class TrialReads:
    """GETs of a tenant; what was just written may be shown only after `lag_s`."""

    def __init__(self, transport: Transport, clock: Clock, lag_s: float) -> None:
        self._transport = transport
        self._clock = clock
        self._lag_s = lag_s

    async def of(self, paths: Mapping[str, str]) -> dict[str, Answer]:
        """Return what came for some paths, by their names."""
        return {name: await self.read(path) for name, path in paths.items()}

    async def once_there(
        self, paths: Mapping[str, str], fits: Callable[[Answer], bool] = _is_there
    ) -> dict[str, Answer]:
        """Return what came for resources that were just changed: each is asked for until the change is shown."""
        return {name: (await self.until(path, fits))[0] for name, path in paths.items()}

    async def until(self, path: str, fits: Callable[[Answer], bool]) -> tuple[Answer, float | None]:
        """Ask until an answer fits; return the last one, and after how many seconds it fitted (None: it does not)."""
        begun, pauses = self._clock.monotonic(), _pauses(self._lag_s)
        answer = await self.read(path)
        if fits(answer):
            return answer, 0.0
        for pause in pauses:
            await self._clock.sleep(pause)
            answer = await self.read(path)
            if fits(answer):
                return answer, self._clock.monotonic() - begun
        return answer, None

    async def read(self, path: str) -> Answer:
        """Return what came for a path."""
        return answer_of(path, await answered(self._transport, path))


def _pauses(total_s: float) -> Iterator[float]:
    """Yield pauses that double, until they have lasted so long."""
    pause = FIRST_PAUSE_S
    while total_s > 0:
        yield min(pause, total_s)
        total_s, pause = total_s - pause, pause * 2
