"""Say before a run what of it can be taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bulkscim.model.operation import USER, VERBS, Verb
from bulkscim.providers.profile import Profile
from bulkscim.providers.reversal import Grade, Reversal

VerbCounts = Mapping[tuple[Verb, str], int]

SECRET = Reversal(Verb.PATCH, "", Grade.LOSSY, "the password before")


def grade(profile: Profile, verb: Verb, kind: str) -> Reversal:
    """Return how well an operation can be taken back; without its groups a user comes back with less."""
    known = profile.reversal(verb, kind)
    if not _forgets_groups(profile, verb, kind) or known.grade is Grade.IRREVERSIBLE:
        return known
    lost = f"{known.loses}, and memberships" if known.loses else "memberships"
    return replace(known, grade=Grade.LOSSY, loses=f"{lost} (unknown: this tenant does not show members)")


def _forgets_groups(profile: Profile, verb: Verb, kind: str) -> bool:
    """Return whether an operation changes memberships where nothing shows which they were."""
    if profile.lists_members:
        return False
    spec = VERBS[verb]
    if spec.is_membership:
        return True
    if spec.active is False and profile.strips_groups is False:
        return False
    return spec.ends_access and not (kind == USER and profile.shows_groups)


def totals(profile: Profile, counts: VerbCounts, secrets: VerbCounts) -> str:
    """Return how many rows can be taken back and how, the best first; `secrets`: those that set a password."""
    told: dict[str, list[str]] = {}
    for reversal, what in sorted(
        _graded(profile, counts, secrets), key=lambda one: list(Grade).index(one[0].grade)
    ):
        told.setdefault(reversal.told, []).append(what)
    return "; ".join(f"{', '.join(what)}: {how}" for how, what in told.items())


def _graded(profile: Profile, counts: VerbCounts, secrets: VerbCounts) -> Iterator[tuple[Reversal, str]]:
    for (verb, kind), count in counts.items():
        hidden = secrets.get((verb, kind), 0)
        if count > hidden:
            yield grade(profile, verb, kind), f"{count - hidden:,} {verb.value} {kind}"
        if hidden:
            yield SECRET, f"{hidden:,} {verb.value} {kind} with a password"
