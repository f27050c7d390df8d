"""Send steps: a permit, the start in the journal, the request, the end in the journal. Nothing else sends a write.

`Dispatch` is all that a worker knows of it. `SingleDispatch` gives each step a request of its own. An implementation that
puts steps of several workers into one request lets `send` wait until there are enough of them, takes one permit, journals
all starts in one write, and returns to each worker the outcome of its own step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import Protocol

from bulkscim.engine import recording
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.exchange import Exchange
from bulkscim.engine.recording import Sent
from bulkscim.engine.rows import RunContext
from bulkscim.engine.sending import Sender, request_of
from bulkscim.engine.work import Work
from bulkscim.journal.entries import Entry
from bulkscim.model.request import Reply
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that was sent, its answer, and what the retry table makes of it; its end is not in the journal yet."""

    sent: Sent
    judgement: Judgement
    reply: Reply


class NotSent(Enum):
    """Why a step was not sent, and nothing was journaled."""

    STOPPING = auto()  # no permit is given any more
    OUTDATED = auto()  # what the step follows from does not hold any more


class Dispatch(Protocol):
    """Sends the steps of all workers."""

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace."""

    async def send(self, work: Work, step: Step, holds: Callable[[], bool]) -> Outcome | NotSent:
        """Send a step once its start is durable; `holds` is asked when the permit is given, which may take long."""

    async def end(self, *entries: Entry) -> None:
        """Journal the end of a step that was sent; with it, in the same write, the end of its row."""


class SingleDispatch:
    """Sends each step in a request of its own."""

    def __init__(self, context: RunContext, exchange: Exchange, sender: Sender, directory: Directory) -> None:
        self._journal = context.journal
        self._clock = context.clock
        self._exchange = exchange
        self._sender = sender
        self._directory = directory

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next at the present pace."""
        return self._exchange.permits.interval_s

    async def send(self, work: Work, step: Step, holds: Callable[[], bool]) -> Outcome | NotSent:
        """Send a step once its start is durable; `holds` is asked when the permit is given."""
        request = request_of(step)
        if not await self._exchange.permits.obtain(request, urgent=True):
            return NotSent.STOPPING
        if not holds():
            return NotSent.OUTDATED
        sent = Sent(work, step, self._journal.next_step())
        intent = self._exchange.server.moment()
        if step.action is Action.CREATE:
            work.begins(step.part, step.covers)
            work.create_started.setdefault(step.part, intent)
            work.create_sent.setdefault(step.part, self._clock.monotonic() if work.is_new else -inf)
        age = None if step.before is None else self._clock.monotonic() - work.read_at
        await self._journal.append(recording.started(sent, intent, self._directory.take_left_out(), age))
        work.sent_at = self._clock.monotonic()
        judgement, reply = await self._sender.send(work, step, request)
        return Outcome(sent, judgement, reply)

    async def end(self, *entries: Entry) -> None:
        """Journal the end of a step that was sent."""
        await self._journal.append(*entries)
