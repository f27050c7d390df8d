"""A provider's profile for users: what it limits, what it can do, and what each fact rests on."""

from collections.abc import Iterable, Iterator
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
        creates = (bucket for bucket in one.buckets if bucket.matches("POST", "/Users"))
        pace = f"{_joined(creates)}; {EXAMPLE:,} creates: {time_of(one)}"
        yield f"{one.name:<{width}}  {one.title}; {'no runs' if one.refused else pace}"
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
        yield f"sets {', '.join(fact.of)}"


def checked(profile: Profile, file: Path, bare: list[str]) -> Iterator[str]:
    """Yield what a check of a file came to; `bare` are its keys without a fact."""
    yield f"{file} is the profile {profile.name}: {len(profile.facts)} facts; {_joined(profile.buckets)}"
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
    if profile.refused:
        yield "no runs", profile.refused
    for bucket in profile.buckets:
        yield "limit", _limit(bucket)
    yield "in flight", f"{profile.most_concurrency} requests at most; --rate and --concurrency set others"
    yield "time", f"{EXAMPLE:,} creates take {time_of(profile)}, twice that where each is looked up first"
    yield "media type", profile.media_type
    yield "PATCH", ", then ".join(form.value for form in profile.patch_forms)
    most = profile.most_bytes
    yield "answers", f"read up to {_mb(most.resource)}, groups {_mb(most.group)}, pages {_mb(most.page)}"
    yield "lists", _lists(profile)
    yield "pages", f"{profile.page_size:,} resources{', by cursor' * profile.cursor}"
    yield "filters", "yes" if profile.filter else "none: names are found in a listing"
    yield "groups", _groups(profile)
    for one in profile.integrations:
        yield "integration", f"{one.name}: groups are {one.groups_are}"
    for caution in dict.fromkeys(profile.cautions.values()):
        yield "caution", caution


def _mb(size: int) -> str:
    return f"{size / (1 << 20):g} MB"


def _lists(profile: Profile) -> str:
    if not profile.lists_all:
        return "may be made up: they prove no absence"
    return "all users" if profile.lists_inactive else "active users only"


def _groups(profile: Profile) -> str:
    if not profile.groups:
        return "none"
    shown = "" if profile.lists_members else "; members are not shown"
    moves = "; a user is in one group at a time" if profile.one_group else ""
    return f"up to {profile.most_members:,} members in one request{shown}{moves}"


def _joined(buckets: Iterable[Bucket]) -> str:
    return ", ".join(map(_limit, buckets)) or "no limit"


def _limit(bucket: Bucket) -> str:
    units = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour"}
    what = "request" if bucket.limit == 1 else "requests"
    pace = f"{bucket.limit:,} {what} {units.get(bucket.window_s, f'in {bucket.window_s:g} s')}"
    named = f"{bucket.name}: " if bucket.methods or bucket.prefix or bucket.body_over else ""
    larger = f" of {bucket.body_over:,} bytes and more" if bucket.body_over else ""
    return f"{named}{pace}{larger}{', assumed' * bucket.assumed}"
