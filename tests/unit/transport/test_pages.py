"""Listings, page by page."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.transport.pages import Page, Unproved, Unwhole, pages


class Tenant:
    """Serves pages of ids by a rule of (start, count) -> ids; claims a total if it has one."""

    def __init__(self, rule, total=None):
        self.rule = rule
        self.total = total
        self.starts = []

    async def send(self, request):
        """Return one page."""
        asked = {name: int(values[0]) for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.starts.append(asked.setdefault("startIndex", 1))
        found = self.rule(asked["startIndex"], asked["count"])
        if not isinstance(found, list):
            return found
        body = {"Resources": [{"id": str(one)} for one in found]}
        if self.total is not None:
            body["totalResults"] = self.total if isinstance(self.total, int) else self.total(len(found))
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
        (lambda start, count: IDS[start - 1 : start - 1 + count] or IDS[:1], None),
    ],
    ids=[
        "plain",
        "count lowered",
        "no total",
        "total of a page",
        "overlap",
        "last page for ever",
        "begins again after the end",
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


@pytest.mark.parametrize(
    ("held", "total", "starts"),
    [
        (
            25,
            25,
            [1, 10, 19],
        ),  # the last page is shorter than the first, and all came that were claimed from the first on
        (25, lambda shown: 25 if shown < 10 else 10, [1, 10, 19, 25]),  # all that the last page alone claims
        (25, 30, [1, 10, 19, 25, 26]),
        (25, 24, [1, 10, 19, 25, 26]),
        (25, None, [1, 10, 19, 25, 26]),
        (28, 28, [1, 10, 19, 28]),  # a full page may be followed by more
        (7, 7, [1, 7]),  # a first page does not show that there are others
    ],
)
async def test_a_short_page_ends_the_listing_where_all_came_that_are_claimed(held, total, starts):
    """Else one request more shows the end, or two."""
    ids = list(range(1, held + 1))
    tenant = Tenant(lambda start, count: ids[start - 1 : start - 1 + count], total)

    assert (await listed(tenant))[0] == ids
    assert tenant.starts == starts


async def test_a_short_page_that_does_not_begin_with_the_resource_before_ends_nothing():
    """What was deleted meanwhile has moved what comes after it."""
    shown = []

    def rule(start, count):
        shown.append(start)
        held = [one for one in IDS if one != 2 or len(shown) < 3]  # gone before the third page
        return held[start - 1 : start - 1 + count]

    tenant = Tenant(rule, 25)
    ids, _ = await listed(tenant)
    assert set(ids) == set(IDS)
    assert tenant.starts[:4] == [1, 10, 19, 9]


async def test_a_listing_that_ends_before_its_own_total_is_not_whole():
    """Capped or hidden: absence from it proves nothing."""
    ids, end = await listed(Tenant(lambda start, count: IDS[:10] if start == 1 else [], 25))
    assert ids == IDS[:10]
    assert isinstance(end, NoAnswer)
    assert "10 of 25" in end.detail


class Shrinking:
    """An ordered tenant from which others delete after each page that was read; `moved` go to the end instead.

    `returned` are put before all others.
    """

    def __init__(self, left, deletions, moved=(), returned=()):
        self.left = list(left)
        self.deletions = list(deletions)
        self.moved = list(moved)
        self.returned = list(returned)

    async def send(self, request):
        """Return one page, then delete."""
        asked = {name: int(values[0]) for name, values in parse_qs(urlsplit(request.path).query).items()}
        first = asked["startIndex"] - 1
        found = self.left[first : first + asked["count"]]
        body = {"totalResults": len(self.left), "Resources": [{"id": str(one)} for one in found]}
        for gone in self.deletions.pop(0) if self.deletions else ():
            self.left.remove(gone)
        for moved in self.moved.pop(0) if self.moved else ():
            self.left = [one for one in self.left if one != moved] + [moved]
        self.left = (self.returned.pop(0) if self.returned else []) + self.left
        return Response(200, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [(1, IDS), (2, [])],
)
async def test_first_page_that_shows_nothing_of_what_it_claims_is_asked_for_again(spoilt, found):
    """Rows failed by one such answer: the listing of Users ended at 0 of 25."""
    answers = iter([[]] * spoilt)
    tenant = Tenant(lambda start, count: next(answers, IDS[start - 1 : start - 1 + count]), 25)

    ids, end = await listed(tenant)

    assert (ids, tenant.starts[:2]) == (found, [1, 1])
    assert (end is None) is bool(found)


@pytest.mark.parametrize("count", [10, 50])
@pytest.mark.parametrize(
    "moved",
    [
        [[3], [26, 4]],
        [[24, 25]],
        [[], [1, 2], [26, 3]],
        [[25], [26], [25]],
        [[1, 2, 3], [4, 5], [26], [6, 7]],
    ],
)
async def test_what_moves_to_the_end_when_it_is_changed_hides_nothing(count, moved):
    """A tenant that lists by the last change: resources were left out, or it was called one that does not page."""
    tenant = Shrinking(IDS, [], moved)
    ids, end = await listed(tenant, count)
    assert set(IDS) <= set(ids) <= set(tenant.left)
    assert len(ids) == len(set(ids))
    assert end is None


@pytest.mark.parametrize(
    "deletions",
    [
        [[3]],
        [[1, 2, 3, 4, 5]],
        [[10]],
        [range(1, 11), [11]],
        [[25]],
        [[9, 10], [12], [1], [20]],
        [range(1, 26)],
        [[19], [], [11], [], [24], [], [12]],
    ],
    ids=[
        "one",
        "five",
        "the anchor",
        "the whole page",
        "the last",
        "again and again",
        "all",
        "each time it looks for the end",
    ],
)
async def test_what_is_deleted_meanwhile_hides_nothing_that_stays(deletions):
    """With an index a deletion moves the rest forward; the listing notices, and steps back."""
    tenant = Shrinking(IDS, [list(each) for each in deletions])
    ids, end = await listed(tenant)
    assert set(tenant.left) <= set(ids)
    assert len(ids) == len(set(ids))
    assert end is None


async def test_total_of_nothing_behind_a_capped_listing_is_no_claim():
    """Ten of 25 users were taken for all: the empty page behind them claimed a total of 0."""
    tenant = Tenant(
        lambda start, count: IDS[start - 1 : min(10, start - 1 + count)], lambda size: 25 if size else 0
    )
    ids, end = await listed(tenant, 5)
    assert len(ids) == 10
    assert isinstance(end, Unwhole)


async def test_what_returns_behind_the_listing_is_not_missed_for_what_was_deleted():
    """Users that are deactivated are hidden, and others shown again: the listing ended "at 24 of 25", and rows failed."""
    tenant = Shrinking(IDS, [[20]], returned=[[], [], [0]])
    ids, end = await listed(tenant)
    assert set(ids) == set(tenant.left) - {0}
    assert end is None


async def test_a_server_that_gives_one_resource_a_page_is_read_to_its_end():
    """There is no room for an anchor on its pages."""
    ids, end = await listed(Tenant(lambda start, count: IDS[start - 1 : start], 25))
    assert ids == IDS
    assert end is None


class ByCursor:
    """Pages by cursors; each of `expired` is answered once as one that is no longer known."""

    def __init__(self, expired=(), total=25):
        self.expired = set(expired)
        self.total = total
        self.asked = []

    async def send(self, request):
        """Return the page that the cursor names."""
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        cursor = query.get("cursor", ["none"])[0]
        self.asked.append(cursor)
        if cursor in self.expired:
            self.expired.discard(cursor)
            return Response(400, {}, json.dumps({"scimType": "expiredCursor", "status": "400"}).encode())
        first = int(cursor.removeprefix("c/=")) if cursor.startswith("c/=") else 0
        found = IDS[first : first + 10]
        body = {"totalResults": self.total, "Resources": [{"id": str(one)} for one in found]}
        if first + 10 < len(IDS):
            body["nextCursor"] = f"c/={first + 10}"
        return Response(200, {}, json.dumps(body).encode())


async def by_cursor(tenant, *, cursor):
    """Return the ids that a listing by cursors yields, and what ended it."""
    found = [page async for page in pages(tenant, "User", 10, cursor=cursor)]
    ids = [int(resource["id"]) for page in found if isinstance(page, Page) for resource in page.resources]
    return ids, next((page for page in found if not isinstance(page, Page)), None)


@pytest.mark.parametrize("asked", [True, False])
async def test_a_server_that_pages_by_cursors_is_followed(asked):
    """Whether it said so beforehand, or gave a cursor unasked."""
    tenant = ByCursor()
    assert await by_cursor(tenant, cursor=asked) == (IDS, None)
    assert tenant.asked == ["" if asked else "none", "c/=10", "c/=20"]


async def test_a_cursor_that_expires_restarts_the_listing():
    """What came before does not come twice."""
    assert await by_cursor(ByCursor(expired=["c/=20"]), cursor=True) == (IDS, None)


async def test_a_listing_by_cursors_that_ends_before_its_total_is_not_whole():
    """The same check as with an index."""
    ids, end = await by_cursor(ByCursor(total=30), cursor=True)
    assert ids == IDS
    assert "25 of 30" in end.detail


def length(shown):
    """Claim the length of the page as the number of all resources."""
    return shown


def first(most, otherwise):
    """Show the first page for `startIndex` 1 and something else for any other."""
    return lambda start, count: IDS[: min(most, count)] if start == 1 else otherwise


REFUSED = [Response(status) for status in (400, 404, 403, 500, 501)]


@pytest.mark.parametrize(
    ("rule", "total"),
    [
        (lambda start, count: IDS[:10], length),  # startIndex and count are ignored
        (lambda start, count: IDS[:count], length),  # startIndex is ignored
        (lambda start, count: IDS[:count], 25),
        (lambda start, count: IDS[:count], None),
        (lambda start, count: IDS[min(start, 12) - 1 :][:count], length),  # no start beyond the twelfth
        (lambda start, count: IDS[min(start, 12) - 1 :][:count], None),
        (lambda start, count: IDS[(start - 1) * count :][:count], length),  # startIndex counts pages
        (first(10, []), length),
        (first(4, []), 25),
        *((first(10, refused), length) for refused in REFUSED),
        *((first(4, refused), 25) for refused in REFUSED),
    ],
)
async def test_a_listing_whose_further_pages_cannot_be_read_is_not_whole(rule, total):
    """The first 100 of 250 users were taken for all of them where every page showed these 100 and claimed 100."""
    ids, end = await listed(Tenant(rule, total))
    assert ids == sorted(set(ids)) != IDS
    assert end is not None
    assert not isinstance(end, Unproved)


@pytest.mark.parametrize(
    "rule",
    [
        lambda start, count: IDS[: min(count, 8)],
        lambda start, count: [] if start > 1 else IDS[: min(count, 8)],
        *(first(8, refused) for refused in REFUSED),
    ],
)
@pytest.mark.parametrize("total", [8, length, None])
async def test_one_short_page_is_whole_where_the_total_is_more_than_its_length(rule, total):
    """A second page that was refused made a listing unusable whose first page had all; a total may be the page's length."""
    ids, end = await listed(Tenant(rule, total))
    assert ids == IDS[:8]
    assert end is None if total == 8 else isinstance(end, Unproved)


@pytest.mark.parametrize("refused", [*REFUSED, Response(200, {}, b"<html>")])
async def test_what_is_refused_behind_the_end_of_a_tenant_that_pages_is_the_end(refused):
    """In an outage the proof was asked for, it did not come either, and nothing proved that all were there: a row failed."""
    is_out = []

    def rule(start, count):
        is_out.extend([start] if start > 25 else [])
        return refused if is_out else IDS[start - 1 :][:count]

    assert await listed(Tenant(rule, 25), count=50) == (IDS, None)


@pytest.mark.parametrize("failure", [Response(502), Response(200, body=b'{"Resources": ""}')])
@pytest.mark.parametrize("lasts", [1, 2])
async def test_a_page_that_did_not_come_is_asked_for_again_once_where_the_tenant_answers(lasts, failure):
    """The tenant heeds startIndex and no count: after an outage, or one spoilt answer, it counted as one that does not page."""
    failures = [failure] * lasts

    def rule(start, count):
        return failures.pop() if start > 1 and failures else IDS[start - 1 :]

    ids, end = await listed(Tenant(rule, 25), count=50)

    assert ids == IDS
    assert (end is None) is (lasts == 1)


async def test_failure_of_the_proof_is_a_failure_of_the_tenant():
    """One page, and neither a second one nor a shorter one comes: the tenant is down, and may be asked again."""
    answers = [IDS[:8], Response(404), Response(503)]

    ids, end = await listed(Tenant(lambda start, count: answers.pop(0), length))

    assert ids == IDS[:8]
    assert end == Response(503)


async def test_one_page_without_count_or_start_is_not_proved():
    """All came, as it seems, and the server may have cut its answer all the same."""
    ids, end = await listed(Tenant(lambda start, count: IDS, 25))
    assert ids == IDS
    assert isinstance(end, Unwhole)


@pytest.mark.parametrize("place", [0, 4, 9, 24])
@pytest.mark.parametrize("most", [1, 5, 10])
@pytest.mark.parametrize("cursor", [False, True])
async def test_an_entry_without_an_id_is_named_at_the_end_of_the_rest(place, most, cursor):
    """One such entry ended the listing at its page."""
    tenant = Corrupt(place, most)
    found = [page async for page in pages(tenant, "User", 10, cursor=cursor)]
    ids = [one["id"] for page in found if isinstance(page, Page) for one in page.resources]
    assert ids == [str(one) for one in IDS if one != place + 1]
    assert isinstance(found[-1], Unwhole)
    assert "'ghost' has no id" in found[-1].detail


@pytest.mark.parametrize("place", [0, 12, 24])
@pytest.mark.parametrize("cursor", [False, True])
async def test_a_page_that_was_spoilt_once_is_asked_for_again(place, cursor):
    """A listing counted as not whole since one answer had an entry that could not be used."""
    tenant = Corrupt(place, 10, times=1)
    found = [page async for page in pages(tenant, "User", 10, cursor=cursor)]

    assert [one["id"] for page in found for one in page.resources] == [str(one) for one in IDS]


async def test_a_page_with_an_id_that_no_url_can_hold_is_asked_for_again():
    """One answer may be spoilt: the next one has the id."""
    answers = [["..", 2, 3]]

    ids, end = await listed(
        Tenant(lambda start, count: answers.pop() if answers else IDS[start - 1 :][:count], 25)
    )

    assert (ids, end) == (IDS, None)


async def test_pages_with_entries_that_cannot_be_used_are_asked_for_again_a_few_times():
    """Not each of them: in a large tenant that would be twice the requests."""
    asked = []
    for place, times in ((0, 0), (slice(0, None, 5), 99)):
        tenant = Corrupt(place, 5, times=times)
        assert [page async for page in pages(tenant, "User", 10, cursor=True)]
        asked.append(tenant.requests)

    assert asked[1] == asked[0] + 3


class Corrupt:
    """Shows an entry without its id, for so many `times`; pages by index and by cursor."""

    def __init__(self, place, most, times=99):
        self.entries = [{"id": str(one)} for one in IDS]
        self.place = slice(place, place + 1) if isinstance(place, int) else place
        self.most, self.left, self.requests = most, times, 0

    async def send(self, request):
        """Return one page."""
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        begin = (
            int(query.get("cursor", ["0"])[0] or 0) if "cursor" in query else int(query["startIndex"][0]) - 1
        )
        end = begin + min(self.most, int(query["count"][0]))
        self.requests += 1
        spoilt, shown = range(len(IDS))[self.place], self.entries[begin:end]
        if self.left and any(begin <= one < end for one in spoilt):
            self.left -= 1
            shown = [{"userName": "ghost"} if begin + n in spoilt else one for n, one in enumerate(shown)]
        body = {"totalResults": len(self.entries), "Resources": shown}
        if "cursor" in query and end < len(self.entries):
            body["nextCursor"] = str(end)
        return Response(200, {}, json.dumps(body).encode())


class SameCursor(ByCursor):
    """Gives a cursor with every page, and shows the first page for each."""

    async def send(self, request):
        """Return the first page."""
        self.asked.append(request.path)
        body = {"Resources": [{"id": str(one)} for one in IDS[:10]], "nextCursor": f"c{len(self.asked)}"}
        return Response(200, {}, json.dumps(body).encode())


async def test_cursors_that_are_ignored_end_the_listing_as_not_whole():
    """It went on for 100,000 requests."""
    tenant = SameCursor()
    ids, end = await by_cursor(tenant, cursor=True)
    assert ids == IDS[:10]
    assert "ignores cursors" in end.detail
    assert len(tenant.asked) < 10


async def test_a_server_that_gives_no_cursor_on_a_full_page_is_paged_by_an_index():
    """Its configuration promised cursors, and 10 of 25 resources were taken for all of them."""
    found = [page async for page in pages(Tenant(by_index, length), "User", 10, cursor=True)]
    ids = [int(one["id"]) for page in found if isinstance(page, Page) for one in page.resources]
    assert ids == IDS
    assert all(isinstance(page, Page) for page in found)


def by_index(start, count):
    """Return a page of all."""
    return IDS[start - 1 :][:count]
