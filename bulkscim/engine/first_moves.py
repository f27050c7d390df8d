"""The first rows that put a user into a second group, where it is not known whether a user leaves the first one by that.

They tell it, one request and one read each. The other such rows wait for them, and share requests where no user leaves a
group. Rows that create users do not wait: their memberships go when the users are there, which takes long anyway.
"""

from collections.abc import Container

from bulkscim.engine.work import Work
from bulkscim.model.live import Parent
from bulkscim.model.operation import GROUP
from bulkscim.planning.decision import Policy

TELLING = 2  # rows: two users in two groups each, of which none is the same, are enough


class FirstMoves:
    """Which rows go first in a pass."""

    def __init__(self) -> None:
        self._rows: list[int] = []

    def before(self, work: Work, policy: Policy, alive: Container[int]) -> int | None:
        """Return the row that one waits for; None where it need not. `alive` are the rows that are under way."""
        profile, rows = policy.profile, self._rows
        is_known = not profile.one_group or profile.is_one_group_sure
        is_asked = work.row.operation.type == GROUP and any(work.row.rivals.values())
        if is_known or policy.plans or policy.takes_back or not is_asked:
            return None
        if len(rows) < TELLING and work.number not in rows:
            rows.append(work.number)
        waits = work.number not in rows
        return next((one for one in rows if waits and one in alive and Parent(one) not in work.live), None)
