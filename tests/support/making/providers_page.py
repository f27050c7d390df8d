"""Write docs/providers.md from the files of profiles: `python -m tests.support.making.providers_page`."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path

from bulkscim.model.operation import USER, Verb
from bulkscim.planning.undo.grades import grade
from bulkscim.providers.profile import Advice, AnswerBounds, Bucket, Fact, Integration, Profile
from bulkscim.providers.quirks import Extension, IntegrationQuirks, Quirks
from bulkscim.providers.reversal import Reversal
from bulkscim.reporting.profiles import lines, time_of
from bulkscim.tenants.profiles import built_in, profile_named

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
RUNS = Path(__file__).with_name("provider_runs.json")
STAGES = ("import", "membership", "again", "deprovisioning", "rollback")
AGAIN = "python -m tests.support.making.providers_page"
HEAD = f"""# Providers

What each profile knows of its provider. This page is written from `bulkscim/providers/data/*.toml` by
`{AGAIN}`; `bulkscim profiles NAME` prints one of them.

Nothing here was tried at the providers. Each fact has a standing: *documented* by the provider; *documented, read in a
copy*; *seen in other clients*; *inferred* from these; *assumed*, with no source; *not known*; or, in a file that `bulkscim probe`
wrote, *seen at the tenant*. Correct a profile where your tenant does otherwise: write a file of your own, and share it.

## A profile of your own

```toml
# acme.toml
title = "Acme"
most_members = 50

[[buckets]]
limit = 300
window_s = 60

[[facts]]
topic = "rate"
of = ["buckets"]
text = "300 requests a minute"
basis = "documented"
source = "docs.acme.example/limits"
```

```console
$ bulkscim profiles check ./acme.toml
$ bulkscim run people.csv --op create --tenant acme --profile ./acme.toml -n
```

The name of the profile is that of the file. A file in the folder `profiles` next to your own `bulkscim.toml` is found by its
name, as in `--profile acme`; any other is named by its path, also in a tenant's entry: `profile = "./acme.toml"`. The name of a
profile that comes with bulkscim cannot be taken. The journal keeps the text, so `resume`, `retry` and `rollback` use the facts that
the run began with, whatever becomes of the file. A credential in `headers` is refused. A key that is omitted has the value
that holds for most services.

A request waits for every bucket that it matches: by `methods`, by the beginning of its path (`/Users/` is one user,
`/Users?` a list), and by the size of its body. The sandbox wears a profile, limits included: `bulkscim sandbox start
--profile ./acme.toml`.
"""
MEANING = {
    "title": "what the provider is called",
    "base_url": "the usual base URL, where tenants share one",
    "addresses": "forms of its base URLs, such as `*.acme.example/scim/*`, by which `connect` suggests the profile",
    "buckets": "limits, `[[buckets]]`",
    "concurrency": "requests in flight, until the rate and the latency say how many are needed",
    "most_concurrency": "requests in flight at most",
    "media_type": "the Content-Type that is sent",
    "headers": "headers that are sent with each request",
    "page_size": "resources that a page is asked for",
    "cursor": "listings are paged by cursors (RFC 9865)",
    "most_bytes": "the largest answers that are read",
    "visibility_lag_s": "within so many seconds after a write, lookups may show the state before",
    "enforces_unique": "types of which a second resource of a name is refused",
    "assumes_unique": "nothing says that a second one is refused, so users are listed first where that is cheap",
    "refused": "why no run can be made",
    "groups": "there are groups",
    "patch": "PATCH is supported, unless the tenant says otherwise",
    "patch_forms": "what a PATCH names as its schema, tried in order",
    "filter": "filters are supported, unless the tenant says otherwise",
    "filter_cap": "a filtered answer of so many resources may have been cut",
    "unquoted_filters": "types whose filters want a bare value",
    "exact_filters": "types whose filters tell capitals from small letters",
    "etag": "versions are honoured, unless the tenant says otherwise",
    "lists_all": "a listing without a filter shows all there are; where not, it proves no absence",
    "lists_inactive": "deactivated users are shown in lists and lookups",
    "lists_members": "groups show their members",
    "removes_by_value": "a member is removed by path `members` and its value",
    "most_members": "members that one request adds or removes at most",
    "one_group": "adding a user to a group takes it out of the one before",
    "shows_groups": "users show their groups",
    "strips_groups": "a deactivated user leaves its groups",
    "restores": "types of which a create may bring back an old one",
    "counts_all": "totalResults is that of the whole list",
    "may_ignore": "attributes that are taken without effect; they are read back",
    "ignored_advice": "what works instead",
    "id_prefixes": "how ids begin, by type",
    "integrations": "services behind one base URL, `[[integrations]]`",
    "advice": "what a refusal means here, `[[advice]]`",
    "cautions": "what to know before a job with a verb, by verb",
    "reversals": "what can be undone otherwise than at most services, `[[reversals]]`",
    "facts": "what is known, `[[facts]]`",
}
WORN = {
    "integrations": "services by token, `[sandbox.integrations.sandbox]` and `.sandbox-content`",
    "media_type": "the Content-Type of answers",
    "endpoints": "the endpoints that there are, in small letters",
    "ids": "forms of ids by type, with `{}` for a number",
    "location": "the form of meta.location, with `{base}`, `{endpoint}` and `{id}`",
    "extensions": "extensions of users, `[[sandbox.extensions]]`",
    "hides_inactive": "deactivated users are in no list",
    "strips_groups": "a deactivated user leaves its groups",
    "only_eq": "filters are one condition with eq",
    "group_filters": "attributes, in small letters, by which groups are filtered where `only_eq`",
    "fast_attributes": "names of attributes in filters, and the paths that they mean",
    "filter_cap": "resources that a filter finds at most",
    "page_size": "resources on a page at most",
    "exact_group_names": "filters of groups tell capitals from small letters",
    "unique_group_names": "a second group of a name is refused",
    "dialect": "what a PATCH must name: `rfc`, `core` or `both`",
    "bare_members": "the member in a path may stand without quotes",
    "patch_answers": "a PATCH is answered with the resource",
    "version_seconds": "versions are the second of the last change",
    "required": "attributes that a new user must have",
    "shortest_password": "characters that a password has at least",
    "owner": "the name of an account owner, who cannot be deleted",
    "outside": "a domain whose users are said to exist elsewhere",
    "add_ons": "licences, and the licence that each needs first",
    "licences": "the extension whose licences are filtered by with a dot",
    "no_token": "the status without a token",
    "is_limited": "the limits of the profile hold",
    "bulk": "Bulk is said to be supported",
    "sort": "sorting is said to be supported",
    "filters": "filters are said to be supported",
    "echoes_count": "a page says how many were asked for",
    "pages": "there are pages",
    "cursors": "listings are paged by cursors alone",
    "makes_up_lists": "a listing without a filter shows one resource that is not there",
    "counts_page": "totalResults is the length of the page",
    "projections": "`attributes` and `excludedAttributes` are taken",
    "needs_user_agent": "a request without User-Agent is refused",
    "longest_user_name": "characters that are kept of a user name; special ones become `_`",
    "delete_deactivates": "a deleted user is kept, deactivated",
    "inactive_is_removed": "a deactivated user is deleted",
    "patches": "attributes of users that PATCH changes, where it does not change all",
    "path_filters": "paths of a PATCH may have filters",
    "shows_members": "which answers show members: `always`, `by_id` or `never`",
    "most_members": "members that one request may change",
    "too_many": "the status for more of them",
    "odd_errors": "errors have a number as status, and a text as schemas",
}
TABLES = (
    ("[[buckets]]", Bucket),
    ("[most_bytes]", AnswerBounds),
    ("[[integrations]]", Integration),
    ("[[advice]]", Advice),
    ("[[reversals]]", Reversal),
    ("[[facts]]", Fact),
    ("[sandbox.integrations.NAME]", IntegrationQuirks),
    ("[[sandbox.extensions]]", Extension),
)


def page() -> str:
    """Return the whole page."""
    return "\n".join((HEAD, *_keys(), *_overview(), *_runs(), *_all())) + "\n"


def _keys() -> Iterator[str]:
    yield from ("### Keys", "", "| key | default | meaning |", "|---|---|---|")
    for each in fields(Profile):
        if each.name != "name":
            yield f"| `{each.name}` | {_default(each)} | {MEANING[each.name]} |"
    yield from ("", "### Keys of `[sandbox]`", "", "| key | default | meaning |", "|---|---|---|")
    for each in fields(Quirks):
        yield f"| `{each.name}` | {_default(each)} | {WORN[each.name]} |"
    yield from ("", "### Keys of the other tables", "")
    for head, kind in TABLES:
        yield f"- `{head}`: {', '.join(f'`{each.name}`' for each in fields(kind))}"
    yield ""


def _default(each: "Field[object]") -> str:
    value = each.default
    if (
        value is MISSING
        or value in ((), frozenset(), "", None)
        or not isinstance(value, bool | int | float | str)
    ):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _overview() -> Iterator[str]:
    yield from (
        "## All of them",
        "",
        "The time is that of the limits alone; where they are assumed it is marked. Below, each profile is shown where it",
        "differs from `generic`.",
        "",
        "| profile | 10,000 creates | members in one request | a deactivation | a delete |",
        "|---|---|---|---|---|",
    )
    for name in built_in():
        profile = profile_named(name)
        assumed = ", assumed" * all(bucket.assumed for bucket in profile.buckets)
        undo = (grade(profile, verb, USER).grade.words for verb in (Verb.DEACTIVATE, Verb.DELETE))
        members = f"{profile.most_members:,}" if profile.groups else "no groups"
        cells = (
            ("no runs", "", "", "") if profile.refused else (f"{time_of(profile)}{assumed}", members, *undo)
        )
        yield f"| [{name}](#{name}) | {' | '.join(cells)} |"
    yield ""


def runs() -> dict[str, dict[str, int]]:
    """Return how many requests each stage of a small job took at the sandbox of each profile."""
    found: dict[str, dict[str, int]] = json.loads(RUNS.read_text(encoding="utf-8"))
    return found


def _runs() -> Iterator[str]:
    yield from (
        "## A small job at each sandbox",
        "",
        "Four users and a group are created (import); three users join the group and one leaves it (membership); the import",
        "runs again; two users are deactivated and one is deleted (deprovisioning); each run but the second import is rolled",
        "back. The sandbox wears the profile, limits included, and all ends as it must: nothing is done twice, and what the",
        "profile says can be undone is as before. The numbers are requests of whole commands, the first look at the tenant",
        "included; a test counts them again, and it takes no more. The time is what the limits allow for 10,000 creates.",
        "",
        f"| profile | {' | '.join(STAGES)} | 10,000 creates |",
        f"|---|{'---|' * (len(STAGES) + 1)}",
    )
    for name, taken in runs().items():
        cells = [str(taken[stage] or "no groups") for stage in STAGES]
        yield f"| {name} | {' | '.join(cells)} | {time_of(profile_named(name))} |"
    yield ""


def _all() -> Iterator[str]:
    usual = frozenset[str]()
    for name in built_in():
        profile = profile_named(name)
        shown = list(lines(profile))
        own = [line for line in shown[1 : shown.index("known")] if line not in usual]
        usual = usual or frozenset(own)
        yield from (f"## {name}", "", f"{profile.title}{'' if own else ': as generic'}.", "")
        yield from ("```text", *own, "```", "") if own else ()
        for fact in profile.facts:
            source = f", {fact.source}" if fact.source else ""
            yield f"- **{fact.topic}**: {fact.text} (*{fact.basis.value}{source}*)"
        yield ""


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
