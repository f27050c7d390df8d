"""Send steps: a permit, the start in the journal, the request, the end in the journal. Nothing else sends a write.

Steps that change the members of one group may go in one request. Each of them has a start, an end and an outcome of its
own. Only a success is believed of all of them: any other answer tells nothing of one, so that it is looked for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from math import inf
from typing import NamedTuple, Protocol

from bulkscim.engine import recording
from bulkscim.engine.directory.directory import Directory
from bulkscim.engine.exchange import Exchange
from bulkscim.engine.recording import Sent
from bulkscim.engine.rows import RunContext
from bulkscim.engine.sending import Sender, request_of
from bulkscim.engine.work import Work
from bulkscim.journal.before_file import BeforeFile
from bulkscim.journal.entries import Entry
from bulkscim.model.operation import JsonObject
from bulkscim.model.request import Reply
from bulkscim.model.step import Action, Step
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.merging import merged

# What holds for each step of a request alike: nothing was done, or all will be looked for in any case.
ALIKE = frozenset({Verdict.APPLIED, Verdict.AGAIN, Verdict.UNAUTHORIZED, Verdict.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step that was sent, its answer, and what the retry table makes of it; its end is not in the journal yet.

    `read` is its resource as it was read after a success that does not show what the step did.
    """

    sent: Sent
    judgement: Judgement
    reply: Reply
    read: JsonObject | None = None


class NotSent(Enum):
    """Why a step was not sent, and nothing was journaled."""

    STOPPING = auto()  # no permit is given any more
    OUTDATED = auto()  # what the step follows from does not hold any more


class Intent(NamedTuple):
    """A step that a row is to send."""

    work: Work
    step: Step


class Dispatch(Protocol):
    """Sends the steps of all workers."""

    async def send(
        self, intents: Sequence[Intent], holds: Callable[[], bool], outdated: Callable[[], bool]
    ) -> list[Outcome] | NotSent:
        """Send steps that can be `merged` once their starts are durable; return the outcome of each.

        `outdated` is asked when a permit could be taken, and `holds` when it was given, which may take long.
        """

    async def end(self, *entries: Entry) -> None:
        """Journal the end of a step that was sent; with it, in the same write, the end of its row."""


class SingleDispatch:
    """Sends what it is given in a single request."""

    def __init__(
        self,
        context: RunContext,
        exchange: Exchange,
        sender: Sender,
        directory: Directory,
        before: BeforeFile | None = None,
    ) -> None:
        self._before = before
        self._journal = context.journal
        self._clock = context.clock
        self._exchange = exchange
        self._sender = sender
        self._directory = directory

    async def send(
        self, intents: Sequence[Intent], holds: Callable[[], bool], outdated: Callable[[], bool]
    ) -> list[Outcome] | NotSent:
        """Send steps in one request; return the outcome of each."""
        step = merged([one.step for one in intents])
        request = request_of(step)
        urgent = step.action is not Action.CREATE  # a create relies on nothing that gets old
        may_go: bool | None = None
        while may_go is None:
            may_go = await self._exchange.permits.obtain(request, urgent=urgent, outdated=outdated)
            if may_go is False:
                return NotSent.STOPPING
            if not holds():
                return NotSent.OUTDATED
        await self._keep_before(
            intents
        )  # before the steps have numbers, which follow the order of the journal
        together = len(intents)
        sent = [
            Sent(one.work, one.step, self._journal.next_step(), together, leads=at == 0)
            for at, one in enumerate(intents)
        ]
        await self._journal.append(*self._starts(sent))
        for one in sent:
            one.work.sent_at = self._clock.monotonic()
        leader = sent[0].work
        judgement, reply = await self._sender.send(leader, step, request)
        for one in sent:
            one.work.told_at = self._clock.monotonic()
            if not one.leads:
                one.work.step_attempts = leader.step_attempts
                one.work.attempts += leader.step_attempts
        return [Outcome(one, _of_one(judgement, together), reply) for one in sent]

    async def _keep_before(self, intents: Sequence[Intent]) -> None:
        """Keep what steps remove, readable by itself, before their starts."""
        if self._before is not None:
            lines = (recording.kept_before(*one, self._age(*one)) for one in intents)
            await self._before.keep(line for line in lines if line is not None)

    def _age(self, work: Work, step: Step) -> float | None:
        """Return how many seconds ago a step's resource was read; None where it was not."""
        return None if step.before is None else self._clock.monotonic() - work.read_at

    def _starts(self, sent: Sequence[Sent]) -> Iterator[Entry]:
        """Yield the intents of steps that leave now, with all that recovery and undo will need."""
        intent = self._exchange.server.moment()
        for one in sent:
            work, step = one.work, one.step
            if step.action is Action.CREATE:
                work.begins(step.part, step.covers)
                work.create_started.setdefault(step.part, intent)
                work.create_sent.setdefault(step.part, self._clock.monotonic() if work.is_new else -inf)
            yield recording.started(one, intent, self._directory.take_left_out(), self._age(work, step))

    async def end(self, *entries: Entry) -> None:
        """Journal the end of a step that was sent."""
        await self._journal.append(*entries)


def _of_one(judgement: Judgement, together: int) -> Judgement:
    """Return what an answer to a request means for one of the steps in it."""
    if together == 1 or judgement.verdict in ALIKE:
        return judgement
    return replace(judgement, verdict=Verdict.LOST)
