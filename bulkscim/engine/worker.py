"""What a worker does with one row: read what it must know, and send a step where that may still be sent."""

from dataclasses import replace
from typing import Any

from bulkscim.engine.abilities import Abilities
from bulkscim.engine.asking import Asking
from bulkscim.engine.dispatch import Dispatch, NotSent
from bulkscim.engine.feed import Coming
from bulkscim.engine.outcomes import STALE, Outcomes
from bulkscim.engine.rows import Next, Rows
from bulkscim.engine.work import Work
from bulkscim.model.clock import Clock
from bulkscim.model.live import Question
from bulkscim.model.row import Refusal
from bulkscim.model.step import Action, Step
from bulkscim.planning.before_image import before_step


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
        self.rows = rows
        self.outcomes = outcomes

    async def read(self, work: Work, need: Question, coming: Coming) -> Any:
        """Read what a row must know; None where the run is to stop instead. `coming`: the rows that come next."""
        return await self._asking.read(work, need, coming)

    async def carry_out(self, work: Work, step: Step) -> Next | None:
        """Send a step between its two entries; return what the row does next, None where its stay ends here."""
        if work.stale >= STALE or not self._abilities.sends_versions:
            step = replace(step, if_match=None)
        if lacking := self._abilities.lacking(step):
            work.refused(Refusal(step.part, None, None, lacking))
            return self.rows.decide(work)
        if work.is_listed and not work.reads_alone:
            work.reads_alone = True
            work.forget()
            return self.rows.decide(work)
        if step.adopts and not self.rows.bounds.may_adopt(work.number):
            return None
        outcome = await self._dispatch.send(work, step, lambda: self._holds(work, step))
        match outcome:
            case NotSent.STOPPING:
                return None
            case NotSent.OUTDATED:
                return self.rows.decide(work)
            case _:
                return await self.outcomes.take_in(outcome)

    def _holds(self, work: Work, step: Step) -> bool:
        """Return whether what the step follows from still holds; what does not is forgotten."""
        if self._is_old(work, step):
            work.read_again = True
            work.forget()
            return False
        if (
            step.action is Action.CREATE
            and self.rows.policy.looks_always
            and not work.has_looked_up(step.identity)
        ):
            work.forget()
            return False
        work.read_again = False
        return True

    def _is_old(self, work: Work, step: Step) -> bool:
        """Return whether what was read is to be read again, once, before the step."""
        if work.read_again or (step.before is None and step.member is None):
            return False
        undoes = self.rows.policy.takes_back
        limit = before_step(step, work.row.operation, self._dispatch.interval_s, undoes=undoes)
        return self._clock.monotonic() - work.read_at > limit
