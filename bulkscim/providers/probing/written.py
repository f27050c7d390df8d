"""What a trial with a throw-away user and group proves of a tenant, beyond what reads do (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from math import ceil

from bulkscim.providers.probing import trial as names
from bulkscim.providers.probing.record import (
    GONE,
    all_members,
    claims_all,
    groups_of,
    is_deactivated,
    listed_members,
    shows,
)
from bulkscim.providers.probing.seen import Seen, no, unseen, yes
from bulkscim.providers.probing.traits import OF_WRITES, TRAITS, Finding, finding
from bulkscim.providers.probing.trial import Trial
from bulkscim.providers.profile import Profile

_KNOWN = {one.topic: one for one in (*TRAITS, *OF_WRITES)}
_EVIDENCE = "the user of the probe"


def proved(trial: Trial) -> dict[str, Seen]:
    """Return what a trial has shown, by trait."""
    return {topic: judge(trial) for topic, judge in _JUDGES.items()}


def not_created(trial: Trial) -> str | None:
    """Return why a trial ended before anything was changed; None where it went on."""
    end = trial.ends.get(names.USER_MADE)
    if trial.user is not None:
        return None
    if end is None or end.applied is False:
        return f"no user was created{f' ({end.told})' if end else ''}; the address may be taken"
    return f"whether a user was created is not known ({end.told}), so nothing else was tried"


def _creates(trial: Trial) -> Seen:
    end = trial.ends.get(names.USER_MADE)
    if end is None or not end.is_success:
        return unseen(end.told if end else "no user was created")
    return Seen(end.status, _EVIDENCE)


def _patches(trial: Trial) -> Seen:
    if trial.applied(names.RETITLED, names.DEACTIVATED):
        return yes("a title and a deactivation were applied")
    return unseen("none was applied")


def _lag(trial: Trial) -> Seen:
    if trial.shown_after_s is None:
        return unseen("no user was created" if trial.user is None else "no filter showed the new user")
    return Seen(f"within {ceil(trial.shown_after_s)} s", "a filter for its name, from before the create on")


def _listed(trial: Trial) -> Seen:
    """Judge whether a listing without a filter is of what is there; one that is made up never shows the new user."""
    answer = trial.answers.get("listing")
    if answer is None or trial.resource("member") is None:
        return unseen("no new user was read by its id")
    if answer.listing is None:
        return unseen(answer.told)
    if shows(answer, trial.user):
        return yes("a listing shows the new user")
    if not claims_all(answer.listing):
        return unseen("the listing has further pages")
    return no("a listing that claims to hold all does not show the new user")


def _unique(second: str, first: str) -> Callable[[Trial], Seen]:
    """Return the judge of whether a second create of a name is refused."""

    def judge(trial: Trial) -> Seen:
        end = trial.ends.get(second)
        if end is None or end.status is None:
            return unseen("no second one was tried" if end is None else end.told)
        if end.is_conflict:
            return yes(f"a second one: {end.told}")
        if not end.is_success or end.id is None:
            return unseen(f"a second one: {end.told}")
        if end.id == trial.ends[first].id:
            return no(
                f"a second one: {end.told}, with the id of the first one", "the first one is taken over"
            )
        return no(f"a second one: {end.told}, with another id")

    return judge


def _versions(trial: Trial) -> Seen:
    """Judge whether a change with an old version is refused; one with the version that was read must have been made."""
    before, after = trial.answers.get("user again"), trial.answers.get("retitled")
    own, old = trial.ends.get(names.RETITLED), trial.ends.get(names.RETITLED_AS_OLD)
    if before is None or before.version is None:
        return unseen("no user with a version was read")
    if own is None or not own.applied or own.status is None:
        return unseen("no change with the version that was read was made")
    if after is None or after.version in {None, before.version} or old is None:
        return unseen("a change left the version as it was, as far as is known")
    if old.status == HTTPStatus.PRECONDITION_FAILED:
        return yes(f"a change with an old version: {old.told}")
    return no(f"a change with an old version: {old.told}") if old.is_success else unseen(old.told)


def _members(trial: Trial) -> Seen:
    group = trial.resource("group")
    if not trial.applied(names.JOINED) or group is None:
        return unseen("no membership was applied")
    if trial.user in all_members(group):
        return yes("the group of the probe, read by its id")
    if trial.shown_after_s is None:
        return unseen("it is not shown yet")
    return no("a member was added, and is not shown")


def _groups(trial: Trial) -> Seen:
    user, group = trial.resource("member"), trial.resource("group")
    if not trial.applied(names.JOINED) or user is None or group is None:
        return unseen("no membership was applied")
    if group["id"] in groups_of(user):
        return yes(_EVIDENCE)
    if trial.user in all_members(group):
        return no("the group shows the user, and the user shows no groups")
    return unseen("the membership is not shown")


def _made_with_members(trial: Trial) -> Seen:
    """Judge whether a create of a group takes its members; an added one must be shown, or none of them need be."""
    end, group = trial.ends.get(names.MADE_WITH_MEMBERS), trial.resource("group with a member")
    if end is None or not end.applied or group is None:
        return unseen("none was created" if end is None or not end.applied else "it was not read")
    if trial.user in all_members(group):
        return yes("the group shows its member")
    if _members(trial).value is not True:
        return unseen("groups show no members")
    return no("the group shows no members, and shows one that is added")


def _joined_again(trial: Trial) -> Seen:
    """Judge what comes of adding a member that a group shows already."""
    end, group = trial.ends.get(names.JOINED_AGAIN), trial.resource("group again")
    if end is None or end.status is None or _members(trial).value is not True:
        return unseen("no member that is shown was added again")
    if not end.is_success:
        refused = HTTPStatus.BAD_REQUEST <= end.status < HTTPStatus.INTERNAL_SERVER_ERROR
        return Seen("refused", end.told) if refused else unseen(end.told)
    if group is None:
        return unseen("the group was not read after it")
    times = listed_members(group).count(trial.user or "")
    return (
        Seen("twice in the group" if times > 1 else "taken", end.told)
        if times
        else unseen("it left the group")
    )


def _deactivated_read(trial: Trial) -> Seen:
    answer = trial.answers.get("deactivated")
    if not trial.applied(names.DEACTIVATED) or answer is None:
        return unseen("no deactivation was applied")
    if answer.resource is not None and is_deactivated(answer.resource):
        return yes(answer.told)
    return no(answer.told) if answer.status in GONE else unseen(answer.told)


def _deactivated_found(trial: Trial) -> Seen:
    answer = trial.answers.get("deactivated, by a filter")
    if not trial.applied(names.DEACTIVATED) or answer is None or trial.shown_after_s is None:
        return unseen("no deactivated user was looked for")
    if answer.listing is None:
        return unseen(answer.told)
    return Seen(shows(answer, trial.user), _EVIDENCE)


def _stripped(trial: Trial) -> Seen:
    before, after = trial.resource("group"), trial.resource("group after the deactivation")
    if not trial.applied(names.DEACTIVATED) or before is None or after is None:
        return unseen("no deactivation of a member was applied")
    if trial.user not in all_members(before):
        return unseen("the group did not show the member before")
    return Seen(trial.user not in all_members(after), _EVIDENCE)


def _kept(kind: str) -> Callable[[Trial], Seen]:
    """Return the judge of what the service keeps of a resource after the rollback."""

    def judge(trial: Trial) -> Seen:
        answer = trial.answers.get(f"deleted {kind}")
        if answer is None:
            return unseen("nothing was deleted")
        how = f"read by its id after the rollback: {answer.told}"
        if answer.status in GONE:
            return no(how, "nothing that is shown")
        if answer.resource is None:
            return unseen(how)
        return yes(how, "the user, deactivated" if is_deactivated(answer.resource) else f"the {kind}")

    return judge


_JUDGES: dict[str, Callable[[Trial], Seen]] = {
    "a create answers": _creates,
    "PATCH": _patches,
    "a new user is found": _lag,
    "listings show all users": _listed,
    "user names are unique": _unique(names.SECOND_USER, names.USER_MADE),
    "group names are unique": _unique(names.SECOND_GROUP, names.GROUP_MADE),
    "an old version is refused": _versions,
    "groups show members": _members,
    "users show their groups": _groups,
    "a group is created with its members": _made_with_members,
    "a member is added again": _joined_again,
    "a deactivated user can be read by its id": _deactivated_read,
    "filters find deactivated users": _deactivated_found,
    "a deactivated user leaves its groups": _stripped,
    "of a deleted user is kept": _kept("user"),
    "of a deleted group is kept": _kept("group"),
}


def with_written(profile: Profile, found: Sequence[Finding], seen: Mapping[str, Seen]) -> tuple[Finding, ...]:
    """Return findings with what a trial has shown in place of what was unknown; what reads have seen stays."""
    merged = tuple(
        replace(one, seen=seen[one.topic]) if one.topic in seen and one.seen.value is None else one
        for one in found
    )
    topics = {one.topic for one in found}
    more = (finding(_KNOWN[topic], profile, one) for topic, one in seen.items() if topic not in topics)
    return (*merged, *more)
