"""Find out who refers to a resource, in the fewest requests: by one listing, or by a filter for each.

Which of the two is cheaper shows on the first page of the listing: how many pages there are, against how many
resources this run still takes away. A filter counts only once it has answered rightly for something that the
page shows. Where neither can be had for a request a resource, the answer is that it is unknown.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from math import ceil

import anyio

from bulkscim.engine.directory.coverage import COMPARED, Longest
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Lookup, Reads, is_refusal, unreadable
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Referrers, Unreadable
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, JsonObject, Key
from bulkscim.model.request import Reply, Response
from bulkscim.model.step import Action, Change, Step
from bulkscim.providers.profile import Profile
from bulkscim.scim import paths
from bulkscim.scim.forms import ids_in
from bulkscim.scim.protocol import is_usable
from bulkscim.transport.pages import Page, Unwhole

CLOSING = 1  # request by which a listing of one page makes sure of its end
KEPT_S = 60.0  # for each request that a listing took: so no more than one a minute goes into it
PROOF = 1
WORTH_SAYING = 10  # requests, that people would wonder about
FEW = 3  # requests that a listing may always take
ROUND = 10  # services cut lists at multiples of it, and none that are shorter
MOST_ASKED = 5  # filters that find none, and are compared with a listing that may cut lists
MOST_FAILED = 2  # times that a listing fails before it is not asked for again
# Of one request where others are answered; other 5xx may be an outage that passes.
LASTING = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, None})


class Way(Enum):
    """How to find out."""

    UNKNOWN = auto()
    LISTING = auto()
    FILTER = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class Tie:
    """An attribute by which resources of one type refer to others: `told` names in messages what is known by it.

    Some tenants show it in no listing; `unseen` says of such a one what was seen.
    """

    type: str
    attribute: str
    told: str
    unseen: str

    @property
    def filtered_by(self) -> str:
        """The path that a filter compares."""
        return f"{self.attribute}.value"

    def targets(self, resource: JsonObject) -> list[str]:
        """Return the ids to which a resource refers."""
        return list(ids_in(paths.get(resource, self.attribute)))

    def changed(self, change: Change) -> bool:
        """Return whether a change is one of this attribute."""
        path, name = change.path.lower(), self.attribute.lower()
        return path == name or path.startswith((f"{name}[", f"{name}."))


MEMBERS = Tie(GROUP, "members", "the groups of users that are removed", "no listed group shows a member")
MANAGER = Tie(
    USER, f"{ENTERPRISE}:manager", "the reports of users that are removed", "no listed user shows a manager"
)


def unheard(_: str) -> None:
    """Say nothing."""


class Backlinks:
    """Who refers to resources by one attribute, by what the tenant shows and this run changes.

    `due` tells for how many resources this will still be asked; `note` is told what people should know.
    """

    def __init__(
        self,
        tie: Tie,
        clock: Clock,
        profile: Profile,
        due: Callable[[], int],
        store: Store,
        note: Callable[[str], None] = unheard,
    ) -> None:
        self._tie = tie
        self._clock = clock
        self._profile = profile
        self._due = due
        self._note = note
        self._turn = anyio.Lock()
        self._way = Way.UNKNOWN
        self._links = store.table("target text, holder text", "holder", key="target, holder")  # by id
        self._taken_at = 0.0
        self._cost = 0
        self._lookup: Lookup | None = Lookup.LEAN if profile.filter else None
        self._meanwhile: list[Step] | None = None  # steps that took effect while a listing is taken
        self._longest = Longest()  # list of what a resource of a listing refers to
        self._compares: Page | None = None  # whose listing may cut lists: what proves a filter
        self._equal = self._asks = (
            0  # answers of filters that were equal, of those that show a group; and all
        )
        self._failed = 0
        self._wrong: Unreadable | None = None
        self._is_told = False  # that references cannot be recorded
        self._why = ""  # it is so

    @property
    def knows(self) -> bool:
        """Whether the tenant has shown these references."""
        return self._way in {Way.LISTING, Way.FILTER}

    @property
    def asks(self) -> bool:
        """Whether each resource costs a request."""
        return self._way is Way.FILTER

    async def of(self, target: str, reads: Reads, *, may_ask: bool = True) -> Referrers | Unreadable:
        """Return who refers to a resource; `may_ask`: one request for it alone is allowed."""
        async with self._turn:
            if not self._is_settled():
                if self._wrong is not None and self._failed >= MOST_FAILED:
                    return self._wrong
                self._wrong = await self._choose(reads, may_ask=may_ask)
                if self._wrong is not None:
                    self._failed += MOST_FAILED if self._wrong.status in LASTING else 1
                    return self._wrong
                self._failed = 0
        if self._way is Way.LISTING:
            listed = tuple(holder for (holder,) in self._links.rows("holder", "target = ?", target))
            return await self._compared(target, listed, reads) if may_ask else Referrers(listed)
        found = await self._asked(target, reads) if self._way is Way.FILTER else Referrers(None)
        if isinstance(found, Referrers) and found.ids is None:
            self._tell("some of " if self._way is Way.FILTER else "", self._why)
        return found

    async def _compared(self, target: str, listed: tuple[str, ...], reads: Reads) -> Referrers:
        """Return who refers to a resource as a listing shows it that may cut lists, and as a filter says of the first ones.

        Where a filter shows more, it is asked for all that follow.
        """
        async with self._turn:
            first = self._compares
            is_enough = self._equal == COMPARED or self._asks == MOST_ASKED
            if first is None or is_enough or self._way is not Way.LISTING:
                return Referrers(listed)
            if self._asks == 0 and await self._proved(first, reads) is not True:
                self._compares = None
                return Referrers(listed)
            self._asks += 1
            answer = await self._asked(target, reads)
            if isinstance(answer, Unreadable) or (answer.ids is not None and set(answer.ids) <= set(listed)):
                self._equal += bool(listed)
                return Referrers(listed)
            self._way = Way.FILTER
            return answer

    def give_up(self, why: str) -> None:
        """Ask no more who refers to what, where that cannot be read though the tenant answers otherwise."""
        if self._way is not Way.NONE:
            self._way, self._is_told = Way.NONE, False
            self._tell(why=f" ({why})")

    def _tell(self, part: str = "", why: str = "") -> None:
        """Report once what cannot be known."""
        if not self._is_told:
            self._is_told = True
            self._note(f"{part}{self._tie.told} cannot be recorded here{why}: an undo does not know them")

    def _is_settled(self) -> bool:
        if self._way is Way.LISTING:
            return self._clock.monotonic() - self._taken_at <= KEPT_S * self._cost
        return self._way is not Way.UNKNOWN

    async def _choose(self, reads: Reads, *, may_ask: bool) -> Unreadable | None:
        """Look at the first page of a listing, and go the cheaper way; return what keeps the row from going on."""
        begun, again = self._clock.monotonic(), self._way is Way.LISTING
        async with aclosing(reads.listing(self._tie.type)) as listing:
            first = await anext(listing, Page((), 0))
            if not isinstance(first, Page):
                return self._not_listed(first)
            due, cost, wrong = max(1, self._due()), self._cost_of(first), None
            affordable = cost is None or cost <= max(due, FEW)
            filters_first = may_ask and (cost is None or cost > PROOF + due)
            self._way = Way.NONE
            if filters_first:
                wrong = await self._try_filter(first, reads)
            if self._way is Way.NONE and wrong is None and (again or affordable):
                self._note_listing(cost or 0)
                wrong = await self._take(first, listing, begun, most=None if again else max(due, FEW))
            if self._way is Way.NONE and wrong is None and may_ask and not filters_first:
                wrong = await self._try_filter(first, reads)
            return wrong

    def _note_listing(self, cost: int) -> None:
        """Say why nothing moves for a while."""
        if cost > WORTH_SAYING:
            self._note(
                f"reading all {self._tie.type}s once, in about {cost} requests, to record {self._tie.told}"
            )

    async def _try_filter(self, first: Page, reads: Reads) -> Unreadable | None:
        """Go by the filter if it proves to work; return what keeps that from being known."""
        proved = await self._proved(first, reads)
        if proved is True:
            self._way = Way.FILTER
        if isinstance(proved, Unreadable):
            self._way = Way.UNKNOWN
            return proved
        return None

    def _cost_of(self, first: Page) -> int | None:
        """Return how many requests the rest of a listing takes, None where its size is not told."""
        if self._is_whole(first):
            return 0
        if first.total is None:
            return None
        step = max(1, len(first.resources) - 1)  # each page begins with the last resource of the one before
        return ceil(first.total / step) - 1

    def _is_whole(self, first: Page) -> bool:
        """Return whether the first page is all: fewer than were asked for, and no more claimed."""
        came = len(first.resources)
        claimed = self._profile.counts_all and first.total is not None and first.total <= came
        return came == 0 or (claimed and came < self._profile.page_size)

    async def _take(
        self, first: Page, rest: AsyncIterator[Page | Reply], begun: float, most: int | None
    ) -> Unreadable | None:
        """Take the listing in; nothing is known by one that did not come whole, or would take too long."""
        self._links.clear()
        self._longest, self._compares = Longest(), None
        self._meanwhile, self._way, self._cost = [], Way.NONE, 1
        addressed, shows = self._keep(first), self._shows(first)
        try:
            while not self._is_whole(first) and (page := await anext(rest, None)) is not None:
                if not isinstance(page, Page):
                    return self._not_listed(page)
                self._cost += 1
                if most is not None and self._cost > most:
                    return None
                addressed, shows = self._keep(page) and addressed, shows or self._shows(page)
        finally:
            meanwhile, self._meanwhile = self._meanwhile, None
        self._cost = max(self._cost, 1 if self._is_whole(first) else 1 + CLOSING)
        for step in meanwhile:
            self.applied(step)
        if not shows and first.resources:  # most likely a listing never does
            self._why = f" ({self._tie.unseen})"
        elif addressed:
            self._way, self._taken_at = Way.LISTING, begun
            self._compares = first if self._may_cut() else None
        return None

    def _may_cut(self) -> bool:
        """Return whether lists of members may be cut: several groups show as many, and none more, or it is a round number."""
        length = self._longest.length
        return self._tie is MEMBERS and length >= ROUND and (self._longest.equals > 1 or length % ROUND == 0)

    def _is_cut(self, targets: list[str]) -> bool:
        """Return whether a list is as long as the longest of a listing that may cut lists."""
        return self._compares is not None and len(targets) == self._longest.length

    def _shows(self, page: Page) -> bool:
        """Return whether a resource of the page refers to others."""
        return any(map(self._tie.targets, page.resources))

    def _not_listed(self, reply: Reply) -> Unreadable | None:
        """Do without a listing that is refused or cannot be whole; what may pass is to be asked for again.

        A success that is no listing may pass.
        """
        wrong = unreadable(reply)
        is_success = isinstance(reply, Response) and reply.status < HTTPStatus.MULTIPLE_CHOICES
        lasts = isinstance(reply, Unwhole) or (is_refusal(wrong) and not is_success)
        self._way = Way.NONE if lasts else Way.UNKNOWN
        return None if lasts else wrong

    def _keep(self, page: Page) -> bool:
        """Take in a page; return whether each of its resources that refers to others has an id to address it by."""
        for resource in page.resources:
            self._longest.take(len(self._tie.targets(resource)))
            self.made(resource)
        return not any(map(self._has_no_address, page.resources))

    def _has_no_address(self, resource: JsonObject) -> bool:
        return bool(self._tie.targets(resource)) and not is_usable(str(resource["id"]))

    async def _proved(self, first: Page, reads: Reads) -> bool | Unreadable:
        """Try the filter on something whose answer the page shows, in one form and then in the other."""
        sample = self._sample(first)
        while sample is not None and self._lookup is not None:
            target, holder, other = sample
            answer = await reads.referring(self._key(target), self._lookup)
            if isinstance(answer, Unreadable) and not is_refusal(answer):
                return answer
            if not isinstance(answer, Unreadable):
                ids = {resource["id"] for resource in answer.resources}
                left_out = {resource["id"] for resource in first.resources} - ids
                if holder in ids and other not in ids:
                    # A filter that is ignored seems to leave out the few that were deleted since the page came.
                    many = len(left_out) > 1 and 2 * len(left_out) >= len(first.resources)
                    if many or isinstance(await reads.by_id(self._tie.type, other), Found):
                        return True
            self._lookup = self._lookup.next
        return False

    def _sample(self, first: Page) -> tuple[str, str, str] | None:
        """Return an id, a resource that refers to it, and one that does not."""
        shown = {resource["id"]: set(self._tie.targets(resource)) for resource in first.resources}
        for holder, targets in shown.items():
            for target in sorted(targets):
                other = next((one for one, others in shown.items() if target not in others), None)
                if other is not None:
                    return target, holder, other
        return None

    def _key(self, target: str) -> Key:
        return Key(self._tie.type, self._tie.filtered_by, target)

    async def _asked(self, target: str, reads: Reads) -> Referrers | Unreadable:
        """Ask for one resource alone; an answer that was cut, or shows others, is not believed."""
        answer = await reads.referring(self._key(target), self._lookup or Lookup.PLAIN)
        if isinstance(answer, Unreadable):
            return Referrers(None) if is_refusal(answer) else answer
        shown = [self._tie.targets(resource) for resource in answer.resources]
        cut = answer.unusable or (answer.total or 0) > len(shown)
        cut = cut or any(map(self._has_no_address, answer.resources))
        if cut or any(targets and target not in targets and not self._is_cut(targets) for targets in shown):
            return Referrers(None)
        return Referrers(tuple(resource["id"] for resource in answer.resources))

    def made(self, resource: JsonObject) -> None:
        """Take in a resource that this run made."""
        self._refers(str(resource["id"]), self._tie.targets(resource))

    def _refers(self, holder: str, targets: Iterable[str]) -> None:
        self._links.add(((target, holder) for target in targets), otherwise="ignore")

    def left(self, holder: str, target: str) -> None:
        """Note that a resource no longer refers to another."""
        self._links.delete("target = ? and holder = ?", target, holder)

    def applied(self, step: Step) -> None:
        """Take in a step that took effect."""
        if self._meanwhile is not None:
            self._meanwhile.append(step)
        if step.type != self._tie.type or step.id is None:
            return
        if step.action is Action.DELETE:
            self._links.delete("holder = ?", step.id)
        for change in step.changes:
            if self._tie.changed(change):
                for target in ids_in(change.before):
                    self.left(step.id, target)
                self._refers(step.id, ids_in(change.after))
            elif self._tie is MEMBERS and step.member and change.path == "groups":
                for group in ids_in(change.before):
                    self.left(group, step.member)
