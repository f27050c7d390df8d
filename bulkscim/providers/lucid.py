"""Lucid: one base URL for two integrations, 100 requests a minute, and lists that leave out who is deactivated.

Lucid documents no SCIM limit, no error bodies and no PATCH tests: what is inferred says so in `facts`.
"""

from bulkscim.model.operation import GROUP, USER, Verb
from bulkscim.model.step import Action
from bulkscim.providers.profile import Advice, Basis, Bucket, Fact, Integration, Profile
from bulkscim.providers.reversal import Grade, Reversal
from bulkscim.scim.protocol import PatchForm

LICENCES = "urn:ietf:params:scim:schemas:extension:lucid"
_REFERENCE = "developer.lucid.co/reference"
_SPEC = "Lucid's SCIM OpenAPI 1.4, copied at github.com/api-evangelist/lucid"
_GUIDE = "community.lucid.co"

_SEATS = (
    "Creating users may buy seats: while Lucid's automatic upgrade is on, users beyond the seat count add seats "
    "(inferred; check it under Admin > Licenses)."
)
_HARD = (
    "A delete at Lucid is final, and the user's documents go to the account owner by default; deactivate can be "
    "taken back and moves no documents."
)
_INVITE = "invite that person from Lucid's admin panel, or have the old user deleted; a retry never helps"
_HELD = f"a deactivated user, or an account outside this tenant, may hold the name or e-mail: {_INVITE}"
_OWNER = "Lucid does not delete an account owner or a default document owner: name another owner first"
_BASE_LICENCE = "an add-on licence needs its base licence first: grant that, then retry"
_EMPTY_FIRST = (
    "Lucid deletes an organizational group only when it is empty: remove its members first, then retry"
)
_BY_GROUP = (
    "with organizational groups on, Lucid takes licences over SCIM and ignores them: put the user into an "
    "organizational group whose licence settings grant it"
)

ADVICE = (
    Advice(Action.CREATE, 424, _BASE_LICENCE, USER),
    Advice(Action.CREATE, 409, _INVITE, USER),
    Advice(Action.MODIFY, 409, _HELD, USER),
    Advice(Action.REPLACE, 409, _HELD, USER),
    Advice(Action.DELETE, 409, _OWNER, USER),
    Advice(Action.DELETE, 400, _EMPTY_FIRST, GROUP),
    Advice(Action.CREATE, 409, "the names of archived teams stay taken", GROUP),
)

REVERSALS = (
    Reversal(
        Verb.DELETE,
        USER,
        Grade.LOSSY,
        "password, MFA, licences, and documents, which go to the account owner",
        "deactivated users that have a manager are hidden, and keep the old id",
    ),
    Reversal(
        Verb.DELETE,
        GROUP,
        Grade.NEW_ID,
        note="a team is archived, and comes back under its id when it is created again",
    ),
    Reversal(Verb.DEACTIVATE, USER, Grade.REVERSIBLE, note="hidden until then; the journal has the id"),
    Reversal(Verb.CREATE, USER, Grade.REVERSIBLE, note="a seat that it bought stays bought"),
)

INTEGRATIONS = (
    Integration("SCIM for admin management", "organizational groups", nested_groups=True, most_groups=2),
    Integration("SCIM for content access", "teams"),
)

FACTS = (
    Fact(
        "base URL",
        "https://users.lucid.app/scim/v2; FedRAMP accounts have their own, shown in the GovSuite admin panel: "
        "give it by --base-url",
        Basis.DOCUMENTED,
        f"{_REFERENCE}/overview-scim",
    ),
    Fact(
        "integrations",
        "admin management (groups are organizational groups) and content access (groups are teams); "
        "the token alone decides",
        Basis.DOCUMENTED,
        f"{_REFERENCE}/overview-scim",
    ),
    Fact(
        "which integration",
        "told apart by a group within a group (organizational groups only) or a user in more than two groups "
        "(teams only); else unknown",
        Basis.INFERRED,
        _SPEC,
    ),
    Fact(
        "rate",
        "100 requests a minute; Lucid publishes none",
        Basis.SEEN,
        "github.com/Slalom-Consulting/tap-lucid-scim",
    ),
    Fact("media type", "application/json", Basis.COPIED, _SPEC),
    Fact("ids", "lucid-… for users, lucid-group-… for groups and teams", Basis.COPIED, _SPEC),
    Fact("lists", "deactivated users are neither listed nor counted", Basis.COPIED, _SPEC),
    Fact(
        "deactivated users by id",
        "whether a read by id shows them is not said; it is tried, and what it shows is believed",
        Basis.UNKNOWN,
    ),
    Fact(
        "filters",
        "eq only; bare values for users; quoted, and exact in case, for groups; at most 10,000 users in all",
        Basis.DOCUMENTED,
        f"{_REFERENCE}/getallusers",
    ),
    Fact(
        "PATCH",
        "names the core schema where RFC 7644 names PatchOp",
        Basis.COPIED,
        _SPEC,
    ),
    Fact("PATCH, the other form", "PatchOp is taken as well; it is tried after a 400", Basis.INFERRED),
    Fact(
        "removing a member",
        "path members, the member in value; whether a filter in the path works is not said",
        Basis.COPIED,
        _SPEC,
    ),
    Fact(
        "one group",
        "a user is in one organizational group, so adding moves; the group before is recorded",
        Basis.DOCUMENTED,
        f"{_GUIDE}: Azure org groups user syncing best practices",
    ),
    Fact("groups of a user", "shown by the user itself, read-only", Basis.COPIED, _SPEC),
    Fact("groups after a deactivation", "whether the user stays in them is not said", Basis.UNKNOWN),
    Fact(
        "deleting a group", "a team is archived; an organizational group must be empty", Basis.COPIED, _SPEC
    ),
    Fact(
        "creating a team",
        "may restore an archived one of that name; recognised by an old meta.created, or by members that were not asked for",
        Basis.COPIED,
        _SPEC,
    ),
    Fact("deleting a user", "final; owners cannot be deleted (409)", Basis.COPIED, _SPEC),
    Fact(
        "documents",
        "go to the account owner on delete or delicense, stay on deactivation",
        Basis.COPIED,
        f"{_GUIDE}: Deactivate account using SCIM and user data",
    ),
    Fact(
        "licences",
        "taken and ignored once organizational groups are on; read back after each write",
        Basis.DOCUMENTED,
        f"{_GUIDE}: migrate custom SCIM 2.0 apps to Lucid org groups experience",
    ),
    Fact(
        "seats",
        "automatic upgrade must be on to make a token, and may be switched off afterwards",
        Basis.DOCUMENTED,
        f"{_GUIDE}: How to manage users through REST API",
    ),
    Fact("seats, consequence", "while it is on, an import beyond the seats may buy some", Basis.INFERRED),
    Fact(
        "conflicts",
        "409 also for users outside the account; a retry never helps",
        Basis.DOCUMENTED,
        f"{_GUIDE}: SCIM common error codes",
    ),
    Fact("424", "an add-on licence before its base licence; not retried", Basis.COPIED, _SPEC),
    Fact("bulk", "none", Basis.COPIED, _SPEC),
    Fact(
        "bad token",
        "401 by the reference, 403 as others saw it; both stop the run",
        Basis.SEEN,
        "github.com/api-evangelist/lucid",
    ),
    Fact(
        "not found anywhere", "Retry-After, error bodies, what PUT does to what it leaves out", Basis.UNKNOWN
    ),
)

LUCID = Profile(
    "lucid",
    title="Lucid (lucid.app)",
    base_url="https://users.lucid.app/scim/v2",
    buckets=(Bucket(100, 60.0),),
    concurrency=4,
    most_concurrency=4,
    media_type="application/json",
    enforces_unique=frozenset({USER, GROUP}),
    patch_forms=(PatchForm.CORE, PatchForm.PATCH_OP),
    filter_cap=10_000,
    unquoted_filters=frozenset({USER}),
    exact_filters=frozenset({GROUP}),
    lists_inactive=False,
    removes_by_value=True,
    one_group=True,
    shows_groups=True,
    restores=frozenset({GROUP}),
    may_ignore=(LICENCES, "urn:lucidchart:schemas:1.0:User", "canEdit"),
    ignored_advice=_BY_GROUP,
    id_prefixes={USER: "lucid-", GROUP: "lucid-group-"},
    integrations=INTEGRATIONS,
    advice=ADVICE,
    cautions={Verb.CREATE: _SEATS, Verb.UPSERT: _SEATS, Verb.DELETE: _HARD},
    reversals=REVERSALS,
    facts=FACTS,
)
