"""What a run learns once of what its tenant takes: the forms of requests, PATCH, versions, and values that fail."""

from collections.abc import Callable
from http import HTTPStatus

from bulkscim.engine.bounds import has_stopped
from bulkscim.engine.faulty_values import FaultyValues
from bulkscim.engine.stopping import Stopping
from bulkscim.engine.work import Work
from bulkscim.errors import NoPatch
from bulkscim.journal.journal import Journal
from bulkscim.model.operation import USER
from bulkscim.model.step import Step
from bulkscim.pacing.retry import Judgement, Verdict

NO_METHOD = frozenset({HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
FEW = 3  # refused PATCHes of a type, before no more are sent
PROOF = 2  # refused versions that were read from an unchanged resource, or rows whose versions were refused


class Abilities:
    """One for all workers; learned again by each process. `takes_patch`: the tenant has not said that it takes none."""

    def __init__(
        self, journal: Journal, stopping: Stopping, note: Callable[[str], None], *, takes_patch: bool
    ) -> None:
        self._journal = journal
        self._stopping = stopping
        self._note = note
        self._most = FEW if takes_patch else 1
        self._patched: set[str] = set()  # types of which a PATCH took effect
        self._unpatched: dict[str, int] = {}  # refused PATCHes by type
        self._versions: dict[int, str] = {}  # by row, the version that was refused last
        self._fits = False
        self._proof = 0
        self.faulty = FaultyValues()

    @property
    def sends_versions(self) -> bool:
        """Whether an If-Match may fit."""
        return self._fits or self._proof < PROOF

    def lacking(self, step: Step) -> str:
        """Return why a step need not be sent, empty where it may work."""
        if step.method != "PATCH" or self._unpatched.get(step.type, 0) < self._most:
            return ""
        return f"not sent: this tenant takes no PATCH of {step.type}s{_advice(step.type)}"

    def ended(self, work: Work, step: Step, judgement: Judgement) -> None:
        """Learn from how a step ended. The first PATCH that shows that there is none stops the run, once."""
        self._learn_versions(work, step, judgement)
        if judgement.verdict is Verdict.APPLIED:
            self.faulty.worked(step)
        if step.method != "PATCH":
            return
        if judgement.verdict is Verdict.APPLIED:
            self._patched.add(step.type)
            self._unpatched.pop(step.type, None)
        elif judgement.status in NO_METHOD and step.type not in self._patched:
            refused = self._unpatched[step.type] = self._unpatched.get(step.type, 0) + 1
            if refused == 1 and not has_stopped(self._journal, NoPatch.cause):
                self._stopping.stop(
                    NoPatch(
                        f"the tenant takes no PATCH of {step.type}s: it answered {judgement.status}: "
                        f"{judgement.detail}{_advice(step.type)}; resume goes on with the other rows"
                    )
                )

    def _learn_versions(self, work: Work, step: Step, judgement: Judgement) -> None:
        """Learn whether versions fit: one that was read again and is the same, and is refused again, cannot."""
        applied = judgement.verdict is Verdict.APPLIED
        if step.if_match is not None and judgement.verdict is Verdict.STALE:
            self._proof += self._versions.get(work.number) == step.if_match
            self._versions[work.number] = step.if_match
        elif step.if_match is not None and applied:
            self._fits = True
        elif applied and self._versions.pop(work.number, None) is not None and self.sends_versions:
            self._proof += 1
            if not self.sends_versions:
                self._note(
                    "this tenant refuses each version (If-Match): changes are sent without one from here on"
                )


def _advice(kind: str) -> str:
    """Say what works instead."""
    return (
        "; users can be replaced whole by PUT: operation replace, with all attributes" if kind == USER else ""
    )
