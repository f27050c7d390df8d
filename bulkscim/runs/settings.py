"""How a run sends: by its tenant's entry, as is asked, and as an earlier session did."""

import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from bulkscim.engine.clock import RealClock
from bulkscim.engine.schedule import Times
from bulkscim.errors import UsageError
from bulkscim.journal import typed_json
from bulkscim.journal.settings import Connection, Settings, rates_of, share_of
from bulkscim.model.harmless import one_line
from bulkscim.model.operation import JsonObject
from bulkscim.model.secret import Secret
from bulkscim.pacing.hours import NONE, is_dated, parse_deadline, parse_duration, parse_hours
from bulkscim.runs.options import filled
from bulkscim.tenants.tenant import Tenant

ADOPT = "adopt"


def kept(settings: Settings) -> Settings:
    """Return settings as a journal keeps them: no password, and certificates absolute, since resume may start elsewhere."""
    bundle = settings.connection.ca_bundle
    connection = replace(
        settings.connection,
        timeout_s=settings.timeout_s,
        proxy=without_password(settings.connection.proxy),
        ca_bundle=bundle.absolute() if bundle else None,
    )
    rules = replace(settings.rules, on_exists=settings.rules.on_exists or ADOPT)
    return replace(settings, rules=rules, connection=connection)


def changed(before: Settings, now: Settings) -> JsonObject:
    """Return the settings that are not as before, as a journal keeps them."""
    told = typed_json.write(kept(before))
    return {name: value for name, value in typed_json.write(kept(now)).items() if value != told.get(name)}


def connection_of(tenant: Tenant) -> Connection:
    """Return how a tenant is reached, by its entry."""
    share = tenant.budget_share
    return Connection(
        tenant.rate, tenant.concurrency, None, tenant.proxy, tenant.ca_bundle, budget_share=share
    )


def connection_again(asked: Connection, tenant: Tenant, before: Connection) -> Connection:
    """Return how a recorded run goes on: as is asked, by the way of a tenant that the user named, else as it did."""
    own = Connection() if tenant.from_journal else Connection(proxy=tenant.proxy, ca_bundle=tenant.ca_bundle)
    checked = checked_connection(filled(asked, own))
    if before.deadline is not None and _has_passed(before.deadline):
        before = replace(before, deadline=None)
    return filled(checked, before)


def checked_connection(connection: Connection) -> Connection:
    """Return it; UsageError for a rate, a share or a time that is none, and for a deadline that has passed."""
    if connection.rate is not None:
        rates_of(connection.rate)
    share_of(connection.budget_share)
    try:
        times_of(connection, RealClock().now())
        parse_duration(connection.wait_out or NONE)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if connection.deadline is not None and _has_passed(connection.deadline):
        raise UsageError(f"--deadline {one_line(connection.deadline)} has passed; name a later one")
    return connection


def times_of(connection: Connection, now: float) -> Times:
    """Return when a session that begins now may send; ValueError for what is no time."""
    deadline, between = connection.deadline, connection.between
    return Times(
        None if between is None else parse_hours(between),
        None if deadline is None else parse_deadline(deadline, now),
        deadline or "",
    )


def _has_passed(deadline: str) -> bool:
    """Return whether a deadline is a date and time that has passed."""
    now = RealClock().now()
    moment = parse_deadline(deadline, now) if is_dated(deadline) else None
    return moment is not None and moment <= now


def without_password(proxy: str | None) -> str | None:
    """Return a proxy's URL without its user and password."""
    return re.sub(r"//.*@", "//", proxy) if proxy else proxy


def credentials_of(proxy: str | None) -> tuple[Secret, ...]:
    """Return what no text may tell of a proxy's URL: its password, and user and password as they are sent."""
    user, colon, password = (urlsplit(proxy or "").netloc.rpartition("@")[0]).partition(":")
    plain = unquote(user), unquote(password)
    return tuple(map(Secret, (password, plain[1], ":".join(plain)))) if colon and password else ()
