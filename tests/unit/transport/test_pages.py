"""Listings, page by page."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.transport.pages import Page, pages


class Tenant:
    """Serves pages of ids by a rule of (start, count) -> ids; claims a total if it has one."""

    def __init__(self, rule, total=None):
        self.rule = rule
        self.total = total
        self.starts = []

    async def send(self, request):
        """Return one page."""
        asked = {name: int(values[0]) for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.starts.append(asked["startIndex"])
        found = self.rule(asked["startIndex"], asked["count"])
        if not isinstance(found, list):
            return found
        body = {"Resources": [{"id": str(one)} for one in found]}
        if self.total is not None:
            body["totalResults"] = self.total
        return Response(200, {}, json.dumps(body).encode())


IDS = list(range(1, 26))


async def listed(tenant, count=10):
    """Return the ids that a listing yields and what ended it, None for its natural end."""
    ids, end = [], None
    async for page in pages(tenant, "User", count):
        if isinstance(page, Page):
            ids += [int(resource["id"]) for resource in page.resources]
        else:
            end = page
    return ids, end


@pytest.mark.parametrize(
    ("rule", "total"),
    [
        (lambda start, count: IDS[start - 1 : start - 1 + count], 25),
        (lambda start, count: IDS[start - 1 : start - 1 + min(count, 4)], 25),
        (lambda start, count: IDS[start - 1 : start - 1 + count], None),
        (lambda start, count: IDS[start - 1 : start - 1 + count], 10),
        (lambda start, count: IDS[max(0, start - 2) : start - 1 + count], 25),
        (lambda start, count: IDS[start - 1 : start - 1 + count] or IDS[-count:], 25),
        (lambda start, count: IDS, 25),
    ],
    ids=[
        "plain",
        "count lowered",
        "no total",
        "total of a page",
        "overlap",
        "last page for ever",
        "no paging",
    ],
)
async def test_every_resource_comes_once_however_the_server_pages(rule, total):
    """What came decides, not what was claimed."""
    ids, end = await listed(Tenant(rule, total))
    assert sorted(ids) == IDS
    assert len(ids) == len(set(ids))
    assert end is None


@pytest.mark.parametrize("total", [None, 0])
async def test_an_empty_tenant_has_no_pages(total):
    """And that is a whole listing."""
    assert await listed(Tenant(lambda start, count: [], total)) == ([], None)


@pytest.mark.parametrize(
    "broken",
    [Response(500), Response(200, {}, b"<html>"), Response(200, {}, b"{}"), NoAnswer(Loss.CUT, "cut")],
)
async def test_a_page_that_does_not_come_ends_the_listing_as_not_whole(broken):
    """Who reads on sees what came instead."""
    ids, end = await listed(Tenant(lambda start, count: IDS[:10] if start == 1 else broken))
    assert ids == IDS[:10]
    assert end == broken


async def test_a_listing_that_ends_before_its_own_total_is_not_whole():
    """Capped or hidden: absence from it proves nothing."""
    ids, end = await listed(Tenant(lambda start, count: IDS[:10] if start == 1 else [], 25))
    assert ids == IDS[:10]
    assert isinstance(end, NoAnswer)
    assert "10 of 25" in end.detail
