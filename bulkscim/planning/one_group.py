"""Keep users in the group that a file asks for first, where a user is in one group at a time (pure).

A later row that puts the user into another group would end the first membership, whose row is done by then.
"""

from bulkscim.model.row import Refusal
from bulkscim.planning.context import View

ONE_GROUP = "a user is in one group at a time"
WHOLE = ""  # the part of members that a row names as values: they are sent with the rest of the row, or not at all


def not_kept(view: View, part: str) -> Refusal | None:
    """Return why a membership is not made; None where it may be."""
    rival, profile = view.row.rivals.get(part), view.policy.profile
    if rival is None or not (profile.is_one_group_sure or (profile.one_group and part == WHOLE)):
        return None
    which = "this row" if rival.row == view.row.number else f"row {rival.row}"
    told = f"{which} puts it into group {rival.group.value}"
    if part == WHOLE:
        told = f"{which} puts one of the members into group {rival.group.value}"
    return Refusal(part, None, None, f"not sent: {ONE_GROUP}, and {told}")
