"""Commands of the library in this process, in virtual time, against a sandbox without a network.

An hour at the pace of a tenant passes in the time that its requests take to answer. The sandbox writes its own log of
requests.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit

import anyio.to_thread
import orjson
from minimum import Kinds

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from scim2_server.requests import ScimRequest  # noqa: E402 - the path comes first

from bulkscim.engine.clock import RealClock  # noqa: E402
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject  # noqa: E402
from bulkscim.model.request import Request, Response  # noqa: E402
from bulkscim.model.secret import Secret  # noqa: E402
from bulkscim.providers.quirks import Quirks  # noqa: E402
from bulkscim.runs import tenant as tenant_module  # noqa: E402
from bulkscim.runs.report import RunReport  # noqa: E402
from bulkscim.sandbox.requestlog import RequestLog, read_log  # noqa: E402
from bulkscim.sandbox.store import Database  # noqa: E402
from bulkscim.sandbox.tenant import PEOPLE, SandboxTenant  # noqa: E402
from bulkscim.scim.schemas import CORE  # noqa: E402
from bulkscim.tenants.profiles import provider_named  # noqa: E402
from bulkscim.tenants.tenant import Tenant  # noqa: E402
from tests.support.running import virtual_loop  # noqa: E402
from tests.support.running.virtual_loop import VirtualLoop, VirtualTime, live  # noqa: E402

TOKEN = "token-of-the-bench"
ANSWER_S = 0.05
CREATED = 201
BASE_URL = "https://bench.example/scim/v2"
TURNS = 100_000_000  # a job of an hour takes more than a simulation


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of server: its profile, how it behaves, and which of its tokens is used."""

    name: str
    profile: str
    quirks: Quirks
    token: str = "sandbox"
    groups: str = PEOPLE


KINDS = {
    kind.name: kind
    for kind in (
        Kind("generic", "generic", Quirks()),
        Kind("lucid", "lucid", provider_named("lucid").quirks, "sandbox-content", "teams"),
        Kind("no-filters", "generic", Quirks(filters=False)),
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to: the rows that ended as wanted and others, requests by kind, minutes that passed."""

    wanted: int
    others: int
    requests: Kinds
    minutes: float


class Bench:
    """A sandbox in a folder, and commands against it one after the other, each at a pace."""

    def __init__(
        self, folder: Path, kind: Kind, users: Iterable[JsonObject], groups: Iterable[JsonObject]
    ) -> None:
        self.folder, self.kind = folder, kind
        self.clock = VirtualTime(wall=time.time())
        path = folder / "tenant.sqlite"
        fill(path, kind, users, groups)
        tokens = {"sandbox": f"{TOKEN}-1", "sandbox-content": f"{TOKEN}-2"}
        self._site = SandboxTenant(path, kind.quirks, tokens, self._moment)
        self._log_path = folder / "requests.jsonl"
        self._log = RequestLog(self._log_path)
        self._token = tokens[kind.token]
        self.tenant = Tenant(BASE_URL, Secret(self._token), kind.profile, rehearsal=True)

    @property
    def if_match(self) -> bool:
        """Whether a change of what others changed is refused."""
        headers = {"Authorization": f"Bearer {self._token}"}
        said = self._site.answer(
            ScimRequest("GET", BASE_URL, "/ServiceProviderConfig", {}, headers, b"")
        ).body
        return bool(said and said["etag"]["supported"])

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def carry_out(self, command: Callable[[], Awaitable[RunReport]]) -> Outcome:
        """Carry one command out; return what it came to."""
        self._log.clear()
        began = self.clock.monotonic()
        reports: list[RunReport] = []

        async def main() -> None:
            reports.append(await command())

        with self._replaced():
            live(VirtualLoop(self.clock), main())
        totals = reports[0].totals
        others = totals.failed + totals.skipped + totals.in_doubt + totals.pending
        kinds = Counter(map(kind_of, read_log(self._log_path)))
        return Outcome(totals.rows - others, others, kinds, (self.clock.monotonic() - began) / 60)

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """Put the clock, the network and the threads of the library into this loop."""

        def now(_: RealClock) -> float:
            return self.clock.now()

        def monotonic(_: RealClock) -> float:
            return self.clock.monotonic()

        def opened(*_: object) -> AbstractAsyncContextManager[Bench]:
            return nullcontext(self)

        with (
            mock.patch.object(RealClock, "now", now),
            mock.patch.object(RealClock, "monotonic", monotonic),
            mock.patch.object(tenant_module, "AiohttpTransport", opened),
            mock.patch.object(virtual_loop, "MOST_TURNS", TURNS),
            mock.patch.object(anyio.to_thread, "run_sync", _at_once),
            mock.patch.dict(os.environ, {"BULKSCIM_STATE_DIR": str(self.folder / "state")}),
        ):
            yield

    async def send(self, request: Request, headers: Mapping[str, str]) -> Response:
        """Answer as the sandbox does, after a while."""
        await self.clock.sleep(ANSWER_S)
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if request.if_match is not None:
            headers = {**headers, "If-Match": request.if_match}
        asked = ScimRequest(
            request.method, BASE_URL, unquote(parts.path), query, headers, request.body or b""
        )
        answer = self._site.answer(asked)
        made = str((answer.body or {}).get("id", "")) if int(answer.status) == CREATED else ""
        self._log.add(self.clock.now(), asked, int(answer.status), made=made)
        found = {name.lower(): value for name, value in dict(answer.headers).items()}
        found["date"] = formatdate(self.clock.now(), usegmt=True)
        body = b"" if answer.body is None else orjson.dumps(answer.body)
        return Response(int(answer.status), found, body, self.clock.now())

    def close(self) -> None:
        """Close the sandbox."""
        self._site.close()
        self._log.close()


async def _at_once(call: Callable[..., Any], *arguments: object, **_: object) -> Any:
    """Do what a thread would do."""
    return call(*arguments)


def fill(path: Path, kind: Kind, users: Iterable[JsonObject], groups: Iterable[JsonObject]) -> None:
    """Write resources into the file of a sandbox that does not run."""
    database = Database(path)
    now = datetime.now(UTC).isoformat()
    try:
        with database.at_once():
            for resource_type, space, resources in ((USER, PEOPLE, users), (GROUP, kind.groups, groups)):
                for number, one in enumerate(resources):
                    meta = {
                        "resourceType": resource_type,
                        "created": now,
                        "lastModified": now,
                        "version": f'W/"{number}"',
                    }
                    schemas = [CORE[resource_type], *([ENTERPRISE] if ENTERPRISE in one else [])]
                    database.put(space, resource_type, one["id"], {"schemas": schemas, **one, "meta": meta})
    finally:
        database.close()


def kind_of(line: Mapping[str, Any]) -> str:
    """Return the kind of a request that a sandbox wrote down."""
    parts = urlsplit(line["path"])
    collection, _, resource_id = parts.path.strip("/").partition("/")
    query = dict(parse_qsl(parts.query))
    how = ""
    if line["method"] == "GET" and resource_id:
        how = "/id"
    elif "filter" in query:
        how = " by names" if " or " in query["filter"] else " by name"
    elif line["method"] == "GET" and collection in {"Users", "Groups"}:
        how = " count" if query.get("count") == "1" else " page"
    return f"{line['method']} {collection}{how}"


def by_kind(requests: Kinds) -> str:
    """Return how many requests there were of each kind, the most first."""
    return ", ".join(f"{number:,} {kind}" for kind, number in requests.most_common())
