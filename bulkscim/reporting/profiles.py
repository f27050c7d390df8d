"""A provider's profile for users: what it limits, what it can do, and what each fact rests on."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bulkscim.model.operation import GROUP, USER, VERBS, JsonObject
from bulkscim.model.typed import next_line
from bulkscim.planning.undo.grades import SECRET, grade
from bulkscim.providers.profile import Bucket, Fact, Profile
from bulkscim.providers.reversal import Grade, Reversal

EXAMPLE = 10_000
_MINUTE, _HOUR = 60, 3600


def listing(profiles: list[Profile]) -> Iterator[str]:
    """Yield one line a profile."""
    width = max(len(one.name) for one in profiles)
    for one in profiles:
        yield f"{one.name:<{width}}  {one.title}; {_limits(one)}; {EXAMPLE:,} creates: {time_of(one)}"
    yield next_line("profiles", profiles[-1].name)


def lines(profile: Profile) -> Iterator[str]:
    """Yield all of a profile."""
    yield f"{profile.name}: {profile.title}"
    for topic, text in _rows(profile):
        yield f"  {topic:<12} {text}"
    yield from _reversals(profile)
    if profile.facts:
        yield "known"
    for fact in profile.facts:
        yield f"  {fact.topic}: {fact.text}"
        yield f"    [{'; '.join(_standing(fact))}]"


def _standing(fact: Fact) -> Iterator[str]:
    """Yield how a fact is known, where it can be looked up, and which keys rest on it."""
    yield fact.basis.value
    if fact.source:
        yield fact.source
    if fact.of:
        yield f"says {', '.join(fact.of)}"


def checked(profile: Profile, file: Path, bare: list[str]) -> Iterator[str]:
    """Yield what a check of a file came to; `bare` are its keys without a fact."""
    yield f"{file} is the profile {profile.name}: {len(profile.facts)} facts; {_limits(profile)}"
    for key in bare:
        yield f"{key}: no fact says how this is known; add [[facts]] with of = [{key!r}]"
    yield next_line("profiles", file)


def as_json(profile: Profile) -> JsonObject:
    """Return a profile as data."""
    facts: list[Any] = [
        {"topic": one.topic, "text": one.text, "basis": one.basis.value, "source": one.source, "of": one.of}
        for one in profile.facts
    ]
    return {
        "name": profile.name,
        "title": profile.title,
        "base_url": profile.base_url or None,
        "limits": [
            {"name": one.name, "requests": one.limit, "seconds": one.window_s} for one in profile.buckets
        ],
        "concurrency": profile.most_concurrency,
        "most_bytes": asdict(profile.most_bytes),
        "seconds_for_10000_creates": round(_seconds(profile)),
        "reversals": [
            {"op": one.verb, "type": one.type, "grade": one.grade, "loses": one.loses, "note": one.note}
            for one in _grades(profile)
        ],
        "facts": facts,
    }


def _reversals(profile: Profile) -> Iterator[str]:
    """Yield what can be taken back, and how; what is alike stands together."""
    yield "undo"
    told: dict[str, list[str]] = {}
    for one in _grades(profile):
        told.setdefault(one.told, []).append(f"{one.verb} {one.type}")
    for how, what in told.items():
        yield f"  {', '.join(what)}: {how}"
    yield f"  a password that is set: {SECRET.told}"


def _grades(profile: Profile) -> list[Reversal]:
    users = [grade(profile, verb, USER) for verb, spec in VERBS.items() if spec.only != GROUP]
    groups = [grade(profile, verb, GROUP) for verb, spec in VERBS.items() if spec.only != USER]
    return sorted(users + groups, key=lambda one: list(Grade).index(one.grade))


def time_of(profile: Profile) -> str:
    """Return how long the example takes, in words."""
    minutes = max(1, round(_seconds(profile) / _MINUTE))
    hours, rest = divmod(minutes, _HOUR // _MINUTE)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _seconds(profile: Profile) -> float:
    return profile.seconds_for(EXAMPLE, "POST", "/Users")


def _rows(profile: Profile) -> Iterator[tuple[str, str]]:
    yield "base URL", profile.base_url or "each tenant's own: --base-url"
    yield "limits", f"{_limits(profile)}, {profile.most_concurrency} in flight at most; --rate sets another"
    yield "time", f"{EXAMPLE:,} creates take {time_of(profile)}, twice that where each is looked up first"
    yield "media type", profile.media_type
    yield "PATCH", ", then ".join(form.value for form in profile.patch_forms)
    most = profile.most_bytes
    yield "answers", f"read up to {_mb(most.resource)}, groups {_mb(most.group)}, pages {_mb(most.page)}"
    yield "lists", "all users" if profile.lists_inactive else "active users only"
    for one in profile.integrations:
        yield "integration", f"{one.name}: groups are {one.groups_are}"
    for caution in dict.fromkeys(profile.cautions.values()):
        yield "caution", caution


def _mb(size: int) -> str:
    return f"{size / (1 << 20):g} MB"


def _limits(profile: Profile) -> str:
    return ", ".join(_limit(bucket) for bucket in profile.buckets)


def _limit(bucket: Bucket) -> str:
    units = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour"}
    return f"{bucket.limit:,} requests {units.get(bucket.window_s, f'in {bucket.window_s:g} s')}"
