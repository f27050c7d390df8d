"""A tenant in memory that is only read: each part of an answer can be bent, and nothing can be written."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from bulkscim.model.request import Response

CONDITION = re.compile(r'([\w.:]+) (?:(pr)|(eq|sw|co) ("(?:[^"\\]|\\.)*"))', re.IGNORECASE)
KINDS = {"Users": "User", "Groups": "Group"}


def users(count):
    """Return users; some have a title, and the last is deactivated."""
    made = []
    for number in range(1, count + 1):
        name = f"{chr(96 + (7 * number) % 26 + 1)}.person{number}@example.com"
        one = {"id": f"u{number}", "userName": name, "active": number != count, "externalId": f"E{number}"}
        one |= {"emails": [{"value": name, "type": "work"}], "displayName": f"Person {number}"}
        made.append(one | ({"title": "Lead"} if number % 2 else {}))
    return made


class ReadTenant:
    """Answers GETs as RFC 7644 asks; a subclass bends what it does otherwise."""

    media_type = "application/scim+json"
    largest = 100

    def __init__(self, count=6):
        self.sent = []
        self.held = {"Users": users(count), "Groups": []}
        for number, members in enumerate((("u1", "u2"), ("u3",)), 1):
            listed = [{"value": one, "type": "User"} for one in members if int(one[1:]) <= count]
            group = {"id": f"g{number}", "displayName": f"Team {number}", "members": listed}
            self.held["Groups"].append(group)

    async def send(self, request):
        """Answer one request."""
        self.sent.append(request)
        assert request.method == "GET"
        parts = urlsplit(request.path)
        query = {name: found[0] for name, found in parse_qs(parts.query, keep_blank_values=True).items()}
        _, collection, *rest = parts.path.split("/")
        answer = self.answer(collection, unquote(rest[0]) if rest else None, query)
        return answer if isinstance(answer, Response) else self.said(answer)

    def said(self, body, status=200):
        """Return an answer."""
        headers = {"content-type": self.media_type}
        return Response(status, headers | self.headers(body), json.dumps(body).encode())

    def error(self, status, kind=""):
        """Return an error."""
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status)}
        return self.said(body | ({"scimType": kind} if kind else {}), status)

    def answer(self, collection, resource_id, query):
        """Choose by path."""
        if collection == "ServiceProviderConfig":
            return self.config()
        if collection in {"ResourceTypes", "Schemas"}:
            names = KINDS.values() if collection == "ResourceTypes" else ["urn:x"]
            return self.listed([{"id": one, "name": one} for one in names], {}, collection)
        if collection not in self.held:
            return self.error(404)
        if resource_id is None:
            return self.listing(collection, query)
        found = [one for one in self.held[collection] if one["id"] == resource_id]
        return self.shown(collection, found[0], "id") if found else self.error(404)

    # What a subclass bends

    def config(self):
        """Say what it can."""
        parts = ("patch", "filter", "bulk", "etag", "sort", "changePassword")
        return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]} | {
            one: {"supported": one in {"patch", "filter"}} for one in parts
        }

    def headers(self, body):
        """Return further headers of an answer."""
        return {}

    def shown(self, collection, resource, how):
        """Return a resource as it is shown by `id`, in a `list` or by a `filter`."""
        groups = [one for one in self.held["Groups"] if resource["id"] in _ids(one)]
        return resource | ({"groups": [{"value": one["id"]} for one in groups]} if groups else {})

    def same(self, attribute, left, right):
        """Compare as filters do."""
        return left == right if attribute in {"id", "externalid"} else left.casefold() == right.casefold()

    def found(self, collection, text):
        """Return what a filter finds; None for one that is not taken."""
        return [one for one in self.held[collection] if self.fits(one, text)]

    def fits(self, resource, text):
        """Evaluate a filter."""
        if " or " in text:
            return any(self.fits(resource, one) for one in text.split(" or "))
        return all(self.holds(resource, one) for one in text.split(" and "))

    def holds(self, resource, text):
        """Evaluate one condition."""
        attribute, pr, operator, value = CONDITION.fullmatch(text).groups()
        head, _, tail = attribute.partition(".")
        found = resource.get(head)
        values = [one.get(tail) for one in found or []] if tail else [found]
        if pr:
            return any(values)
        wanted = json.loads(value)
        for one in filter(None, values):
            hit = {
                "eq": self.same(attribute.lower(), one, wanted),
                "sw": one.casefold().startswith(wanted.casefold()),
                "co": wanted.casefold() in one.casefold(),
            }
            if hit[operator.lower()]:
                return True
        return False

    def listing(self, collection, query):
        """Answer a listing or a filter."""
        how, found = "list", list(self.held[collection])
        if "filter" in query:
            how, found = "filter", self.found(collection, query["filter"])
            if found is None:
                return self.error(400, "invalidFilter")
        return self.listed([self.shown(collection, one, how) for one in found], query, collection)

    def listed(self, found, query, collection):
        """Return a page."""
        if query.get("sortBy") and self.config()["sort"]["supported"]:
            found = sorted(found, key=lambda one: one[query["sortBy"]], reverse=True)
        start = max(1, int(query.get("startIndex", 1)))
        part = found[start - 1 :][: min(self.largest, int(query.get("count", self.largest)))]
        return self.page([self.cut(one, query) for one in part], len(found), start)

    def cut(self, resource, query):
        """Return the attributes that are asked for."""
        names = query.get("attributes")
        if names:
            return {key: one for key, one in resource.items() if key in {"id", *names.split(",")}}
        return {key: one for key, one in resource.items() if key not in query.get("excludedAttributes", "")}

    def page(self, part, total, start):
        """Return the body of a page."""
        schema = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
        return {"schemas": [schema], "totalResults": total, "startIndex": start, "Resources": part}


def _ids(group):
    return {one["value"] for one in group.get("members", ())}


class FilterIgnored(ReadTenant):
    """Shows all, whatever the filter says."""

    def found(self, collection, text):
        return list(self.held[collection])


class FilterRefused(ReadTenant):
    """States filters, and refuses each."""

    def found(self, collection, text):
        return None


class OnlyEq(ReadTenant):
    """Takes one condition with eq, tells capitals from small letters, and states that it has no filters."""

    def config(self):
        return super().config() | {"filter": {"supported": False}}

    def found(self, collection, text):
        plain = " eq " in text and " or " not in text and " and " not in text
        return super().found(collection, text) if plain else None

    def same(self, attribute, left, right):
        return left == right


class MembersById(ReadTenant):
    """Shows members of a group by its id alone, and no groups of users."""

    def shown(self, collection, resource, how):
        hidden = how != "id" and collection == "Groups"
        return {key: one for key, one in resource.items() if not (hidden and key == "members")}


class MembersCut(ReadTenant):
    """Shows one member of a group at most, and finds the group by each; users show no groups."""

    def shown(self, collection, resource, how):
        cut = {"members": resource["members"][:1]} if collection == "Groups" else {}
        return {key: one for key, one in (resource | cut).items() if key != "groups"}


class MembersNever(ReadTenant):
    """Shows no members at all; users show their groups."""

    def shown(self, collection, resource, how):
        shown = super().shown(collection, resource, how)
        return {key: one for key, one in shown.items() if key != "members"}


class ShortLists(ReadTenant):
    """Lists users without e-mail addresses and titles."""

    def shown(self, collection, resource, how):
        shown = super().shown(collection, resource, how)
        return {key: one for key, one in shown.items() if how == "id" or key not in {"emails", "title"}}


class PagingIgnored(ReadTenant):
    """Shows all for any page."""

    def listed(self, found, query, collection):
        return super().listed(found, {}, collection)


class CountsPage(ReadTenant):
    """Says how long the page is, in place of how many there are."""

    def page(self, part, total, start):
        return super().page(part, len(part), start)


class HidesInactive(ReadTenant):
    """Shows deactivated users by their ids alone; one is a member of a group."""

    def __init__(self, count=6):
        super().__init__(count)
        self.held["Groups"][1]["members"] = [{"value": f"u{count}"}]

    def listing(self, collection, query):
        everything = self.held[collection]
        self.held = self.held | {collection: [one for one in everything if one.get("active") is not False]}
        try:
            return super().listing(collection, query)
        finally:
            self.held = self.held | {collection: everything}


class Capped(ReadTenant):
    """Shows five users on a page, and sorts."""

    largest = 5

    def config(self):
        return super().config() | {"sort": {"supported": True}}

    def headers(self, body):
        return {"x-ratelimit-remaining": "9"}


class Failing(ReadTenant):
    """Answers each filter and each read by id with 500."""

    def answer(self, collection, resource_id, query):
        if resource_id or "filter" in query:
            return self.error(500)
        return super().answer(collection, resource_id, query)


class Cursors(ReadTenant):
    """Pages by cursors alone."""

    def listed(self, found, query, collection):
        count = min(self.largest, int(query.get("count", self.largest)))
        start = int(query.get("cursor") or 1)
        body = self.page(found[start - 1 :][:count], len(found), 1)
        return body | ({"nextCursor": str(start + count)} if start + count <= len(found) else {})


class NoGroups(ReadTenant):
    """Has no groups, and says so."""

    def answer(self, collection, resource_id, query):
        if collection == "Groups":
            return self.error(404)
        if collection == "ResourceTypes":
            return self.listed([{"id": "User", "name": "User"}], {}, collection)
        return super().answer(collection, resource_id, query)


class NotFoundWhenEmpty(ReadTenant):
    """Answers 404 to a listing of nothing."""

    def __init__(self, count=6):
        super().__init__(count)
        self.held["Groups"] = []

    def listing(self, collection, query):
        if not self.held[collection]:
            return self.error(404)
        return super().listing(collection, query)


class Twins(ReadTenant):
    """Holds two users of one name."""

    def __init__(self, count=6):
        super().__init__(count)
        self.held["Users"].append(self.held["Users"][0] | {"id": "twin"})


class NewUsers(ReadTenant):
    """Lists users that cannot be read by their ids yet."""

    def answer(self, collection, resource_id, query):
        if collection == "Users" and resource_id:
            return self.error(404)
        return super().answer(collection, resource_id, query)


class NoId(ReadTenant):
    """Shows its first user without an id."""

    def shown(self, collection, resource, how):
        shown = super().shown(collection, resource, how)
        return {key: one for key, one in shown.items() if (key, one) != ("id", "u1")}


class HiddenExternalIds(ReadTenant):
    """Filters by externalId, and shows it by the id of a user alone."""

    def shown(self, collection, resource, how):
        shown = super().shown(collection, resource, how)
        return {key: one for key, one in shown.items() if how == "id" or key != "externalId"}


class OnlyFirstPage(ReadTenant):
    """Refuses every page but the first."""

    def listing(self, collection, query):
        if int(query.get("startIndex", 1)) > 1:
            return self.error(501)
        return super().listing(collection, query)


class MadeUpListing(ReadTenant):
    """Lists one user and one group that there are not, whatever there is; filters find what there is."""

    def listing(self, collection, query):
        if "filter" in query:
            return super().listing(collection, query)
        made_up = {"id": "1", "userName": "synthesis_user", "displayName": "synthetic", "active": False}
        return self.listed([made_up], query, collection)
