"""The limits that runs have learned of a tenant: kept in the state folder, for a week, for the next runs.

They are a cache: a file that cannot be read or written is none.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from bulkscim.errors import BulkScimError
from bulkscim.journal import typed_json
from bulkscim.model.clock import Clock
from bulkscim.model.harmless import indented_json
from bulkscim.outputs import text_file
from bulkscim.pacing.known_limit import KnownLimit
from bulkscim.private_files import make_folders, read_file
from bulkscim.runs.state_dir import tenant_file
from bulkscim.tenants.tenant import Tenant

_ENDING = "rates.json"
_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file says."""

    limits: tuple[KnownLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptRates:
    """Those of one tenant, by its base URL, profile and name."""

    path: Path
    clock: Clock

    def known(self) -> tuple[KnownLimit, ...]:
        """Return what is still valid."""
        with suppress(OSError, ValueError, BulkScimError):
            text = read_file(self.path)
            kept = typed_json.read(_Kept, orjson.loads(text)) if len(text) <= _MOST_BYTES else _Kept()
            now = self.clock.now()
            return tuple(one for one in kept.limits if one.is_valid(now))
        return ()

    def keep(self, found: Iterable[KnownLimit]) -> None:
        """Keep what was found now; of other requests what is known stays."""
        now = self.clock.now()
        fresh = [replace(one, at=round(now)) for one in found]
        if not fresh:
            return
        counted = {(one.methods, one.prefix, one.body_over) for one in fresh}
        others = [one for one in self.known() if (one.methods, one.prefix, one.body_over) not in counted]
        with suppress(OSError, BulkScimError):
            make_folders(self.path.parent)
            with text_file(self.path, replace=True) as file:
                file.write(indented_json(typed_json.write(_Kept((*fresh, *others)))))

    def forget(self) -> bool:
        """Forget all; return whether there was anything."""
        was_there = self.path.exists()
        self.path.unlink(missing_ok=True)
        return was_there


def rates_of(tenant: Tenant, clock: Clock) -> KeptRates | None:
    """Return what is kept of a tenant; None of a sandbox, whose limits are known and are set by a flag."""
    return None if tenant.rehearsal else kept_rates(tenant.base_url, tenant.profile, tenant.name, clock)


def kept_rates(base_url: str, profile: str, name: str, clock: Clock) -> KeptRates:
    """Return what is kept of a tenant, by its base URL, profile and name."""
    return KeptRates(tenant_file(base_url, _ENDING, profile, name), clock)
