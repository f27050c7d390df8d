"""What one token opens: the users of the tenant, and the groups of its integration with their rules."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from scim2_models import (
    Error,
    NotImplementedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
)
from scim2_server.storage import ScimStorage, SearchPage

from bulkscim.model.operation import GROUP, USER
from bulkscim.providers.quirks import BAD_REQUEST, CONFLICT, ErrorAnswer, IntegrationQuirks, Quirks
from bulkscim.sandbox.store import Database, KeptStorage, kept, members_of

ARCHIVE = "archived "


class TokenScope(ScimStorage):
    """The storage that a token sees: of all that is stored, its users and its groups."""

    def __init__(
        self,
        database: Database,
        users: KeptStorage,
        stores: Mapping[str, KeptStorage],
        quirks: Quirks,
        rules: IntegrationQuirks,
    ) -> None:
        self._database, self._users, self._stores = database, users, stores
        self._quirks, self._rules = quirks, rules
        self._groups = stores[rules.groups]

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a resource."""
        found = self._of(resource_type)
        return found.get(resource_type, resource_id, response_parameters=response_parameters)

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """Return one page."""
        homes = {id(self._of(kind)) for kind in resource_types}
        if len(homes) > 1:
            raise NotImplementedException(detail="search one type of resource at a time")
        return self._of(resource_types[0]).search(resource_types, search_request, position=position)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource; a group may be an archived one that comes back."""
        if resource_type.name != GROUP:
            return self._users.create(resource_type, resource)
        self._refuse_taken_name(resource)
        archived = self._archived(resource) if self._rules.archives else None
        if archived is None:
            made = self._groups.create(resource_type, resource)
        else:
            made = self._groups.create_as(resource_type, archived, str(archived.id))
            self._database.drop(ARCHIVE + self._rules.groups, GROUP, str(made.id))
        self._move_in(made, ())
        return made

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a resource."""
        home = self._of(resource_type)
        if resource_type.name != GROUP:
            user = home.update(resource_type, resource, expected_version=expected_version)
            if self._quirks.strips_groups and getattr(user, "active", None) is False:
                self._leave_all(str(user.id))
            if self._quirks.inactive_is_removed and getattr(user, "active", None) is False:
                self._remove(resource_type, str(user.id))
            return user
        before = home.get(resource_type, str(resource.id))
        if _name(before) != _name(resource):
            self._refuse_taken_name(resource)
            if self._rules.archives and self._archived(resource) is not None:
                raise refusal(ErrorAnswer(CONFLICT, "an archived team has this name", "uniqueness"))
        updated = home.update(resource_type, resource, expected_version=expected_version)
        self._move_in(updated, members_of(before))
        return updated

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource, by the rules of its type."""
        home = self._of(resource_type)
        before: Any = home.get(resource_type, resource_id)
        if resource_type.name == USER and self._quirks.owner and before.user_name == self._quirks.owner:
            raise refusal(ErrorAnswer(CONFLICT, "the owner of the account cannot be deleted"))
        if resource_type.name == GROUP and self._rules.empty_before_delete and members_of(before):
            raise refusal(ErrorAnswer(BAD_REQUEST, "the group still has members", "invalidValue"))
        if resource_type.name == USER and self._quirks.delete_deactivates:
            before.active = False
            home.update(resource_type, before, expected_version=expected_version)
            return
        if resource_type.name == USER:
            self._remove(resource_type, resource_id, expected_version)
            return
        home.delete(resource_type, resource_id, expected_version=expected_version)
        if self._rules.archives:
            self._database.put(ARCHIVE + self._rules.groups, GROUP, resource_id, kept(before))

    def _remove(self, resource_type: ResourceType, user_id: str, expected_version: str | None = None) -> None:
        self._users.delete(resource_type, user_id, expected_version=expected_version)
        self._leave_all(user_id)

    def _leave_all(self, user_id: str) -> None:
        for groups in self._stores.values():
            groups.leave_groups(user_id)

    def operation(self) -> AbstractContextManager[None]:
        """Enclose one operation."""
        return self._users.operation()

    def groups_of(self, user_id: str) -> list[dict[str, Any]]:
        """Return the groups of a user, as this token sees them."""
        return self._groups.groups_of(user_id)

    def _of(self, resource_type: ResourceType) -> KeptStorage:
        return self._groups if resource_type.name == GROUP else self._users

    def _move_in(self, group: Resource[Any], before: tuple[str, ...]) -> None:
        """Where a member has one group, take new members out of the one before."""
        if self._rules.one_group:
            for member in sorted(set(members_of(group)) - set(before)):
                self._groups.leave_groups(member, but=str(group.id))

    def _refuse_taken_name(self, group: Resource[Any]) -> None:
        if not self._quirks.unique_group_names:
            return
        if any(_name(one) == _name(group) and one.id != group.id for one in self._groups.resources):
            raise refusal(ErrorAnswer(CONFLICT, "a group has this name", "uniqueness"))

    def _archived(self, group: Resource[Any]) -> Resource[Any] | None:
        bodies = [body for _, body in self._database.all(ARCHIVE + self._rules.groups)]
        found = [type(group).model_validate(body) for body in bodies]
        return next((one for one in found if _name(one) == _name(group)), None)


def refusal(refused: ErrorAnswer) -> SCIMException:
    """Return a refusal as scim2-server raises it."""
    error = Error(status=refused.status, detail=refused.detail, scim_type=refused.scim_type or None)
    return SCIMException.from_error(error)


def _name(resource: Resource[Any]) -> str:
    return str(getattr(resource, "display_name", "") or "").casefold()
