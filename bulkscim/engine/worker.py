"""What a worker does with one row: read what it must know, and send a step where that may still be sent."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from bulkscim.engine.abilities import Abilities
from bulkscim.engine.asking import Asking
from bulkscim.engine.dispatch import Dispatch, Intent, NotSent, Outcome
from bulkscim.engine.feed import Coming
from bulkscim.engine.outcomes import Outcomes
from bulkscim.engine.read_after import ReadAfter
from bulkscim.engine.rows import Next, Rows
from bulkscim.engine.step_guards import May
from bulkscim.engine.work import Work
from bulkscim.model.clock import Clock
from bulkscim.model.live import Question
from bulkscim.model.operation import GROUP
from bulkscim.model.row import Refusal
from bulkscim.model.step import Action, Step
from bulkscim.planning.before_image import ImageAges
from bulkscim.planning.decision import Rest

_UNDER_WAY_S = 0.5  # between two looks whether steps under way have ended


class Instead(NamedTuple):
    """What a row does instead of sending a step; None: its stay ends here."""

    decision: Next | None


class Worker:
    """The hands of the engine; one for all tasks, since all state of a row is in its Work."""

    def __init__(
        self,
        rows: Rows,
        asking: Asking,
        dispatch: Dispatch,
        outcomes: Outcomes,
        abilities: Abilities,
        clock: Clock,
    ) -> None:
        self._asking = asking
        self._dispatch = dispatch
        self._abilities = abilities
        self._clock = clock
        self._read_after = ReadAfter(rows, asking)
        self.rows = rows
        self.outcomes = outcomes

    async def read(self, work: Work, need: Question, coming: Coming) -> Any:
        """Read what a row must know; None where the run is to stop instead. `coming`: the rows that come next."""
        answer = await self._asking.read(work, need, coming)
        learned = self._abilities.integrations
        told = learned.moves(work.facts.applied.values(), need, answer) or await learned.learn(
            need, answer, partial(self._asking.reads(work).by_id, GROUP)
        )
        if told is not None:
            self.rows.fits(told)
        return answer

    def checked(self, work: Work, step: Step, *, waits: bool = False) -> Step | Instead:
        """Return a step as it may be sent, or what its row does instead; `waits`: it is checked again before it is sent."""
        ages = self._ages(step)
        is_worth = ages.is_strict(step, work.row.operation) or (work.is_listed and not ages.plans)
        step = self._abilities.versions.fitted(work, step, is_worth=is_worth)
        if lacking := self._abilities.lacking(step):
            work.refused(Refusal(step.part, None, None, lacking))
            return Instead(self.rows.decide(work))
        is_old = not waits and self.is_old(work, step)  # before a permit is spent
        if is_old or (work.is_listed and step.adopts):
            work.outdated()
            return Instead(self.rows.decide(work))
        if step.adopts and not self.rows.bounds.may_adopt(work.number):
            return Instead(None)
        match self.rows.bounds.steps.may_send(work, step):
            case May.GO:
                return step
            case May.WAIT:
                return Instead(Rest(_UNDER_WAY_S))
            case _:
                return Instead(None)

    async def send(self, intents: Sequence[Intent]) -> list[Outcome] | NotSent:
        """Send checked steps, in one request, where all that they follow from still holds; read what the answer does not show."""
        sent = await self._dispatch.send(intents, lambda: self._hold(intents), lambda: self._are_old(intents))
        return sent if isinstance(sent, NotSent) else await self._read_after.completed(sent)

    async def carry_out(self, work: Work, step: Step) -> Next | None:
        """Send a step between its two entries; return what the row does next, None where its stay ends here."""
        checked = self.checked(work, step)
        if isinstance(checked, Instead):
            return checked.decision
        sent = await self.send([Intent(work, checked)])
        if isinstance(sent, NotSent):
            self._abilities.versions.not_sent(work, [checked])
            self.rows.bounds.steps.not_sent(work)
            return None if sent is NotSent.STOPPING else self.rows.decide(work)
        decision = await self.take_in(sent[0])
        await self.outcomes.answered(sent)
        return decision

    async def take_in(self, outcome: Outcome) -> Next | None:
        """Take in how a step ended, also into the guards; return what its row does next."""
        decision = await self.outcomes.take_in(outcome)
        self.rows.bounds.steps.ended(outcome.sent.work, outcome.sent.step, knows=decision is not None)
        return decision

    def _hold(self, intents: Sequence[Intent]) -> bool:
        """Return whether what steps follow from still holds; where that of one does not, all of it is forgotten."""
        if self._are_old(intents):
            for work, _ in intents:
                work.outdated()
            return False
        for work, step in intents:
            is_create = step.action is Action.CREATE
            if is_create and self.rows.policy.looks_always and not work.has_looked_up(step.identity):
                work.reads_alone = True
                work.forget()
                return False
            work.read_again = False
        return True

    def _are_old(self, intents: Sequence[Intent]) -> bool:
        return any(self.is_old(*intent) for intent in intents)

    def is_old(self, work: Work, step: Step) -> bool:
        """Return whether what was read is to be read again before the step; once, except where a listing tells of its member."""
        now, ages = self._clock.monotonic(), self._ages(step)
        if now - work.joins_at > ages.lookup(work.row.operation):
            return True
        if work.read_again or (step.before is None and not step.member_parts):
            return False
        return now - work.read_at > ages.step(step, work.row.operation)

    def _ages(self, step: Step) -> ImageAges:
        return self._asking.ages(step.method, step.type)
