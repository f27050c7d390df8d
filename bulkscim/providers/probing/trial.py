"""What became of a throw-away user and group: how each change ended, and what reads showed after it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from bulkscim.model.operation import JsonObject
from bulkscim.providers.probing.record import Answer
from bulkscim.scim.protocol import is_usable

USER_MADE, GROUP_MADE, JOINED = "user", "group", "membership"
SECOND_USER, SECOND_GROUP, JOINED_AGAIN, MADE_WITH_MEMBERS = (
    "second user of the name",
    "second group of the name",
    "membership again",
    "group with a member",
)
RETITLED, RETITLED_AS_OLD, DEACTIVATED = "title", "title of an old version", "deactivation"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a change ended: whether it took effect, None where that is unknown, and what the answer said.

    `status` is None where no answer came, or none could be read. `id` is that of the resource which the answer names.
    """

    applied: bool | None = None
    status: int | None = None
    scim_type: str = ""
    id: str | None = None

    @property
    def told(self) -> str:
        """What came, in a few words without personal data."""
        if self.status is None:
            return "no answer"
        return f"answered {self.status}{f' {self.scim_type}' if self.scim_type else ''}"

    @property
    def is_conflict(self) -> bool:
        """Whether the answer says that the name is taken."""
        says_so = self.status == HTTPStatus.CONFLICT or self.scim_type == "uniqueness"
        return self.applied is False and self.status is not None and says_so

    @property
    def is_success(self) -> bool:
        """Whether the answer was a success."""
        return self.status is not None and self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class Trial:
    """How the changes ended that were made, and the answers to reads between them, each by its name.

    `shown_after_s`: when a filter showed the user, from before its create on; None where it never did.
    """

    ends: Mapping[str, Ended] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    shown_after_s: float | None = None

    @property
    def user(self) -> str | None:
        """The id of the user that was created."""
        return self.id_of(USER_MADE)

    @property
    def group(self) -> str | None:
        """The id of the group that was created."""
        return self.id_of(GROUP_MADE)

    def id_of(self, create: str) -> str | None:
        """Return the id of what was created; None where nothing was, or no URL can hold it."""
        end = self.ends.get(create)
        return end.id if end and end.applied and end.id and is_usable(end.id) else None

    def with_ends(self, ends: Mapping[str, Ended]) -> "Trial":
        """Return the trial with further changes."""
        return replace(self, ends={**self.ends, **ends})

    def with_answers(self, answers: Mapping[str, Answer]) -> "Trial":
        """Return the trial with the answers to further reads."""
        return replace(self, answers={**self.answers, **answers})

    def applied(self, *changes: str) -> bool:
        """Return whether all of some changes took effect."""
        ends = [self.ends.get(one) for one in changes]
        return all(one is not None and one.applied for one in ends)

    def resource(self, read: str) -> JsonObject | None:
        """Return the resource that a read showed."""
        answer = self.answers.get(read)
        return answer.resource if answer else None

    def version(self, read: str) -> JsonObject:
        """Return the version that a read showed, as a record names it; empty where it showed none."""
        answer = self.answers.get(read)
        return {"version": answer.version} if answer and answer.version else {}
