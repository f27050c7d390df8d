"""Tenants whose listings show less than they hold, or that page as servers in the field do."""

from typing import Any

from aiohttp import web

from tests.support.servers.small_tenant import Json, SmallTenant, error, scim


class ShortListings(SmallTenant):
    """Shows in listings and filters only some attributes, and at most so many members; `refuses` is the answer by id."""

    hidden: tuple[str, ...] = ()
    most_members = 10**6
    refuses = 0

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        return super().page([self.shown(one) for one in found], query)

    def shown(self, resource: Json) -> Json:
        """Return what a listing shows of a resource."""
        kept = {name: value for name, value in resource.items() if name not in self.hidden}
        return kept | {"members": kept["members"][: self.most_members]} if "members" in kept else kept

    async def one(
        self, request: web.Request, collection: str, resource_id: str, body: Any
    ) -> web.StreamResponse:
        if self.refuses and request.method == "GET":
            return error(self.refuses, "not here")
        return await super().one(request, collection, resource_id, body)

    def group(self, name: str, members: int) -> None:
        """Add a group."""
        self.add(
            "Groups", {"displayName": name, "members": [{"value": f"u-{one}"} for one in range(members)]}
        )

    @property
    def by_id(self) -> int:
        """The number of reads by id."""
        return sum(seen.path.count("/") > 1 and "?" not in seen.path for seen in self.seen)


class SamePage(SmallTenant):
    """Shows the first `most` for any `startIndex`; claims as many as it shows where it `lies`."""

    most, lies, heeds_count = 100, True, False

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        shown = found[: self.most]
        if self.heeds_count:
            shown = shown[: int(query.get("count", 100))]
        return scim(200, {"totalResults": len(shown if self.lies else found), "Resources": shown})


class OnePage(SmallTenant):
    """Refuses any page but the first."""

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        if int(query.get("startIndex", 1)) > 1:
            return error(501, "no paging")
        return super().page(found, query)


class Corrupt(SmallTenant):
    """Shows one user without its id, or something else in its place."""

    ghost: Any = None
    filters_too = False

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        if self.filters_too or "filter" not in query:
            found = [self.ghost if one.get("userName") == "ghost" else one for one in found]
        return super().page(found, query)


class NotFoundWhenEmpty(SmallTenant):
    """Answers 404 to a listing or a filter without results."""

    def page(self, found: list[Json], query: Any) -> web.StreamResponse:
        return super().page(found, query) if found else error(404, "no resources")


class MadeUp(SmallTenant):
    """Shows one user in a listing without a filter, who is not there; filters tell capitals from small letters."""

    def listing(self, collection: str, query: Any) -> web.StreamResponse:
        if "filter" in query:
            return super().listing(collection, query)
        return self.page([{"id": "made-up", "userName": "made-up", "displayName": "made-up"}], query)
