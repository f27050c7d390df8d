"""What a run keeps in its journal's header, so that resume goes on under the same terms."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bulkscim.errors import UsageError
from bulkscim.jobfile.operations import Defaults
from bulkscim.model.operation import JsonObject
from bulkscim.model.row import RowRules
from bulkscim.model.secret import Secret
from bulkscim.pacing.rate import Rate, parse
from bulkscim.planning.decision import Policy
from bulkscim.planning.guards import Bounds, adoptions
from bulkscim.providers.profile import QUIET_S, Bucket, Profile
from bulkscim.runs.options import Connection, built, filled
from bulkscim.tenants.tenant import Tenant

TIMEOUT_S = 30.0
ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run sends, and what its rows do; what is left open is the profile's, or the usual.

    `on_drift` says what becomes of a record whose resource is not as it expects.
    """

    rules: RowRules = RowRules()
    connection: Connection = Connection()
    limit: int | None = None
    on_drift: str = "row"

    @property
    def timeout_s(self) -> float:
        """How long an answer is waited for."""
        return self.connection.timeout_s or TIMEOUT_S

    def policy(self, profile: Profile, run: str = "") -> Policy:
        """Return what the pure heart must know of these; `run` is the run's id."""
        return Policy(self.rules, profile, run=run, on_drift=self.on_drift)

    def buckets(self, profile: Profile) -> tuple[Bucket, ...]:
        """Return the buckets in force: the rate that was asked for stands in for the profile's own."""
        if self.connection.rate is None:
            return profile.buckets
        rate = rate_of(self.connection.rate)
        quiet_s = max((bucket.quiet_s for bucket in profile.buckets), default=QUIET_S)
        return (Bucket(rate.limit, rate.window_s, "--rate", quiet_s=quiet_s),)

    def workers(self, profile: Profile) -> int:
        """Return how many rows are worked on at once."""
        return self.connection.concurrency or profile.concurrency


def changed(kept: Settings, now: Settings) -> JsonObject:
    """Return the settings that are not as they were kept, as a journal keeps them."""
    before = _kept(kept)
    return {name: value for name, value in _kept(now).items() if value != before[name]}


def connection_of(tenant: Tenant) -> Connection:
    """Return how a tenant is reached, by its entry."""
    return Connection(tenant.rate, tenant.concurrency, None, tenant.proxy, tenant.ca_bundle)


def connection_again(asked: Connection, tenant: Tenant, kept: Connection) -> Connection:
    """Return how a recorded run goes on: as is asked, by the way of a tenant that the user named, else as it did."""
    own = Connection() if tenant.from_journal else Connection(proxy=tenant.proxy, ca_bundle=tenant.ca_bundle)
    return checked_connection(filled(filled(asked, own), kept))


def checked_connection(connection: Connection) -> Connection:
    """Return it; UsageError for a rate that is none."""
    if connection.rate is not None:
        rate_of(connection.rate)
    return connection


def rate_of(text: str) -> Rate:
    """Read a rate as people write it."""
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"--rate: {error}") from error


def header_of(
    settings: Settings, defaults: Defaults, guards: Bounds, protect: Sequence[str] = ()
) -> dict[str, JsonObject]:
    """Return the header's parts that resume reads back; the password of a proxy is not among them."""
    return {
        "settings": _kept(settings),
        "defaults": {
            "op": defaults.op.value if defaults.op else None,
            "type": defaults.type,
            "match": defaults.match,
            "map": defaults.map,
            "as_shown": defaults.as_shown,
        },
        "guards": asdict(guards) | {"protect": list(protect)},
    }


def settings_of(header: JsonObject) -> Settings:
    """Read the settings back."""
    kept = header.get("settings", {})
    bundle = {"ca_bundle": Path(kept["ca_bundle"]) if kept.get("ca_bundle") else None}
    return built(Settings, kept | bundle)


def _kept(settings: Settings) -> JsonObject:
    """Return settings as a journal keeps them; certificates absolute, since resume may start elsewhere."""
    rules, connection = settings.rules, settings.connection
    bundle = connection.ca_bundle
    return {
        **asdict(rules),
        **asdict(connection),
        "on_exists": rules.on_exists or ADOPT,
        "timeout_s": settings.timeout_s,
        "proxy": without_password(connection.proxy),
        "ca_bundle": str(bundle.absolute()) if bundle else None,
        "limit": settings.limit,
        "on_drift": settings.on_drift,
    }


def bounds_of(header: JsonObject) -> Bounds:
    """Read the guards back."""
    guards = header.get("guards", {})
    kept = {name: guards.get(name) for name in ("max_delete", "max_create", "max_errors")}
    most = guards["max_adopt"] if "max_adopt" in guards else adoptions(None, int(header.get("rows", 0)))
    return Bounds(**kept, max_adopt=most)


def protected_of(header: JsonObject) -> tuple[str, ...]:
    """Read back which accounts no row may take away."""
    return tuple(header.get("guards", {}).get("protect") or ())


def without_password(proxy: str | None) -> str | None:
    """Return a proxy's URL without its user and password."""
    return re.sub(r"//.*@", "//", proxy) if proxy else proxy


def credentials_of(proxy: str | None) -> tuple[Secret, ...]:
    """Return what no text may tell of a proxy's URL: its password, and user and password as they are sent."""
    user, colon, password = (urlsplit(proxy or "").netloc.rpartition("@")[0]).partition(":")
    plain = unquote(user), unquote(password)
    return tuple(map(Secret, (password, plain[1], ":".join(plain)))) if colon and password else ()
