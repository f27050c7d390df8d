"""Which integration a token opens, learned during the run where the first look could not tell.

As long as it may be one in which a user is in few groups, each addition may move its user, so that it goes alone. A user
that shows more groups makes the other likely. It is proved by the groups themselves, read by their ids: the same rule
holds as for the first look.
"""

from collections.abc import Awaitable, Callable

import anyio

from bulkscim.model.live import Answer, Found, Question
from bulkscim.model.operation import USER, JsonObject, Key
from bulkscim.planning.before_removal import groups_shown
from bulkscim.providers.profile import Profile, integration_of, with_integration

TRIED = 3  # users whose groups are read
GroupById = Callable[[str], Awaitable[Answer]]


class Integrations:
    """One for all workers; learned again by each process. `note` reports what was learned."""

    def __init__(self, profile: Profile, note: Callable[[str], None]) -> None:
        self._profile = profile
        self._note = note
        self._most = max((one.most_groups or 0 for one in profile.integrations), default=0)
        self._left = TRIED if self._most and profile.one_group and not profile.is_one_group_sure else 0
        self._turn = anyio.Lock()

    async def learn(self, need: Question, answer: object, read: GroupById) -> Profile | None:
        """Learn from what a row has read; return the profile of the integration, None where it is not known by that."""
        is_user = isinstance(need, Key) and need.type == USER and isinstance(answer, Found)
        if not (self._left and is_user and isinstance(answer, Found)):
            return None
        shown = tuple(dict.fromkeys(groups_shown(answer.resource)))[: self._most + 1]
        if len(shown) <= self._most:
            return None
        async with self._turn:
            return await self._told_by(shown, read) if self._left else None

    async def _told_by(self, groups: tuple[str, ...], read: GroupById) -> Profile | None:
        self._left -= 1
        shown: list[JsonObject] = []
        for group in groups:
            answer = await read(group)
            shown += [answer.resource] if isinstance(answer, Found) else []
        found = integration_of(self._profile, shown)
        if found is None:
            return None
        self._left = 0
        self._note(f"the token opens {found.name}: groups are {found.groups_are}, as a user's groups show")
        return with_integration(self._profile, found)
