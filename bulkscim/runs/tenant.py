"""Reach a tenant, and see what it is before anything is changed in it.

A base URL at which another service answers is refused, with the URLs that may be meant.
"""

import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import urlsplit

from bulkscim.engine.clock import RealClock
from bulkscim.errors import CredentialError, Stopped, UsageError
from bulkscim.journal.settings import Settings
from bulkscim.model.clock import Clock, Dated
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.request import NoAnswer, Reply, Request, Response
from bulkscim.model.run import Fingerprint
from bulkscim.model.secret import Secret
from bulkscim.pacing.hints import stated_time
from bulkscim.pacing.retry import ReadVerdict, judge_read, throttles
from bulkscim.providers.profile import (
    Integration,
    Profile,
    integration_of,
    narrow,
    with_integration,
)
from bulkscim.providers.recognition import Sureness, recognised
from bulkscim.runs.settings import credentials_of
from bulkscim.scim import discovery, protocol
from bulkscim.scim.discovery import AnsweredBy, described, origin_of
from bulkscim.tenants.profiles import built_in, profile_named
from bulkscim.tenants.tenant import Tenant
from bulkscim.transport.aiohttp_transport import AiohttpTransport, HttpSettings
from bulkscim.transport.authenticated import Authenticated
from bulkscim.transport.base import Transport

REJECTED = frozenset({401, 403})
GOOD = 200
TRIES = 3
FIRST = (discovery.CONFIG_PATH, protocol.page_path(USER, 1, 1))
MORE = ("/ResourceTypes", "/Schemas", protocol.page_path(GROUP, 1, 1))
USUAL = ("/scim/v2", "/scim", "/v2")


@dataclass(frozen=True, slots=True)
class FirstLook:
    """A tenant as it showed itself: its profile narrowed, and its users counted (None: it does not tell).

    `integration` says which of several services the token opens, empty where there is but one. `dated`: the
    time that it stated, None where no answer has a Date header. `ids`: those of the users that it showed.
    """

    profile: Profile
    users: int | None
    notes: tuple[str, ...]
    integration: str = ""
    dated: Dated | None = None
    ids: tuple[str, ...] = ()


@asynccontextmanager
async def connected(tenant: Tenant, settings: Settings, clock: Clock) -> AsyncIterator[Transport]:
    """Open a way to the tenant; every request on it carries the token.

    UsageError names where the SCIM service is instead, if a look inside the block has found none.
    """
    profile = tenant.provider

    def way(url: str) -> AiohttpTransport:
        connection = settings.connection
        http = HttpSettings(
            settings.timeout_s, connection.proxy, connection.ca_bundle, settings.concurrency(profile).most
        )
        return AiohttpTransport(url, clock, http, profile)

    hidden = credentials_of(settings.connection.proxy)

    async def read(url: str, path: str) -> Reply:
        async with way(url) as transport:
            return await Authenticated(transport, tenant.token, hidden).send(Request("GET", path))

    try:
        async with way(tenant.base_url) as transport:
            yield Authenticated(transport, tenant.token, hidden)
    except NoScim as error:
        raise UsageError(f"{tenant.base_url}: {error}. {await advised(tenant.base_url, read)}") from None


async def look(transport: Transport, profile: Profile, clock: Clock) -> FirstLook:
    """Read what the tenant says of itself, and how many users it shows.

    CredentialError when it rejects the token, Stopped when it cannot be reached, NoScim when it is none.
    """
    if profile.refused:
        raise UsageError(f"no run can be made at {profile.title}: {profile.refused}; nothing was sent")
    said, listed = [await _answer(transport, path) for path in FIRST]
    dated = _dated(clock, listed, said)
    if isinstance(listed, NoAnswer):
        raise Stopped(f"the tenant cannot be reached: {listed.detail}; nothing was sent")
    await refuse_others(transport, dict(zip(FIRST, (said, listed), strict=True)))
    if throttles(listed):
        raise Stopped(
            f"the tenant accepts no requests at the moment ({listed.status}); nothing was sent. Try again later"
        )
    if listed.status in REJECTED or (isinstance(said, Response) and said.status == 401):  # noqa: PLR2004
        error = protocol.error_of(listed)
        raise CredentialError(
            f"the tenant rejects the token ({listed.status}: {error.detail}); nothing was sent. Pass a valid one "
            "by BULKSCIM_TOKEN, --token-file or --token-command"
        )
    found = discovery.capabilities_of(said)
    users, wrong = _count(listed, is_scim=origin_of(said) is AnsweredBy.SCIM)
    if not profile.lists_all:
        users, wrong = None, wrong or "the tenant's users cannot be counted: its listings may be made up"
    notes = (*found.notes, *([wrong] if wrong else []))
    profile = replace(narrow(profile, found), counts_all=profile.counts_all and _counts_all(listed))
    if not profile.integrations:
        return FirstLook(profile, users, notes, dated=dated, ids=_ids(listed))
    integration = await _integration(transport, profile)
    return FirstLook(
        with_integration(profile, integration),
        users,
        notes,
        _named(profile, integration),
        dated,
        _ids(listed),
    )


async def _integration(transport: Transport, profile: Profile) -> Integration | None:
    """Read some groups to see which integration the token opens; None where they do not tell."""
    reply = await _answer(transport, protocol.page_path(GROUP, 1, profile.page_size))
    answer = protocol.list_of(reply.body) if isinstance(reply, Response) and reply.status == GOOD else None
    return integration_of(profile, answer.resources if answer else ())


def _dated(clock: Clock, *replies: Reply) -> Dated | None:
    """Return the time of the first of some replies that has a Date header; they have just come."""
    for reply in replies:
        if isinstance(reply, Response) and (stated := stated_time(reply.headers)) is not None:
            passed = clock.now() - reply.received_at
            return Dated(stated, reply.received_at, clock.monotonic() - passed)
    return None


def _named(profile: Profile, integration: Integration | None) -> str:
    if integration is not None:
        return f"{integration.name}: groups are {integration.groups_are}"
    either = " or ".join(one.groups_are for one in profile.integrations)
    careful = "; moves between groups are recorded in case" if profile.one_group else ""
    return f"opens {either}: what is there does not tell which{careful}"


async def _answer(transport: Transport, path: str) -> Reply:
    """Ask once, and again only where no answer came."""
    reply: Reply = await transport.send(Request("GET", path))
    for _ in range(TRIES - 1):
        if isinstance(reply, Response):
            break
        reply = await transport.send(Request("GET", path))
    return reply


def _counts_all(reply: Response) -> bool:
    """Return whether a page of one user shows that totalResults counts more than the page."""
    answer = protocol.list_of(reply.body) if reply.status == GOOD else None
    return answer is None or answer.total is None or answer.size == 0 or answer.total > answer.size


def _ids(reply: Response) -> tuple[str, ...]:
    answer = protocol.list_of(reply.body) if reply.status == GOOD else None
    return tuple(str(one["id"]) for one in answer.resources if one.get("id")) if answer else ()


def _count(reply: Response, *, is_scim: bool) -> tuple[int | None, str]:
    """Count users; where the tenant is there, a listing that is not found has none."""
    if is_scim and judge_read(reply) is ReadVerdict.GONE:
        return 0, ""
    if reply.status == GOOD:
        answer = protocol.list_of(reply.body)
        if answer is not None and answer.total is not None:
            return answer.total, ""
    return None, f"the tenant's users cannot be counted (/Users answered {reply.status}, not a listing)"


def fingerprint(base_url: str, profile: str, token: Secret, salt: str | None = None) -> Fingerprint:
    """Return what identifies this tenant and token; the token cannot be computed from it.

    The URL is part of the keyed hash: a header that was edited to name another URL does not fit the token.
    """
    salt = salt or secrets.token_hex(16)
    text = f"{base_url}\n{token.reveal()}"
    keyed = hmac.new(bytes.fromhex(salt), text.encode(), sha256).hexdigest()
    return Fingerprint(base_url, profile, keyed, salt)


def host_of(base_url: str) -> str:
    """Return the host by which users know the tenant."""
    return urlsplit(base_url).netloc or base_url


class NoScim(UsageError):
    """A server answers at the base URL, and it is no SCIM service; the text says what was read."""


async def refuse_others(transport: Transport, replies: Mapping[str, Reply]) -> None:
    """Raise NoScim where these answers, and those to further reads, are all another server's.

    A service may lack any one endpoint, or refuse it: that is not enough to refuse the base URL.
    """
    for path in (*replies, *MORE):
        reply = replies[path] if path in replies else await transport.send(Request("GET", path))
        if origin_of(reply) is not AnsweredBy.OTHER:
            return
    told = ", ".join(f"{path.partition('?')[0]} {described(reply)}" for path, reply in replies.items())
    raise NoScim(f"this is not a SCIM base URL: {told}; nothing was sent")


async def advised(base_url: str, read: Callable[[str, str], Awaitable[Reply]]) -> str:
    """Return what to do about a base URL without SCIM; `read` sends a GET of a path below another base URL."""
    tried = list(candidates(base_url))
    for url in tried:
        for path in FIRST:
            if origin_of(await read(url, path)) is AnsweredBy.SCIM:
                return f"A SCIM service answers at {url}: use that as the base URL"
    return (
        f"No SCIM service answers at {', '.join(tried)} either. Ask the tenant's administrator for its SCIM base URL; "
        "if this one worked before, the service may be down"
    )


def candidates(base_url: str) -> Iterator[str]:
    """Yield the URLs that may be meant: without the last part of the path, and with the usual endings."""
    parts = urlsplit(base_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    places = (path.rpartition("/")[0], *(path + usual for usual in USUAL), *USUAL)
    yield from dict.fromkeys(origin + place for place in places if place != path)


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A tenant that answered, and what it showed."""

    tenant: Tenant
    seen: FirstLook

    def lines(self) -> Iterator[str]:
        """Say what it is, for users."""
        profile, users = self.seen.profile, self.seen.users
        yield f"tenant    {self.tenant.base_url}, profile {profile.name}"
        if self.seen.integration:
            yield f"opens     {self.seen.integration}"
        yield f"users     {'unknown' if users is None else f'{users:,} shown'}"
        able = {"PATCH": profile.patch, "filter": profile.filter, "ETag": profile.etag}
        yield f"can       {', '.join(name for name, can in able.items() if can) or 'none of PATCH, filter, ETag'}"
        paces = (f"{bucket.limit} requests in {bucket.window_s:g} s" for bucket in profile.buckets)
        yield f"pace      {', '.join(paces)}, {profile.most_concurrency} in flight at most, unless --rate says otherwise"
        yield from self.seen.notes
        found = recognised(map(profile_named, built_in()), self.tenant.base_url, self.seen.ids)
        if found and found.profile.name != profile.name:
            is_it = "is" if found.sure is Sureness.CERTAIN else "may be"
            yield (
                f"this {is_it} {found.profile.title} ({found.sure.value}: {found.why}); --profile {found.profile.name} "
                "uses its rules and limits"
            )


async def connect(tenant: Tenant, settings: Settings) -> Acquaintance:
    """Read the tenant with its token; CredentialError when it rejects it, Stopped when it is not reached."""
    clock = RealClock()
    async with connected(tenant, settings, clock) as transport:
        return Acquaintance(tenant, await look(transport, tenant.provider, clock))
