"""A record and its fate."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bulkscim.model.operation import Key, Operation
from bulkscim.model.plan import PlannedRow


class RowState(StrEnum):
    """Where a row stands; each row is in exactly one of these. `in_doubt` is derived, never written."""

    PENDING = "pending"
    DONE = "done"
    ADOPTED = "adopted"
    NOOP = "noop"
    FAILED = "failed"
    SKIPPED = "skipped"
    IN_DOUBT = "in_doubt"


SETTLED = frozenset({RowState.DONE, RowState.ADOPTED, RowState.NOOP, RowState.FAILED, RowState.SKIPPED})


@dataclass(frozen=True, slots=True)
class RowRules:
    """What rows do beyond what their records say.

    `on_exists` says what a create does whose resource exists: adopt (also where it is None), update, skip or fail. With
    `create_groups`, groups that do not exist are created. `read_back` is `all` or `sample`: what was written is read
    again and compared. `as_asked`: each change is sent though it is in effect, its name is taken, or it names an old
    version, so that the tenant's answer shows what it does with such a change.
    """

    on_exists: str | None = None
    create_groups: bool = False
    read_back: str | None = None
    as_asked: bool | None = field(default=None, metadata={"omitted": True})  # from a journal that needs none


# In the words of services that give no scimType.
_ABOUT_THE_VALUE = frozenset({400, 404, 409, 410, 422})  # not a 403: it may speak of who asks
_NO_MEMBER = re.compile(
    r"\b(?:not|isn't|no|n't) (?:a |an |the |in |such |currently a )*(?:member|in (?:the |this )?group)",
    re.IGNORECASE,
)
_SAYS_MEMBER = re.compile(
    r"\balready (?:is |are )?(?:a |the )?member\b|\balready (?:is |are )?in (?:the |this )?group\b",
    re.IGNORECASE,
)
_IS_MEMBER = re.compile(
    r"^(?!.*\b(?:another|other|different)\b)"  # the member may be in a group that keeps it out of this one
    r".*(?:\balready\b.*\b(?:member|exists?|present|in (?:the |this )?group)|\bexists? already|\bduplicate member)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Rival:
    """The row that comes first of those that put one user into several groups, and the group in which it puts the user."""

    row: int
    group: Key


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the job file.

    `number` counts records from 1. `producers` runs parallel to `operation.references`: the number of the row
    that makes the referenced resource, or None when the tenant must hold it. `target_producer` is the
    earlier row that makes this row's target. `plan`: what a plan file says of it, where one is carried out. `rivals`: by
    part, where a user may be in one group at a time, the membership that the file asks for first; None where the file ends
    that one, so that nothing is against it.
    """

    number: int
    operation: Operation
    producers: tuple[int | None, ...] = ()
    target_producer: int | None = None
    plan: PlannedRow | None = None
    rivals: Mapping[str, Rival | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """A part of a row that took effect, as the journal holds it."""

    part: str
    id: str | None
    status: int | None = None
    seen: bool = False  # found after a lost answer, and proved ours
    note: str = ""  # what the user should know of how it took effect
    left: tuple[str, ...] = ()  # what of the record was left out, and why
    earlier: bool = False  # by the journal alone: other rows may have changed it since
    unsure: bool = False  # a create: the resource may have existed before
    doubted: tuple[str, ...] = ()  # paths that the answer shows as they were before
    leaves: tuple[str, ...] = ()  # the groups that a new member was in before, and may have left by it
    partial: bool = False  # some of its changes are not there: the row goes on with them


@dataclass(frozen=True, slots=True)
class Existed:
    """A resource that a create met; `touched`: the answer was a success, so the server may have overwritten it."""

    id: str
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a part of a row did not take effect: the tenant's own words, and what the profile knows beyond them.

    `existed` is the resource that a create met, where it is known.
    """

    part: str
    status: int | None
    scim_type: str | None
    detail: str
    advice: str = ""
    existed: Existed | None = None

    @property
    def told(self) -> str:
        """All of it, for users."""
        return "; ".join(text for text in (self.detail, self.advice) if text)

    @property
    def says_absent(self) -> bool:
        """Whether it says that what was to be removed is not there (RFC 7644 §3.5.2.2: noTarget)."""
        says_so = self.scim_type == "noTarget" or bool(_NO_MEMBER.search(self.detail))
        return says_so and self.status in _ABOUT_THE_VALUE

    @property
    def says_present(self) -> bool:
        """Whether it says that what was to be added is there already."""
        return bool(_IS_MEMBER.search(self.detail)) and self.status in _ABOUT_THE_VALUE

    @property
    def says_member(self) -> bool:
        """Whether it says in so many words that who was to be added is a member already, and not that something exists."""
        return self.says_present and bool(_SAYS_MEMBER.search(self.detail))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a row's own work, by part.

    `applied` comes from the journal and lasts; `refused` is this process's and is tried again by the
    next. `taken`: the server said that the identity to be created exists. `unproved`: what earlier
    stays wrote is to be read back as well, for nothing of this run has changed it since, or the row failed by it.
    `lost`: parts of which this process has lost a step and then found it not applied; `lost_members`: parts that add a
    member, or remove one who was seen in the group, and of which this or an earlier process has lost a step: what the
    tenant shows then may be the work of that step.
    """

    applied: Mapping[str, Applied] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    taken: Refusal | None = None
    unproved: bool = False
    lost: frozenset[str] = frozenset()
    lost_members: frozenset[str] = frozenset()
