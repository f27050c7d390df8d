"""The guards that bound what a run does, one line each (pure).

A guard has one name everywhere: `max_update` in a job definition, a tenant's entry and the journal is the flag `--max-update`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a step does to a user or group, as guards count it."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    TAKE_SEAT = "take_seat"  # a user becomes active
    FREE_SEAT = "free_seat"  # an active user is no more
    END_ADMIN = "end_admin"  # a user with the role of an administrator is deactivated or deleted


class Free(StrEnum):
    """What a guard allows where no limit is set."""

    ALL = "all"
    NONE = "none"
    FEW = "few"  # the smaller of 100 and 20 % of the users, at least 5


@dataclass(frozen=True, slots=True)
class Guard:
    """A bound on what all steps of a run do; a percentage is one of the users that the tenant has at the start.

    `counts` says what is counted, `one` a single one of it; `help` is that of the flag.
    """

    name: str
    effects: frozenset[Effect]
    one: str
    counts: str
    free: Free
    help: str

    @property
    def flag(self) -> str:
        """The flag that sets it."""
        return flag_of(self.name)

    def told(self, count: int) -> str:
        """Say how many it counts, as the beginning of a sentence."""
        return f"1 {self.one} is" if count == 1 else f"{count:,} {self.counts} are"


def flag_of(name: str) -> str:
    """Return the flag of a guard."""
    return f"--{name.replace('_', '-')}"


MAX_DELETE = "max_delete"
ENDS = frozenset({Effect.DEACTIVATE, Effect.DELETE})
GUARDS = (
    Guard(
        MAX_DELETE,
        ENDS,
        "delete or deactivation",
        "deletes and deactivations",
        Free.FEW,
        "Most deletes and deactivations (default: the smaller of 100 and 20% of the tenant's users, but at least 5).",
    ),
    Guard(
        "max_deactivate",
        frozenset({Effect.DEACTIVATE}),
        "deactivation",
        "deactivations",
        Free.ALL,
        "Most deactivations, where fewer are wanted than --max-delete allows.",
    ),
    Guard(
        "max_create",
        frozenset({Effect.CREATE}),
        "create",
        "creates",
        Free.ALL,
        "The most creates that the job may hold.",
    ),
    Guard(
        "max_update",
        frozenset({Effect.UPDATE}),
        "changed user or group",
        "changed users and groups",
        Free.ALL,
        "Most users and groups whose attributes are changed.",
    ),
    Guard(
        "max_admins",
        frozenset({Effect.END_ADMIN}),
        "delete or deactivation of an administrator",
        "deletes and deactivations of administrators",
        Free.NONE,
        "Most deletes and deactivations of users with the role or entitlement of an administrator or owner (default: 0).",
    ),
)
BY_NAME: Mapping[str, Guard] = {one.name: one for one in GUARDS}
IN_FILES = (*BY_NAME, "max_removals", "max_emptied", "max_share")  # that a tenant's entry may set
IN_DEFINITIONS = (*IN_FILES, "max_errors", "max_adopt")
