"""Read what ties others to a resource that goes: its groups, and the users whose manager it is."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from bulkscim.engine.directory.backlinks import MANAGER, MEMBERS, Backlinks, unheard
from bulkscim.engine.directory.coverage import COMPARED, Longest
from bulkscim.engine.directory.store import Store
from bulkscim.engine.reads import Reads
from bulkscim.model.clock import Clock
from bulkscim.model.live import Found, Holders, Referrers, Reports, Unreadable
from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.model.step import Action, Step
from bulkscim.planning.before_removal import groups_shown, leaves_open, stripped
from bulkscim.providers.profile import Profile

ANSWERS = "answers"  # to writes
LOOKS = 3  # at what a deactivation did to groups


def _one() -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Due:
    """How many resources the run still takes away, and how many of these are users that it deletes.

    `note` is told what people should know of how that is recorded. `may_be_unknown`: whether the approval covers that a
    delete goes on where what refers to its resource cannot be read.
    """

    removals: Callable[[], int] = _one
    deletions: Callable[[], int] = _one
    note: Callable[[str], None] = unheard
    may_be_unknown: Callable[[], bool] = lambda: False


class Tied:
    """The groups and the reports of resources, for one request a resource at most."""

    def __init__(self, clock: Clock, profile: Profile, due: Due, store: Store) -> None:
        self._profile = profile
        self._due = due
        self._holders = Backlinks(MEMBERS, clock, profile, due.removals, store, due.note)
        self._reports = Backlinks(MANAGER, clock, profile, due.deletions, store, due.note)
        self._note = due.note
        self._shows_members = False
        self._filled: set[str] = set()
        self._whole = Longest()  # lists of groups that users show
        self._cuts_groups = False
        self._strips_groups = profile.strips_groups
        self._looking = anyio.Lock()
        self._looks = 0

    async def read(self, need: Holders | Reports, reads: Reads) -> Referrers | Unreadable:
        """Answer a need; a user that shows no groups is in none where others that were read in the same way show theirs."""
        if isinstance(need, Reports):
            return await self._reports.of(need.id, reads, may_ask=not self._holders.asks)
        if need.shown:
            return await self._with_shown(need, reads)
        if not self._profile.groups or (need.type == USER and self.shows_groups(need.by)):
            return Referrers(())
        if not self._profile.lists_members:
            return Referrers(None)
        return await self._holders.of(need.id, reads)

    async def _with_shown(self, need: Holders, reads: Reads) -> Referrers:
        """Return the groups that a user shows, and those that show it.

        The latter are asked for where the list of the user is as long as the longest that was compared, or longer, or one was cut.
        """
        is_whole = self._whole.covers(len(need.shown), times=COMPARED) and not self._cuts_groups
        if self._profile.shows_groups or not self._profile.lists_members or is_whole:
            return Referrers(need.shown)
        held = await self._holders.of(need.id, reads)
        if isinstance(held, Unreadable) or held.ids is None:
            return Referrers(need.shown)
        others = [group for group in held.ids if group not in need.shown]
        self._cuts_groups = self._cuts_groups or bool(others)
        if not others:
            self._whole.take(len(need.shown))
        return Referrers((*need.shown, *others))

    def give_up(self, need: Holders | Reports, why: str, *, deletes: bool) -> str:
        """Take what refers to resources for unknown from now on; return why a delete must not go on, empty where it may."""
        if deletes and not self._due.may_be_unknown():
            return (
                f"what refers to resources that are deleted cannot be read ({why}), so an undo could not restore it. "
                "Nothing was deleted since; resume the run to delete all the same"
            )
        (self._reports if isinstance(need, Reports) else self._holders).give_up(why)
        return ""

    def shows_groups(self, by: str) -> bool:
        """Return whether users that are read in this way are known to show their groups."""
        return self._profile.shows_groups or by in self._filled

    def saw(self, kind: str, resource: JsonObject, by: str) -> None:
        """Learn from a user that shows its groups that users do, and from a group that shows a member."""
        self._shows_members = self._shows_members or (kind == GROUP and bool(MEMBERS.targets(resource)))
        if kind == USER and self._profile.shows_groups is None and groups_shown(resource):
            self._filled.add(by)

    async def stripped(self, step: Step, after: JsonObject | None, reads: Reads) -> tuple[str, ...]:
        """Return the groups that a step took its user out of by deactivating it.

        Where answers do not show it, one group is read, once, to see what this tenant does.
        """
        if after is not None:
            self.saw(step.type, after, ANSWERS)
        shows = self.shows_groups(ANSWERS)
        if self._strips_groups is None and leaves_open(step, after, shows=shows):
            await self._look_after(step, reads)
        left = stripped(step, after, shows=shows, strips=self._strips_groups)
        for group in left:
            self._holders.left(group, step.id or "")
        return left

    async def _look_after(self, step: Step, reads: Reads) -> None:
        """Learn from one group of a user that was just deactivated whether the tenant takes such users out.

        A group without members says nothing where members may be hidden. A few groups are looked at, not more.
        """
        held = (step.ties.groups if step.ties else None) or ()
        async with self._looking:
            if self._strips_groups is not None or self._looks == LOOKS or not held:
                return
            self._looks += 1
            read = await reads.by_id(GROUP, held[0])
            members = MEMBERS.targets(read.resource) if isinstance(read, Found) else []
            if members or (isinstance(read, Found) and self._holders.knows):
                self._strips_groups = step.id not in members

    def made(self, kind: str, resource: JsonObject) -> None:
        """Take in a resource that this run made."""
        if kind == GROUP:
            self._holders.made(resource)
        elif kind == USER:
            self._reports.made(resource)

    def applied(self, step: Step) -> None:
        """Take in a step that took effect."""
        if step.type == GROUP and step.action is Action.DELETE and not MEMBERS.targets(step.before or {}):
            self._deleted_empty()
        self._holders.applied(step)
        self._reports.applied(step)

    def _deleted_empty(self) -> None:
        """Say once that a deleted group may have had members: no group has shown any."""
        if not self._shows_members and not self._holders.knows:
            self._shows_members = True
            self._note("no group has shown a member: who was in a deleted group cannot be recorded here")
