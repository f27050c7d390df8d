"""What a run keeps in its journal's header, so that resume goes on under the same terms."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from bulkscim.errors import UsageError
from bulkscim.jobfile.operations import Defaults
from bulkscim.model.operation import JsonObject
from bulkscim.model.secret import Secret
from bulkscim.pacing.rate import Rate, parse
from bulkscim.planning.decision import Policy
from bulkscim.planning.guards import Bounds, adoptions
from bulkscim.providers.profile import QUIET_S, Bucket, Profile


class PaceOverrides(Protocol):
    """What a request can say of how is sent; None leaves it as it was."""

    @property
    def rate(self) -> str | None:
        """As written."""

    @property
    def concurrency(self) -> int | None:
        """Requests in flight."""

    @property
    def timeout_s(self) -> float | None:
        """How long an answer is waited for."""

    @property
    def proxy(self) -> str | None:
        """An HTTP proxy."""

    @property
    def ca_bundle(self) -> Path | None:
        """Certificates to trust."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run sends; None leaves it to the profile."""

    on_exists: str = "adopt"
    create_groups: bool = False
    rate: str | None = None
    concurrency: int | None = None
    timeout_s: float = 30.0
    proxy: str | None = None
    ca_bundle: str | None = None
    limit: int | None = None
    read_back: str | None = None
    on_drift: str = "row"

    def policy(self, profile: Profile, run: str = "") -> Policy:
        """Return what the pure heart must know of these; `run` is the run's id."""
        return Policy(
            self.on_exists,
            self.create_groups,
            profile,
            read_back=self.read_back or "",
            run=run,
            on_drift=self.on_drift,
        )

    def buckets(self, profile: Profile) -> tuple[Bucket, ...]:
        """Return the buckets in force: the rate that was asked for stands in for the profile's own."""
        if self.rate is None:
            return profile.buckets
        rate = rate_of(self.rate)
        quiet_s = max((bucket.quiet_s for bucket in profile.buckets), default=QUIET_S)
        return (Bucket(rate.limit, rate.window_s, "--rate", quiet_s=quiet_s),)

    def workers(self, profile: Profile) -> int:
        """Return how many rows are worked on at once."""
        return self.concurrency or profile.concurrency


def changed(kept: Settings, now: Settings) -> JsonObject:
    """Return the settings that are not as they were kept, as a journal keeps them."""
    before, after = (asdict(one) | {"proxy": without_password(one.proxy)} for one in (kept, now))
    return {name: value for name, value in after.items() if value != before[name]}


def with_overrides(kept: Settings, said: "PaceOverrides") -> Settings:
    """Return a run's own settings, with those of a resume or retry for how it sends."""
    if said.rate is not None:
        rate_of(said.rate)
    found: dict[str, Any] = {
        "rate": said.rate,
        "concurrency": said.concurrency,
        "timeout_s": said.timeout_s,
        "proxy": said.proxy,
        "ca_bundle": as_text(said.ca_bundle),
    }
    return replace(kept, **{name: value for name, value in found.items() if value is not None})


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
        "settings": asdict(settings) | {"proxy": without_password(settings.proxy)},
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
    return Settings(**_known(Settings, header.get("settings", {})))


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


def _known(kind: type, values: JsonObject) -> dict[str, Any]:
    return {name: values[name] for name in kind.__dataclass_fields__ if name in values}  # type: ignore[attr-defined]


def as_text(path: Path | None) -> str | None:
    """Return a path for the header; absolute, since resume may start elsewhere."""
    return str(path.absolute()) if path else None
