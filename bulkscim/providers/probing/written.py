"""What a throw-away user and group prove of a tenant, beyond what reads do (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkscim.model.operation import JsonObject
from bulkscim.providers.probing.evidence import writes
from bulkscim.providers.probing.filters import Seen, no, unseen, yes
from bulkscim.providers.probing.record import GONE, Answer, all_members, groups_of, is_deactivated
from bulkscim.providers.probing.traits import DEFAULT, TRAITS, Finding, Trait
from bulkscim.providers.profile import Profile

_MORE = (
    Trait("a create answers", writes),
    Trait("a deactivated user can be read by its id", writes),
    Trait("a deactivated user leaves its groups", writes, "strips_groups", lambda one: one.strips_groups),
    Trait("of a deleted user is kept", writes),
    Trait("of a deleted group is kept", writes),
)
_KNOWN = {one.topic: one for one in (*TRAITS, *_MORE)}
_EVIDENCE = "the user of the probe"


@dataclass(frozen=True, slots=True)
class Trial:
    """What was made of a throw-away user and group, and the answers to reads after each change.

    `created` is the status of the create. `shown_after_s`: when a filter first showed the user, None where it never did.
    `joined` and `changed`: whether the membership and the PATCHes were applied. The answers are by the name of the read.
    """

    user: str
    created: int | None = None
    shown_after_s: float | None = None
    looked: bool = False
    joined: bool = False
    changed: bool = False
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def resource(self, name: str) -> JsonObject | None:
        """Return the resource that a read showed."""
        answer = self.answers.get(name)
        return answer.resource if answer else None


def proved(trial: Trial) -> dict[str, Seen]:
    """Return what a trial has shown, by trait."""
    found = {
        "a create answers": Seen(trial.created, _EVIDENCE) if trial.created else unseen("none was applied"),
        "PATCH": yes("a title and a deactivation were applied")
        if trial.changed
        else unseen("none was applied"),
        "a write is shown at once": _lag(trial),
        "groups show members": _members(trial),
        "users show their groups": _groups(trial),
    }
    return found | _deactivated(trial) | _kept(trial)


def _lag(trial: Trial) -> Seen:
    if trial.shown_after_s is None:
        return unseen("no filter showed the new user" if trial.looked else "no user was created")
    if trial.shown_after_s == 0:
        return yes("a filter showed the new user in its first answer")
    return no("a filter did not show the new user at first", f"within {trial.shown_after_s:.0f} s")


def _members(trial: Trial) -> Seen:
    group = trial.resource("group")
    if not trial.joined or group is None:
        return unseen("no membership was applied")
    if trial.user in all_members(group):
        return yes("the group of the probe, read by its id")
    return (
        no("a member was added, and is not shown")
        if trial.shown_after_s is not None
        else unseen("it is not shown yet")
    )


def _groups(trial: Trial) -> Seen:
    user, group = trial.resource("member"), trial.resource("group")
    if not trial.joined or user is None or group is None:
        return unseen("no membership was applied")
    if group["id"] in groups_of(user):
        return yes(_EVIDENCE)
    if trial.user in all_members(group):
        return no("the group shows the user, and the user shows no groups")
    return unseen("the membership is not shown")


def _deactivated(trial: Trial) -> dict[str, Seen]:
    """Return what is shown of the user once it is deactivated; without its own read nothing is proved."""
    answers = trial.answers
    by_id, listed = answers.get("deactivated"), answers.get("deactivated, by a filter")
    if not trial.changed or by_id is None:
        return {}
    found = {"a deactivated user can be read by its id": unseen(by_id.told)}
    if by_id.resource is not None and is_deactivated(by_id.resource):
        found["a deactivated user can be read by its id"] = yes(by_id.told)
    elif by_id.status in GONE:
        found["a deactivated user can be read by its id"] = no(by_id.told)
    if listed is not None and listed.listing is not None and trial.shown_after_s is not None:
        is_shown = any(one["id"] == trial.user for one in listed.listing.resources)
        found["filters find deactivated users"] = Seen(is_shown, _EVIDENCE)
    before, after = trial.resource("group"), trial.resource("group after the deactivation")
    if before is not None and after is not None and trial.user in all_members(before):
        found["a deactivated user leaves its groups"] = Seen(trial.user not in all_members(after), _EVIDENCE)
    return found


def _kept(trial: Trial) -> dict[str, Seen]:
    """Return what the service keeps after the rollback."""
    found = {}
    for kind in ("user", "group"):
        answer = trial.answers.get(f"deleted {kind}")
        if answer is None:
            continue
        how = f"read by its id after the rollback: {answer.told}"
        if answer.status in GONE:
            found[f"of a deleted {kind} is kept"] = no(how, "nothing that is shown")
        elif answer.resource is not None:
            text = "the user, deactivated" if is_deactivated(answer.resource) else f"the {kind}"
            found[f"of a deleted {kind} is kept"] = yes(how, text)
        else:
            found[f"of a deleted {kind} is kept"] = unseen(how)
    return found


def with_written(profile: Profile, found: Sequence[Finding], seen: Mapping[str, Seen]) -> tuple[Finding, ...]:
    """Return findings with what a trial has shown in place of what was unknown; what reads have seen stays."""
    merged = tuple(
        replace(one, seen=seen[one.topic]) if one.topic in seen and one.seen.value is None else one
        for one in found
    )
    topics = {one.topic for one in found}
    more = tuple(_finding(profile, _KNOWN[topic], one) for topic, one in seen.items() if topic not in topics)
    return (*merged, *more)


def _finding(profile: Profile, trait: Trait, seen: Seen) -> Finding:
    said = trait.documented(profile)
    facts = (fact.basis.value for fact in profile.facts if trait.key in fact.of)
    return Finding(trait.topic, said, next(facts, DEFAULT) if said is not None else "", None, seen, trait)
