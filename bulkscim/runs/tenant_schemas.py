"""Read what a tenant's /Schemas say, or take it from the cache of the state folder.

The cache is believed for a day, and for the URL, profile and token with which it was read.
"""

import os
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import orjson

from bulkscim.engine.clock import RealClock
from bulkscim.errors import BulkScimError
from bulkscim.journal.settings import Settings
from bulkscim.model.base_url import base_url_key
from bulkscim.model.clock import Clock
from bulkscim.model.operation import JsonObject
from bulkscim.model.request import NoAnswer, Request
from bulkscim.private_files import create_file, make_folders, read_file
from bulkscim.runs.state_dir import state_dir
from bulkscim.runs.tenant import GOOD, connected, fingerprint
from bulkscim.scim import protocol
from bulkscim.scim.discovery import LiveSchemas, live_schemas, schemas_to_keep
from bulkscim.tenants.tenant import Tenant

_FOLDER = "schemas"
_MOST_FILES = 32
_MOST_BYTES = 1_000_000
_VALID_S = 86_400.0


async def schemas_of(tenant: Tenant, settings: Settings) -> tuple[LiveSchemas | None, str]:
    """Return the tenant's schemas, and what to say of them; None with the reason where they cannot be had."""
    clock = RealClock()
    found = kept_schemas(tenant, clock.now())
    if found is not None:
        return found, "checked against the tenant's /Schemas (kept from a command of the last 24 hours)"
    try:
        resources, why = await _read(tenant, settings, clock)
    except BulkScimError as error:
        resources, why = [], str(error)
    found = live_schemas(resources)
    if found is None:
        return None, f"the tenant's /Schemas {why or 'describe nothing'}; checked without them"
    with suppress(OSError):  # a cache that cannot be written is none
        _keep(tenant, schemas_to_keep(resources), clock)
    return found, "checked against the tenant's /Schemas"


async def _read(tenant: Tenant, settings: Settings, clock: Clock) -> tuple[list[JsonObject], str]:
    """Ask once; return the resources, or why there are none."""
    async with connected(tenant, settings, clock) as transport:
        reply = await transport.send(Request("GET", "/Schemas"))
    if isinstance(reply, NoAnswer):
        return [], f"cannot be read ({reply.detail})"
    if reply.status != GOOD:
        return [], f"answered {reply.status}"
    listed = protocol.list_of(reply.body)
    if listed is not None:
        return list(listed.resources), "are empty" if not listed.resources else ""
    body = protocol.json_of(reply.body)
    some = body if isinstance(body, list) else []
    return [each for each in some if isinstance(each, dict)], "are no listing"


def _place(tenant: Tenant) -> Path:
    named = f"{base_url_key(tenant.base_url)}\n{tenant.profile}"
    return state_dir() / _FOLDER / f"{sha256(named.encode()).hexdigest()[:32]}.json"


def kept_schemas(tenant: Tenant, now: float) -> LiveSchemas | None:
    """Return what was kept of this very tenant; None where it is old, damaged or another's. `now` is of the real clock."""
    try:
        text = read_file(_place(tenant))
        body = orjson.loads(text) if len(text) <= _MOST_BYTES else {}
        marked, read_at = body["tenant"], float(body["read_at"])
        own = fingerprint(tenant.base_url, tenant.profile, tenant.token, str(marked["salt"]))
        is_valid = asdict(own) == marked and 0 <= now - read_at < _VALID_S
        resources = body["schemas"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_valid or not isinstance(resources, list):
        return None
    return live_schemas([each for each in resources if isinstance(each, dict)])


def _keep(tenant: Tenant, resources: list[JsonObject], clock: Clock) -> None:
    """Keep what was read, and delete the oldest files beyond a number."""
    text = orjson.dumps(
        {
            "tenant": asdict(fingerprint(tenant.base_url, tenant.profile, tenant.token)),
            "read_at": clock.now(),
            "schemas": resources,
        }
    )
    if len(text) > _MOST_BYTES:
        return
    place = _place(tenant)
    make_folders(place.parent)
    others = sorted(place.parent.glob("*.json"), key=lambda path: path.lstat().st_mtime)
    for path in others[: max(0, len(others) - _MOST_FILES + 1)]:
        path.unlink(missing_ok=True)
    draft = place.with_suffix(f".{os.getpid()}")
    with os.fdopen(create_file(draft), "wb") as file:
        file.write(text)
    draft.replace(place)
