"""What a provider can do and how, as data. Code asks "can it?" of a profile, never "is it Slack?"."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from bulkscim.model.operation import GROUP, USER, JsonObject, Verb
from bulkscim.model.step import Action
from bulkscim.providers.allowed import BY_KIND, KIND_OR_ALL, KINDS, METHODS
from bulkscim.providers.reversal import Reversal, reversal_of
from bulkscim.scim.discovery import Capabilities
from bulkscim.scim.protocol import PatchForm

QUIET_S = 10.0
SOON_S = 2.0


class Basis(StrEnum):
    """How a fact is known."""

    DOCUMENTED = "documented"
    COPIED = "documented, read in a copy"
    CLIENT = "seen in other clients"
    SEEN = "seen at the tenant"
    INFERRED = "inferred"
    ASSUMED = "assumed: no source was found"
    UNKNOWN = "not known"

    @property
    def has_source(self) -> bool:
        """Whether it can be looked up somewhere."""
        return self in {Basis.SEEN, Basis.DOCUMENTED, Basis.COPIED, Basis.CLIENT}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a provider, with its basis and where that can be looked up.

    `of` names the keys of the profile that rest on it; those of its sandbox begin with `sandbox.`.
    """

    topic: str
    text: str
    basis: Basis
    source: str = ""
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit of the tenant: so many requests in so many seconds, for those that it matches.

    Empty `methods` and `prefix` match all. A request waits for every bucket that matches it. After a 429, `quiet_s`
    seconds without another one are the evidence that a higher rate can be tried, up to `most` times the limit. `assumed`: it is not the tenant's own, as far as is known.
    `share` of it is used, and the rest is left to others. `burst` of its requests may come at once; others one after the other.
    """

    limit: int
    window_s: float
    name: str = "all"
    methods: frozenset[str] = field(default=frozenset(), metadata=METHODS)
    prefix: str = ""
    body_over: int = 0
    quiet_s: float = QUIET_S
    most: float = 1.0
    assumed: bool = False
    share: float = 1.0
    burst: int = 1

    def at(self, speed: float) -> "Bucket":
        """Return the limit of a tenant that is `speed` times as fast."""
        return replace(self, limit=max(1, int(self.limit * speed)), quiet_s=self.quiet_s / speed)

    def width(self) -> tuple[bool, int, int]:
        """Return a key that sorts limits by what they count: the narrowest comes first."""
        return not self.methods, -len(self.prefix), -self.body_over

    def matches(self, method: str, path: str, size: int = 0) -> bool:
        """Return whether a request counts against this limit."""
        return (
            (not self.methods or method in self.methods)
            and path.startswith(self.prefix)
            and size >= self.body_over
        )


NO_LIMIT = Bucket(1_000_000, 1.0, "no limit")


@dataclass(frozen=True, slots=True)
class AnswerBounds:
    """The largest answers that are read, in bytes of unpacked body: of one resource or a write, of a group, of a page.

    A larger one is given up while it comes: the request counts as one whose answer was lost.
    """

    resource: int = 4 << 20
    group: int = 16 << 20
    page: int = 64 << 20

    def of(self, method: str, path: str) -> int:
        """Return the bound for the answer to a request; a group has many members, and a page many of either."""
        collection, _, resource_id = path.partition("?")[0].strip("/").partition("/")
        if method == "GET" and not resource_id:
            return self.page
        return self.group if collection == "Groups" else self.resource


@dataclass(frozen=True, slots=True)
class Advice:
    """What a refusal means at this provider, beyond what its answer says; an empty `type` fits all types."""

    action: Action
    status: int
    text: str
    type: str = field(default="", metadata=KIND_OR_ALL)


@dataclass(frozen=True, slots=True)
class Integration:
    """One of several services behind one base URL; the token decides which of them answers.

    `nested_groups`: groups may hold groups. `most_groups`: in how many groups one user can be at a time, all but one of them
    the same for all users; None for any number. What an answer shows of these tells the integrations apart.
    """

    name: str
    groups_are: str
    nested_groups: bool = False
    most_groups: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A provider's facts. The defaults are those of a service about which nothing is known.

    `base_url` is the usual one, empty where each tenant has its own. `addresses`: forms of its base URLs, such as
    `*.acme.example/scim/*`. `refused`: why no run can be made there. `groups`:
    whether it has any. `patch_forms` are tried in order until one
    is taken. `filter_cap`: a filtered answer of so many resources may have been cut. `unquoted_filters` names
    the types whose filters want a bare value, `exact_filters` those whose filters tell capitals from small letters
    where names do not. `lists_all`: whether a listing without a filter shows all there are; where it may be made up, it
    proves no absence. `lists_inactive`: whether deactivated users are shown in lists and
    lookups. `removes_by_value`: a member is removed by path `members` and its value. `most_members`: so many
    are added or removed in one request. `one_group`: adding a user
    to a group takes it out of the one before. `shows_groups`: whether users show the groups that they are in;
    `strips_groups`: whether a deactivated user leaves its groups; None where that is not known. `restores` names types of which a create may bring back an old
    one. `counts_all`: nothing suggests that totalResults is only the
    length of a page. `may_ignore`: attributes that are taken without an error and without effect; `ignored_advice` says what
    works instead. `id_prefixes`: how ids begin, by type. `cautions`: what the user should know before a job with
    such a verb begins. `reversals`: what is taken back otherwise than at most services.
    """

    name: str
    title: str = "any SCIM 2.0 service"
    base_url: str = ""
    addresses: tuple[str, ...] = ()
    buckets: tuple[Bucket, ...] = (Bucket(10, 1.0, assumed=True),)
    concurrency: int = 8
    most_concurrency: int = 64
    media_type: str = "application/scim+json"
    headers: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100
    cursor: bool = False
    most_bytes: AnswerBounds = AnswerBounds()
    visibility_lag_s: float = 2.0
    enforces_unique: frozenset[str] = field(default=frozenset({USER}), metadata=KINDS)
    assumes_unique: bool = False
    refused: str = ""
    groups: bool = True
    patch: bool = True
    patch_forms: tuple[PatchForm, ...] = (PatchForm.PATCH_OP,)
    filter: bool = True
    filter_cap: int | None = None
    unquoted_filters: frozenset[str] = field(default=frozenset(), metadata=KINDS)
    exact_filters: frozenset[str] = field(default=frozenset(), metadata=KINDS)
    etag: bool = False
    lists_all: bool = True
    lists_inactive: bool = True
    lists_members: bool = True
    removes_by_value: bool = False
    most_members: int = 100
    one_group: bool = False
    shows_groups: bool | None = None
    strips_groups: bool | None = None
    restores: frozenset[str] = field(default=frozenset(), metadata=KINDS)
    counts_all: bool = True
    may_ignore: tuple[str, ...] = ()
    ignored_advice: str = ""
    id_prefixes: Mapping[str, str] = field(default_factory=dict, metadata=BY_KIND)
    integrations: tuple[Integration, ...] = ()
    advice: tuple[Advice, ...] = ()
    cautions: Mapping[Verb, str] = field(default_factory=dict)
    reversals: tuple[Reversal, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def is_one_group_sure(self) -> bool:
        """Whether no integration that the token may open keeps a user in several groups."""
        return self.one_group and len(self.integrations) <= 1

    @property
    def look_after_s(self) -> float:
        """How long after a write it is first looked for: most services show it long before the visibility lag is over."""
        return min(self.visibility_lag_s, SOON_S)

    @property
    def accept(self) -> str:
        """The Accept header: this provider's media type first, plain JSON as well."""
        return ", ".join(dict.fromkeys((self.media_type, "application/scim+json", "application/json")))

    def hides(self, kind: str) -> bool:
        """Return whether some resources of a type are not shown, so that no lookup proves absence."""
        return kind == USER and not self.lists_inactive

    def at(self, speed: float) -> "Profile":
        """Return the profile of a tenant that is `speed` times as fast as the provider's own."""
        buckets = tuple(bucket.at(speed) for bucket in self.buckets)
        return replace(self, buckets=buckets, visibility_lag_s=self.visibility_lag_s / speed)

    def advice_for(self, action: Action, kind: str, status: int | None) -> str:
        """Return what a refusal of such a step means here, empty where nothing more is known."""
        fits = (one for one in self.advice if one.action is action and one.status == status)
        return next((one.text for one in fits if one.type in {"", kind}), "")

    def reversal(self, verb: Verb, kind: str) -> Reversal:
        """Return how well an operation can be taken back here."""
        return reversal_of(self.reversals, verb, kind)

    def seconds_for(self, requests: int, method: str, path: str) -> float:
        """Return the least time that so many requests of one kind take under the limits."""
        rates = [one.limit / one.window_s for one in self.buckets if one.matches(method, path)]
        return requests / min(rates) if rates else 0.0


PLAIN = Profile("plain")  # every default


def without_fact(profile: Profile) -> list[str]:
    """Return the keys of a profile that are not at their default, and that no fact is about."""
    known = {key for fact in profile.facts for key in fact.of} | {"name", "title", "facts"}
    return [
        each.name
        for each in fields(Profile)
        if each.name not in known and getattr(profile, each.name) != getattr(PLAIN, each.name)
    ]


def integration_of(profile: Profile, groups: Iterable[JsonObject]) -> Integration | None:
    """Return the one integration that some of the tenant's groups fit, None where they fit several.

    A group within a group, or users in more groups than another integration allows, tell them apart.
    """
    prefix = profile.id_prefixes.get(GROUP, "")
    members = [_elements(group, "members") for group in groups]
    nested = any(_is_group(member, prefix) for some in members for member in some)
    held: dict[str, set[int]] = {}
    for group, some in enumerate(members):
        for member in some:
            held.setdefault(str(member.get("value")), set()).add(group)
    fitting = [
        one
        for one in profile.integrations
        if (one.nested_groups or not nested) and may_be_in(one.most_groups, held.values())
    ]
    return fitting[0] if len(fitting) == 1 else None


def may_be_in(most: int | None, held: Iterable[Set[object]]) -> bool:
    """Return whether users may be in these groups where each is in `most` at a time, all but one of them the same for all.

    `held` has the groups of each user. Lucid leaves one group out of the count, the one that it is told to exclude.
    """
    if most is None:
        return True
    large = [groups for groups in held if len(groups) >= most]
    if any(len(groups) > most for groups in large):
        return False
    return not large or len(set(large[0]).intersection(*large)) >= most - 1


def _elements(resource: JsonObject, name: str) -> list[JsonObject]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _is_group(member: JsonObject, prefix: str) -> bool:
    named = str(member.get("value") or "")
    return member.get("type") == GROUP or (bool(prefix) and named.startswith(prefix))


def with_integration(profile: Profile, integration: Integration | None) -> Profile:
    """Return the profile of what the token shows; what is not known stays as careful as it was."""
    if integration is None:
        return profile
    one_group = profile.one_group and integration.most_groups is not None
    return replace(profile, one_group=one_group, integrations=(integration,))


def narrow(profile: Profile, capabilities: Capabilities) -> Profile:
    """Return the profile with what the tenant says of itself; what it leaves out, or was seen, stays as it was."""
    seen = {key for fact in profile.facts if fact.basis is Basis.SEEN for key in fact.of}
    said = {name: getattr(capabilities, name) for name in ("patch", "filter", "etag", "cursor")}
    changes = {name: value for name, value in said.items() if value is not None and name not in seen}
    page = profile.page_size
    if capabilities.max_results:
        page = min(page, capabilities.max_results)
    return replace(profile, page_size=page, **changes)
