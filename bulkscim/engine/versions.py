"""Whether the tenant heeds If-Match (RFC 7644 section 3.14), found out from the answers to the run's own changes."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bulkscim.engine.work import Work
from bulkscim.model.operation import GROUP
from bulkscim.model.step import Step
from bulkscim.pacing.retry import Judgement, Verdict
from bulkscim.planning.before_image import Heeded
from bulkscim.scim import paths

PROOF = 2  # refused versions that were read from an unchanged resource, or rows whose versions were refused
STALE = 2  # refused versions of a row, before its changes are sent without
WORTH = 30  # pending rows for which the proof is worth a request
_REFUSED = frozenset({Verdict.STALE, Verdict.REFUSED, Verdict.CONFLICT})


class Versions:
    """Learned again by each process, for each resource type but groups.

    The tenant heeds versions where it refuses one that no resource has, and where versions change with the resource. The
    first is tried with a change that its row wants anyway, and that leaves while its image is young: should it take
    effect, nothing is lost.
    """

    def __init__(self, note: Callable[[str], None], pending: Callable[[], int]) -> None:
        self._note = note
        self._pending = pending
        self._refused: dict[int, str] = {}  # by row, the version that was refused last
        self._fits = False
        self._misfits = 0
        self._trying: dict[
            str, tuple[int, str]
        ] = {}  # by type, the row whose change names another version, and which
        self._tried: dict[str, bool] = {}  # by type, whether that was refused as it must be
        self._first: dict[str, str] = {}  # by type, the first version that was sent
        self._differing: set[str] = set()  # types of which two resources have different versions
        self._changing: set[str] = set()  # types of which a change was answered with another version
        self._unshown: set[str] = set()  # types of which some reads show no version

    @property
    def heeded(self) -> Heeded:
        """The types of which a change with an old version is known to be refused."""
        if not self._sends:
            return Heeded()
        compared = {kind for kind, is_refused in self._tried.items() if is_refused} - self._unshown
        return Heeded(frozenset(compared & self._differing), frozenset(compared & self._changing))

    @property
    def _sends(self) -> bool:
        return self._fits or self._misfits < PROOF

    def fitted(self, work: Work, step: Step, *, is_worth: bool) -> Step:
        """Return a step with the version that it is to name: its own, none, or once another one.

        `is_worth`: its image must be young as long as versions are not known to be heeded, or is read again with all others.
        """
        if step.if_match is None:
            if is_worth and step.before is not None and step.type in self._tried:
                self._unshown.add(step.type)
            return step
        if work.stale >= STALE or not self._sends:
            return replace(step, if_match=None)
        another = _another(step.if_match)
        if is_worth and another != step.if_match and self._may_try(work, step):
            self._trying[step.type] = work.number, another
            return replace(step, if_match=another)
        return step

    def _may_try(self, work: Work, step: Step) -> bool:
        # A group's version may be that of its name alone, and not change with its members.
        if step.type == GROUP or step.type in self._tried or work.row.operation.version is not None:
            return False
        row, _ = self._trying.get(step.type, (work.number, ""))
        return row == work.number and self._pending() >= WORTH

    def not_sent(self, work: Work, steps: Iterable[Step]) -> None:
        """Note that steps did not leave."""
        for step in steps:
            if self._is_another(work, step):
                del self._trying[step.type]

    def _is_another(self, work: Work, step: Step) -> bool:
        """Return whether a step names the version that its resource never had."""
        return step.if_match is not None and self._trying.get(step.type) == (work.number, step.if_match)

    def ended(self, work: Work, step: Step, judgement: Judgement) -> None:
        """Learn from how a step ended."""
        if step.if_match is None:
            self._sent_without(work, judgement)
        elif self._is_another(work, step):
            self._tried[step.type] = judgement.verdict is Verdict.STALE
        elif judgement.verdict is Verdict.STALE:
            # One that was read again and is the same, and is refused again, cannot fit.
            self._misfits += self._refused.get(work.number) == step.if_match
            self._refused[work.number] = step.if_match
        elif judgement.verdict is Verdict.APPLIED:
            self._fits = True
            shown = _version(judgement.resource)
            if shown is not None and shown != step.if_match:
                self._changing.add(step.type)
            if self._first.setdefault(step.type, step.if_match) != step.if_match:
                self._differing.add(step.type)

    def _sent_without(self, work: Work, judgement: Judgement) -> None:
        """Count a row that went through without a version after its versions were refused."""
        applied = judgement.verdict is Verdict.APPLIED
        if applied and self._refused.pop(work.number, None) is not None and self._sends:
            self._misfits += 1
            if not self._sends:
                self._note(
                    "this tenant refuses each version (If-Match): changes are sent without one from here on"
                )

    def decides_again(self, work: Work, step: Step, judgement: Judgement) -> bool:
        """Return whether a refusal says nothing against the row, but of the version that its step named."""
        if self._is_another(work, step):
            return judgement.verdict in _REFUSED
        if judgement.verdict is not Verdict.STALE or work.stale >= STALE:
            return False
        work.stale += 1
        return True


def _another(version: str) -> str:
    """Return a version of the same form that the resource does not have: each digit is another one."""
    return version.translate(str.maketrans("0123456789", "1234567890"))


def _version(resource: object) -> str | None:
    found = paths.get(resource, "meta.version") if isinstance(resource, dict) else None
    return found if isinstance(found, str) else None
