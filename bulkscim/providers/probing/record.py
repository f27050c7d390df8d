"""The answers that a probe has gathered, and the users and groups that it asks about (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from bulkscim.model import active
from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.model.request import Reply, Response
from bulkscim.providers.profile import Profile
from bulkscim.scim import paths, protocol
from bulkscim.scim.forms import ids_in
from bulkscim.scim.protocol import ListAnswer

REFUSED = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.NOT_IMPLEMENTED})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one read; `listing` and `resource` are None where the answer is none."""

    path: str
    reply: Reply
    listing: ListAnswer | None = None
    resource: JsonObject | None = None

    @property
    def status(self) -> int | None:
        """Its status, None where no answer came."""
        return self.reply.status if isinstance(self.reply, Response) else None

    @property
    def is_refused(self) -> bool:
        """Whether the tenant will not answer such a question, now or later."""
        return self.status in REFUSED

    @property
    def json(self) -> JsonObject | None:
        """The object of a good answer."""
        if not isinstance(self.reply, Response) or self.reply.status != HTTPStatus.OK:
            return None
        value = protocol.json_of(self.reply.body)
        return value if isinstance(value, dict) and not protocol.is_error(value) else None

    @property
    def version(self) -> str | None:
        """The version of the resource: an ETag header, else `meta.version`."""
        if self.resource is None or not isinstance(self.reply, Response):
            return None
        shown = self.reply.headers.get("etag") or paths.get(self.resource, "meta.version")
        return shown if isinstance(shown, str) else None

    @property
    def told(self) -> str:
        """What came, in a few words without personal data."""
        if not isinstance(self.reply, Response):
            return "no answer"
        kind = protocol.error_of(self.reply).scim_type if self.reply.status >= HTTPStatus.BAD_REQUEST else ""
        return f"answered {self.reply.status}{f' {kind}' if kind else ''}"


def answer_of(path: str, reply: Reply) -> Answer:
    """Return an answer, read."""
    if not isinstance(reply, Response) or reply.status != HTTPStatus.OK:
        return Answer(path, reply)
    return Answer(path, reply, protocol.list_of(reply.body), protocol.resource_of(reply.body))


@dataclass(slots=True)
class Record:
    """All that was asked of a tenant, by the name of the question.

    `absent` is a name that no user and no group can have.
    """

    profile: Profile
    absent: str
    answers: dict[str, Answer] = field(default_factory=dict)
    _kept: dict[str, list[JsonObject]] = field(default_factory=dict)

    def take(self, question: str, answer: Answer) -> None:
        """Keep the answer to a question."""
        self.answers[question] = answer
        self._kept.clear()

    def listing(self, *questions: str) -> ListAnswer | None:
        """Return the first listing that answers one of some questions."""
        found = (self.answers[each].listing for each in questions if each in self.answers)
        return next((one for one in found if one is not None), None)

    def resource(self, question: str) -> JsonObject | None:
        """Return the resource that answers a question."""
        answer = self.answers.get(question)
        return answer.resource if answer else None

    @property
    def page(self) -> ListAnswer | None:
        """The largest page of users that came."""
        return self.listing("page", "lesser page", "one")

    @property
    def users(self) -> list[JsonObject]:
        """The users of that page that can be named in a URL."""
        return self._usable("users", self.page)

    @property
    def groups(self) -> list[JsonObject]:
        """The groups that came."""
        return self._usable("groups", self.listing("groups"))

    def _usable(self, kind: str, listing: ListAnswer | None) -> list[JsonObject]:
        if kind not in self._kept:
            found = listing.resources if listing else ()
            self._kept[kind] = [one for one in found if protocol.usable_id(one)]
        return self._kept[kind]

    @property
    def chosen(self) -> list[JsonObject]:
        """Up to two users with a name, those that show the most: of no others is asked."""
        if "chosen" not in self._kept:
            named = [one for one in self.users if name_of(one, "userName")]
            first = sorted(named, key=lambda one: -len(one))
            other = [
                one
                for one in first[1:]
                if name_of(one, "userName").casefold() != name_of(first[0], "userName").casefold()
            ]
            self._kept["chosen"] = [*first[:1], *other[:1]]
        return self._kept["chosen"]

    def whole(self, place: int) -> JsonObject:
        """Return one of them with what its read by id showed, once that has come."""
        listed, read = self.chosen[place], self.resource(USER_READS[place])
        return listed | read if read is not None and read["id"] == listed["id"] else listed

    @property
    def is_whole(self) -> bool:
        """Whether the page claims to hold all users."""
        page = self.page
        return page is not None and claims_all(page)

    @property
    def users_read(self) -> list[JsonObject]:
        """The chosen users as they were read by their ids."""
        return [one for each in USER_READS if (one := self.resource(each)) is not None]

    @property
    def has_two(self) -> bool:
        """Whether there are two users with different names."""
        return len(self.chosen) > 1

    @property
    def groups_read(self) -> list[JsonObject]:
        """The groups that were read by their ids."""
        return [one for each in GROUP_READS if (one := self.resource(each)) is not None]

    @property
    def fullest(self) -> JsonObject | None:
        """The group that shows the most members, of those that were read by their ids; None where none shows any."""
        group = max(self.groups_read, key=lambda one: len(all_members(one)), default=None)
        return group if group is not None and all_members(group) else None

    @property
    def members(self) -> list[str]:
        """The ids of members that some group shows, users first as far as that is said; read by id before listed."""
        known = [*self.groups_read, *self.groups]
        return list(dict.fromkeys(one for group in known for one in user_ids(group)))


USER_READS = ("user", "other user")
GROUP_READS = ("group", "second group", "third group")


def shows(answer: Answer, resource_id: str | None) -> bool:
    """Return whether a listing shows a resource."""
    return answer.listing is not None and any(one["id"] == resource_id for one in answer.listing.resources)


def claims_all(page: ListAnswer) -> bool:
    """Return whether a page claims to hold all that there are."""
    return page.total == page.size > 0 and page.next_cursor is None


def name_of(resource: JsonObject, attribute: str) -> str:
    """Return a name that a resource shows, empty where it shows none."""
    found = paths.find(resource, attribute)
    return found if isinstance(found, str) else ""


def user_ids(group: JsonObject) -> list[str]:
    """Return the ids of a group's members that are not said to be groups."""
    found = paths.find(group, "members")
    listed = found if isinstance(found, list) else []
    users = [one for one in listed if not (isinstance(one, dict) and paths.find(one, "type") == GROUP)]
    return [one for one in ids_in(users) if protocol.is_usable(one)]


def listed_members(group: JsonObject) -> list[str]:
    """Return the ids of all members that a group shows, as it lists them."""
    return list(ids_in(paths.find(group, "members")))


def all_members(group: JsonObject) -> set[str]:
    """Return the ids of all members that a group shows."""
    return set(listed_members(group))


def groups_of(user: JsonObject) -> set[str]:
    """Return the ids of the groups that a user shows."""
    return set(ids_in(paths.find(user, "groups")))


def is_deactivated(user: JsonObject) -> bool:
    """Return whether a user says that it is deactivated."""
    return active.stated(user) is False


def stated(config: Mapping[str, Any] | None, name: str) -> bool | None:
    """Return what a ServiceProviderConfig says of a part of the protocol."""
    return active.truth(paths.find(paths.find(config, name), "supported"))
