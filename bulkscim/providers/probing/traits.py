"""The traits of a tenant that a probe reports: how each is judged, what a profile says of it, and which keys it sets (pure)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bulkscim.model.operation import GROUP, USER
from bulkscim.providers.probing import evidence, filter_evidence, group_evidence
from bulkscim.providers.probing.filters import NOTHING
from bulkscim.providers.probing.record import Record, stated
from bulkscim.providers.probing.seen import Judge, Seen
from bulkscim.providers.profile import Profile

Said = bool | int | str | None
UNKNOWN = "unknown"
DEFAULT = "by default"


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing that a probe looks for.

    `key` is that of the profile which says it; of a key that names types, `kind` is the one. `documented` returns what
    the profile says where that is not the value of the key. `config` is the part of the ServiceProviderConfig that states
    it. `sets` returns the value of the key where what was seen decides it, None where it does not.
    """

    topic: str
    judge: Judge
    key: str = ""
    kind: str = ""
    config: str = ""
    documented: Callable[[Profile], Said] | None = None
    sets: Callable[[Profile, Any], Any] | None = None

    def said(self, profile: Profile) -> Said:
        """Return what a profile says of it, None where it says nothing."""
        if self.documented is not None:
            return self.documented(profile)
        value: Any = getattr(profile, self.key) if self.key else None
        return self.kind in value if self.kind else value

    def value(self, profile: Profile, seen: Any) -> Any:
        """Return the value that the key has by what was seen; None where that does not decide it."""
        return None if self.sets is None or seen is None else self.sets(profile, seen)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is documented of one trait, what the tenant states, and what was seen.

    `standing` is how the profile knows it, empty where it says nothing.
    """

    topic: str
    documented: Said
    standing: str
    stated: Said
    seen: Seen
    trait: Trait

    @property
    def differs(self) -> bool:
        """Whether what is documented, stated and seen is not all one; a default is compared with what was seen alone."""
        said = None if self.standing == DEFAULT and self.seen.value is None else self.documented
        known = [one for one in (said, self.stated, self.seen.value) if one is not None]
        return any(one != known[0] for one in known)


def findings(record: Record) -> tuple[Finding, ...]:
    """Judge each trait by the answers of a record."""
    answer = record.answers.get("config")
    config = answer.json if answer else None
    return tuple(finding(trait, record.profile, trait.judge(record), config) for trait in TRAITS)


def finding(trait: Trait, profile: Profile, seen: Seen, config: Mapping[str, Any] | None = None) -> Finding:
    """Return what was seen of a trait, with what a profile and a ServiceProviderConfig say of it."""
    said = trait.said(profile)
    standing = _standing(profile, trait.key) if said is not None else ""
    told = stated(config, trait.config) if trait.config else None
    return Finding(trait.topic, said, standing, told, seen, trait)


def _standing(profile: Profile, key: str) -> str:
    """Return how a profile knows what a key of it says; without a fact it is the usual value."""
    return next((fact.basis.value for fact in profile.facts if key in fact.of), DEFAULT)


def with_type(key: str, kind: str) -> Callable[[Profile, bool], frozenset[str]]:
    """Return what adds a type to a key that names types, or takes it out."""

    def sets(profile: Profile, seen: bool) -> frozenset[str]:  # noqa: FBT001 - the value that was seen
        kinds: frozenset[str] = getattr(profile, key)
        return kinds | {kind} if seen else kinds - {kind}

    return sets


def as_seen(_: Profile, seen: Any) -> Any:
    """Return what was seen."""
    return seen


def _only_false(_: Profile, seen: Any) -> Any:
    """Return what takes a promise away, and gives none: some evidence disproves more than it proves."""
    return None if seen else False


def _pages_by_cursor(profile: Profile, seen: Any) -> Any:
    """Return whether cursors are used: what works by an index goes on so."""
    return None if seen or not profile.cursor else False


def _without_quotes(profile: Profile, seen: Any) -> Any:
    """Return the types whose filters want a bare value, with users where that was seen to work."""
    return profile.unquoted_filters | {USER} if seen else None


def _of_type(topic: str, judge: Judge, key: str, kind: str) -> Trait:
    """Return a trait of one type, by a key that names the types of which it is true."""
    return Trait(topic, judge, key, kind, sets=with_type(key, kind))


TRAITS = (
    Trait("/ServiceProviderConfig", evidence.endpoint("config")),
    Trait("/ResourceTypes", evidence.endpoint("types")),
    Trait("/Schemas", evidence.endpoint("schemas")),
    Trait("media type of answers", evidence.media_type, "media_type"),
    Trait("versions of resources", evidence.version, "etag", config="etag", sets=_only_false),
    Trait("limit headers", evidence.limit_headers),
    Trait("PATCH", evidence.writes, "patch", config="patch"),
    Trait("Bulk", evidence.writes, config="bulk"),
    Trait("change of passwords", evidence.writes, config="changePassword"),
    Trait("sorting", evidence.order, config="sort"),
    Trait("reads by id", evidence.reads_by_id),
    Trait("count is heeded", evidence.count),
    Trait("startIndex is heeded", evidence.start_index),
    Trait("largest page", evidence.page_size, "page_size", sets=as_seen),
    Trait("totalResults is the whole number", evidence.total, "counts_all", sets=_only_false),
    Trait(
        "cursors",
        evidence.cursors,
        "cursor",
        documented=lambda one: one.cursor or None,
        sets=_pages_by_cursor,
    ),
    Trait("listings show all attributes", evidence.lists_all),
    Trait("listings show all users", evidence.whole, "lists_all", sets=as_seen),
    Trait("attributes is heeded", evidence.attributes),
    Trait(
        "filters",
        filter_evidence.filters_work,
        "filter",
        config="filter",
        sets=lambda _, seen: bool(seen),
    ),
    Trait("filter userName eq", filter_evidence.eq),
    Trait(
        "filter values without quotes",
        filter_evidence.bare,
        "unquoted_filters",
        documented=lambda one: USER in one.unquoted_filters or None,
        sets=_without_quotes,
    ),
    Trait(
        "filter for an absent name",
        filter_evidence.absent("absent"),
        "filter",
        documented=lambda one: NOTHING if one.filter else None,
    ),
    _of_type("filter userName: capitals count", filter_evidence.capitals, "exact_filters", USER),
    Trait("filter id eq", filter_evidence.user_filter("id", "id")),
    Trait("filter externalId eq", filter_evidence.user_filter("externalId", "externalId")),
    Trait("filter emails.value eq", filter_evidence.user_filter("emails.value", "emails.value")),
    Trait("filter or", filter_evidence.either),
    Trait("filter and", filter_evidence.both),
    Trait("filter sw", filter_evidence.part_of_name("sw")),
    Trait("filter co", filter_evidence.part_of_name("co")),
    Trait("filter pr", filter_evidence.present),
    Trait("listings show deactivated users", evidence.deactivated_listed, "lists_inactive", sets=as_seen),
    Trait("filters find deactivated users", filter_evidence.deactivated_found),
    Trait("groups", group_evidence.groups, "groups", sets=as_seen),
    Trait("groups show members", group_evidence.group_members, "lists_members", sets=as_seen),
    Trait("groups show all members", group_evidence.whole_members),
    Trait("listings of groups show members", group_evidence.listed_members),
    Trait("users show their groups", group_evidence.user_groups, "shows_groups"),
    Trait("excludedAttributes is heeded", group_evidence.without_members),
    Trait("filter displayName eq", group_evidence.group_eq),
    Trait("filter for an absent group", filter_evidence.absent("absent group")),
    _of_type("filter displayName: capitals count", group_evidence.capitals, "exact_filters", GROUP),
    Trait("filter members.value eq", group_evidence.member_filter),
    _of_type("user names are unique", evidence.unique_names, "enforces_unique", USER),
    Trait("a new user is found", evidence.writes),
)
OF_WRITES = (
    Trait("a create answers", evidence.writes),
    _of_type("group names are unique", evidence.writes, "enforces_unique", GROUP),
    Trait("an old version is refused", evidence.writes, "etag", sets=as_seen),
    Trait("a group is created with its members", evidence.writes),
    Trait("a member is added again", evidence.writes),
    Trait("a deactivated user can be read by its id", evidence.writes),
    Trait("a deactivated user leaves its groups", evidence.writes, "strips_groups"),
    Trait("of a deleted user is kept", evidence.writes),
    Trait("of a deleted group is kept", evidence.writes),
)
