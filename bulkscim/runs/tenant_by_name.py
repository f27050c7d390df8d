"""Find a tenant by its name, or by the run that was begun with it, its credential with it."""

import os
from collections.abc import Sequence
from dataclasses import replace

from bulkscim.errors import Mismatch
from bulkscim.journal.header import Header
from bulkscim.model.base_url import same_base_url
from bulkscim.model.harmless import escaped
from bulkscim.model.limits import NO_GUARDS
from bulkscim.model.run import RecordedTenant
from bulkscim.model.secret import Secret
from bulkscim.providers.profile import Profile
from bulkscim.runs.sandbox_tenants import SANDBOXES, same_sandbox, sandbox_tenant
from bulkscim.runs.state_dir import state_dir
from bulkscim.tenants.allowed import refuse_unless_allowed
from bulkscim.tenants.credentials import TokenSource, find_token
from bulkscim.tenants.entries import (
    TenantEntry,
    entries,
    entries_at,
    entry_named,
    file_with,
    places,
    refuse_built_in,
)
from bulkscim.tenants.profiles import provider_of
from bulkscim.tenants.tenant import Tenant

_NOWHERE = TokenSource()


def tenant(name: str, *, source: TokenSource = _NOWHERE, profile: str | None = None) -> Tenant:
    """Return a tenant of `bulkscim.toml`; a source or profile that is given stands in for the entry's own.

    Production and guards of every entry of its URL hold. `sandbox` and `sandbox-content` are always there, and are sent
    no token but their own.

    UsageError where there is no such tenant, Refused where its file was not allowed, CredentialError where there is
    no token for it.
    """
    if name in SANDBOXES:
        refuse_entry_of(name)
        return sandbox_tenant(name, profile)
    entry = entry_named(name, places())
    refuse_unless_allowed(entry, state_dir(), own_token=not source.named)
    found = find_token(source if source.named else entry.token_source, os.environ)
    own = Tenant(
        entry.base_url,
        found,
        profile or entry.profile,
        name,
        rate=entry.paced,
        budget_share=entry.budget_share,
        proxy=entry.proxy,
        ca_bundle=entry.ca_bundle,
    )
    return _held_by(entries_at(entry.base_url, places()), own)


def base_url_of(name: str) -> str:
    """Return the base URL of a tenant, for what needs no token; UsageError where there is no such tenant."""
    if name in SANDBOXES:
        return sandbox_tenant(name).base_url
    return entry_named(name, places()).base_url


def refuse_entry_of(name: str) -> None:
    """Refuse an entry with the name of a built-in tenant, in any file."""
    file = file_with(name, places())
    if file is not None:
        refuse_built_in(name, file)


def tenant_at(base_url: str, token: Secret, profile: str) -> Tenant:
    """Return a tenant by its URL; production and guards of `bulkscim.toml` hold however it is named."""
    return _held_by(_entries_of(base_url), Tenant(base_url, token, profile))


def tenant_of_header(
    header: Header, *, source: TokenSource = _NOWHERE, named: str = "", base_url: str = ""
) -> Tenant:
    """Return the tenant that a recorded run belongs to; Mismatch where the user named another one.

    Its token comes from the source that is given, else from its entry while that names the same URL, else
    from the environment. No other token is offered to it. Where the user named neither a tenant (`named`) nor a
    `base_url`, the URL is only what the journal says.
    """
    recorded, own = header.tenant, header.own_profile
    is_named = _refuse_other(recorded, named, base_url)
    name, base_url = named or recorded.name, recorded.base_url
    if name in SANDBOXES:
        return same_sandbox(name, own.file if own else recorded.profile, base_url)
    there = _entries_of(base_url)
    entry = next((each for each in there if each.name == name), None)
    if entry:
        refuse_unless_allowed(entry, state_dir(), own_token=not source.named)
        source = source if source.named else entry.token_source
    found = find_token(source, os.environ)
    found_tenant = Tenant(
        base_url,
        found,
        recorded.profile,
        name,
        rate=entry.paced if entry else None,
        budget_share=entry.budget_share if entry else None,
        proxy=entry.proxy if entry else None,
        ca_bundle=entry.ca_bundle if entry else None,
        from_journal=not is_named,
        own_profile=own,
    )
    return _held_by(there, found_tenant)


def profile_of(header: Header) -> Profile:
    """Return the profile by which a recorded run works."""
    return provider_of(header.tenant.profile, header.own_profile).profile


def _refuse_other(recorded: RecordedTenant, named: str, base_url: str) -> bool:
    """Raise Mismatch where the user named another tenant than that of a run; return whether one was named."""
    own, given = recorded.base_url, base_url
    if named in SANDBOXES:
        given = own if recorded.name in SANDBOXES else "the sandbox's own URL"
    elif named:
        given = entry_named(named, places()).base_url
    if given and not same_base_url(given, own):
        which = f"{named} ({given})" if named else given
        raise Mismatch(
            f"the run belongs to {escaped(own)}, not to {which}; nothing was sent. Name the run's own tenant"
        )
    return bool(given)


def names_at(base_url: str) -> list[str]:
    """Return the names of the entries of `bulkscim.toml` that have this URL."""
    return [each.name for each in _entries_of(base_url)]


def _entries_of(base_url: str) -> list[TenantEntry]:
    """Return the entries of a URL; UsageError where any entry is wrong."""
    return [each for each in tenants() if same_base_url(each.base_url, base_url)]


def _held_by(there: Sequence[TenantEntry], tenant: Tenant) -> Tenant:
    """Return a tenant under the production marks and guards of all entries of its URL; its own entry's mark goes first."""
    marks = [each.name for each in there if each.production]
    mark = tenant.name if tenant.name in marks else next(iter(marks), "")
    name = tenant.name or mark
    holding = (each.name for each in there if each.production or each.guards != NO_GUARDS)
    return replace(
        tenant,
        name=name,
        production=bool(mark),
        marked_by=mark,
        guards=sum((each.guards for each in there), start=NO_GUARDS),
        others=tuple(dict.fromkeys(each for each in holding if each != name)),
    )


def tenants() -> list[TenantEntry]:
    """Return what `bulkscim.toml` says of every tenant, by name; no token is looked for."""
    return entries(places())
