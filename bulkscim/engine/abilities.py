"""What a run learns once of what its tenant takes: the forms of requests, PATCH, versions, and values that fail."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Generic, TypeVar

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
PLAIN_JSON = "application/json"
SCIM_JSON = "application/scim+json"

Form = TypeVar("Form")


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


class RequestForms(Generic[Form]):
    """The forms that may work. Until one is proved, a refusal of one is a reason to try the next.

    The refusal is one that proves that nothing was done, so trying again repeats no change.
    """

    def __init__(self, forms: Sequence[Form]) -> None:
        self._forms = forms
        self._proved: Form | None = forms[0] if len(forms) == 1 else None

    @property
    def is_single(self) -> bool:
        """Whether there is no choice."""
        return len(self._forms) == 1

    @property
    def form(self) -> Form:
        """The form to use now."""
        return self._forms[0] if self._proved is None else self._proved

    def works(self, form: Form) -> bool:
        """Keep a form that was taken; return whether that is new, and not the form that was expected."""
        is_new = self._proved is None and form != self._forms[0]
        self._proved = form if self._proved is None else self._proved
        return is_new

    def another(self, tried: list[Form]) -> Form | None:
        """Return the form to try after those that were refused; None where there is no reason to."""
        candidates = self._forms if self._proved is None else (self._proved,)
        return next((form for form in candidates if form not in tried), None)


def media_types(usual: str) -> RequestForms[str]:
    """Return the media types that a tenant may take, the usual one first."""
    return RequestForms(tuple(dict.fromkeys((usual, PLAIN_JSON, SCIM_JSON)))[:2])


class Quoting:
    """Whether filters of a type hold their value in quotes: all do but those of the profile's `bare` types."""

    def __init__(self, bare: frozenset[str]) -> None:
        self._bare = bare

    def wants(self, kind: str) -> bool:
        """Return whether values go in quotes."""
        return kind not in self._bare

    def needed(self, kind: str) -> None:
        """Keep that a bare value was refused where a quoted one was taken."""
        self._bare -= {kind}
