"""Read back what was written, and say what a success hides: a tenant may take a thing and not do it.

Rule 1: read back are the rows that the run asks for (all, or a sample), and in every row what the profile says may be
        ignored.
Rule 2: only parts that took effect by the tenant's own word are looked at, and only while the row holds what it
        changed: other rows may change it as soon as this one is left or has ended. So what an earlier stay wrote
        is looked at only where nothing of this run has touched it since, or the row failed by it.
Rule 3: what is not as it was sent is read again, after the tenant's visibility lag, before the row fails.
Rule 4: a row that failed so is read back again when it is taken up again; what it wrote is not sent again.
"""

from collections.abc import Iterator
from hashlib import blake2b

from bulkscim.model.live import Shown, Unreadable
from bulkscim.model.row import Refusal
from bulkscim.planning.decision import Policy, Wait
from bulkscim.planning.sights import Covers, Sight, Wrong, sights
from bulkscim.planning.view import View

SHOWN = 3
FIRST_ROWS, ONE_IN = 3, 20


def chosen(policy: Policy, row: int) -> bool:
    """Return whether a row is read back whole: always the same rows of a run, the first few among them."""
    if policy.read_back != "sample":
        return policy.read_back == "all"
    drawn = blake2b(f"{policy.run}:{row}".encode(), digest_size=8).digest()
    return row <= FIRST_ROWS or int.from_bytes(drawn) % ONE_IN == 0


def read_back(view: View, resource_id: str | None) -> Wait | list[Refusal]:
    """Return a refusal for each part that is not as the tenant said, or what must be read to tell."""
    covers, parts = _covers(view), frozenset(_proving(view))
    if covers is None or not parts:
        return []
    refusals: list[Refusal] = []
    for sight in sights(view, resource_id, parts, covers):
        outcome = _looked_at(view, sight) if isinstance(sight, Sight) else sight
        if isinstance(outcome, Wait):
            return outcome
        refusals += [outcome] if isinstance(outcome, Refusal) else []
    return refusals


def _proving(view: View) -> Iterator[str]:
    """Yield the parts that can be looked at; one that left something out is not as the record asks."""
    for part, made in view.facts.applied.items():
        if not made.left and (view.facts.unproved or not made.earlier):
            yield part


def _covers(view: View) -> Covers | None:
    """Return which paths are looked at; None for none."""
    if chosen(view.policy, view.row.number):
        return lambda _: True
    return (lambda path: _may_ignore(view.policy, path)) if view.policy.profile.may_ignore else None


def _may_ignore(policy: Policy, path: str) -> bool:
    folded = path.lower()
    return any(
        folded == one.lower() or folded.startswith((f"{one}:".lower(), f"{one}.".lower()))
        for one in policy.profile.may_ignore
    )


def _looked_at(view: View, sight: Sight) -> Wait | Refusal | None:
    """Look once, and again after the lag where something else is shown."""
    wrong: list[Wrong] = []
    for again in (False, True):
        answer = view.live.get(Shown(sight.on, again))
        if answer is None:
            return Wait(Shown(sight.on, again))
        if isinstance(answer, Unreadable):
            return Refusal(sight.part, answer.status, None, f"it could not be read back: {answer.why}")
        wrong = sight.wrong(answer)
        if not wrong:
            return None
    return _refusal(view.policy, wrong)


def _refusal(policy: Policy, wrong: list[Wrong]) -> Refusal:
    """Say which paths are not as they were sent."""
    named = ", ".join(one.path for one in wrong[:SHOWN])
    named += f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    advice = policy.profile.ignored_advice if any(_may_ignore(policy, one.path) for one in wrong) else ""
    return Refusal(named, None, None, f"the tenant took it and {wrong[0].told}", advice)
