"""Whether a token may be sent to the tenant that a journal records, and whether it opens that same tenant."""

import hmac
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from bulkscim.errors import Mismatch
from bulkscim.journal.bodies import Applied, Body, Settled, Started
from bulkscim.journal.header import Header
from bulkscim.journal.journal import RecordedRun
from bulkscim.journal.settings import Settings
from bulkscim.model.base_url import same_base_url
from bulkscim.model.harmless import escaped
from bulkscim.model.operation import JsonObject, Verb
from bulkscim.model.request import Request, Response
from bulkscim.model.row import RowState
from bulkscim.model.run import RecordedTenant
from bulkscim.model.secret import Secret
from bulkscim.pacing.retry import ReadVerdict, judge_read
from bulkscim.planning.protect import folded, names_of
from bulkscim.runs.tenant import fingerprint, host_of
from bulkscim.runs.tenant_by_name import names_at
from bulkscim.scim import protocol
from bulkscim.transport.base import Transport

PROBES = 3  # recorded resources that another token must show
TRIED = 10  # recorded resources that are asked for, to find as many
_KNOWN = frozenset({RowState.DONE, RowState.ADOPTED, RowState.NOOP})
_SALT = re.compile(r"(?:[0-9a-f]{2})+")


class UnprovedToken(Mismatch):
    """Nothing proves that the token was ever used at the URL that a journal records; nothing was sent."""


def settings_to_send(
    header: Header, token: Secret, given: str | None = None, same_tenant: str = ""
) -> Settings:
    """Return a recorded run's settings where the token may be sent to the run's tenant.

    The URL in a journal may be anybody's. So the fingerprint must prove that this token was used there, or the user
    must name the tenant: by its URL (`given`), or as `same_tenant`. Else UnprovedToken; Mismatch where another URL is
    given. Without that proof the journal's proxy and certificates are not used either.
    """
    base_url = header.tenant.base_url
    if given is not None and not same_base_url(given, base_url):
        raise Mismatch(f"the run belongs to {escaped(base_url)}, not to {given}; name its own tenant")
    if _same_token(header.tenant, token):
        return header.settings
    named = given is not None or same_tenant == host_of(base_url) or same_tenant in names_at(base_url)
    if not named:
        raise UnprovedToken(
            f"the run's journal says that its tenant is {escaped(base_url)}, and nothing proves that this token was used "
            "there: it is another token, or the run folder is not yours. Nothing was sent. If that is your tenant, "
            "name it: --tenant NAME or --base-url URL"
        )
    connection = replace(header.settings.connection, proxy=None, ca_bundle=None)
    return replace(header.settings, connection=connection)


async def same_tenant(
    record: RecordedRun, token: Secret, transport: Transport, named: str | None = None
) -> None:
    """Raise Mismatch for a token that is not the run's own and does not show what the run recorded.

    `named` is the tenant's name, by which the user confirms a token that shows nothing of the run; None where the
    command takes no such confirmation.
    """
    tenant = record.header.tenant
    own = escaped(tenant.name or host_of(tenant.base_url))
    if _same_token(tenant, token) or await _shows_the_same(record, transport) or named == own:
        return
    wrong = f" (--same-tenant names {named})" if named else ""
    advice = f"pass a token of {tenant.base_url}"
    raise Mismatch(
        "this token is not the one that the run began with, and no resource that the run recorded can be read with it: "
        f"it may belong to another tenant, or to another integration{wrong}. "
        + (f"If it belongs to {own}, add --same-tenant {own}; else {advice}" if named is not None else advice)
    )


def _same_token(tenant: RecordedTenant, token: Secret) -> bool:
    """Return whether the fingerprint was made of this token and of this URL."""
    if not _SALT.fullmatch(tenant.salt):
        return False
    now = fingerprint(tenant.base_url, tenant.profile, token, tenant.salt)
    return hmac.compare_digest(now.token.encode(), tenant.token.encode())


async def _shows_the_same(record: RecordedRun, transport: Transport) -> bool:
    """Read a few resources that this run recorded; Mismatch where the other token shows another under the same id.

    A resource that cannot be read proves nothing: it may have been deleted since, or be hidden.
    """
    found = 0
    for kind, resource_id, names in _recorded(record):
        reply = await transport.send(Request("GET", protocol.resource_path(kind, resource_id)))
        good = judge_read(reply) is ReadVerdict.GOOD and isinstance(reply, Response)
        live = protocol.resource_of(reply.body) if good and isinstance(reply, Response) else None
        if live is not None and not names & _names(live):
            raise Mismatch(
                f"this token is not the one that the run began with, and it shows {kind} {escaped(resource_id)} as "
                f"{escaped(', '.join(sorted(_names(live)))) or 'another resource'}, not as "
                f"{escaped(', '.join(sorted(names)))}: it belongs to another tenant. Pass a token of "
                f"{record.header.tenant.base_url}"
            )
        found += live is not None
        if found == PROBES:
            break
    return found > 0


def _names(resource: JsonObject) -> set[str]:
    """Return the folded names of a resource; its id proves no tenant, for ids may be counted in each."""
    return set(folded(names_of(resource))) - {str(resource.get("id")).casefold()}


def _recorded(record: RecordedRun) -> Iterator[tuple[str, str, set[str]]]:
    """Yield type, id and all recorded names of resources that the run read or wrote, at most `TRIED`."""
    found: set[str] = set()
    for row in record.ledger.numbers():
        if len(found) == TRIED:
            return
        history = record.history(row) if record.ledger.state(row) in _KNOWN else []
        end = history[-1].body if history else None
        if not isinstance(end, Settled) or not end.id or end.id in found or end.op == Verb.DELETE:
            continue
        told = chain.from_iterable(_names_in(entry.body) for entry in history)
        names = set(folded((end.key, *told))) - {end.id.casefold()}
        if names:
            found.add(end.id)
            yield end.type, end.id, names


def _names_in(body: Body) -> list[str]:
    """Return the names that an entry's images and changes hold."""
    match body:
        case Started():
            values = (value for change in body.changes for value in (change.before, change.after))
            return [*names_of(body.before or {}), *(each for each in values if isinstance(each, str))]
        case Applied():
            return list(names_of(body.after or {}))
        case _:
            return []
