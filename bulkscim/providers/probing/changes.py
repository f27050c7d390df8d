"""What a trial sends, as records of ordinary runs, each by its name in the evidence (pure)."""

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.probing import trial as names
from bulkscim.providers.probing.trial import Trial
from bulkscim.providers.profile import Profile

Record = dict[str, object]
Records = dict[str, Record]


def creates(address: str, group: str, profile: Profile) -> Records:
    """Return a user, a group, and the membership of the one in the other, as far as the tenant has such."""
    records: Records = {names.USER_MADE: _create(USER, _user(address), "user")}
    if profile.groups:
        records[names.GROUP_MADE] = _create(GROUP, {"displayName": group}, "group")
    if profile.groups and profile.patch:
        member = {"ref": "user"}
        records[names.JOINED] = {"op": "add_member", "type": GROUP, "ref": "group", "member": member}
    return records


def creates_again(trial: Trial, address: str, group: str) -> Records:
    """Return what is there already: user, group and membership; and another group, which is created with the user in it."""
    records: Records = {names.SECOND_USER: _create(USER, _user(address))}
    if trial.group is None:
        return records
    member = [{"value": trial.user}]
    records[names.SECOND_GROUP] = _create(GROUP, {"displayName": group})
    records[names.MADE_WITH_MEMBERS] = _create(GROUP, {"displayName": other(group), "members": member})
    if trial.applied(names.JOINED):
        records[names.JOINED_AGAIN] = _patch(GROUP, trial.group, "add", "members", member)
    return records


def retitles(trial: Trial) -> Records:
    """Return a change of the user that names the version which was read, where one is shown."""
    return {names.RETITLED: _patch(USER, trial.user, "add", "title", "Probe") | trial.version("user again")}


def deactivates(trial: Trial) -> Records:
    """Return the deactivation of the user; before it a change with a version that is old by now."""
    records: Records = {}
    if (old := trial.version("user again")) and old != trial.version("retitled"):
        records[names.RETITLED_AS_OLD] = _patch(USER, trial.user, "replace", "title", "Old probe") | old
    return records | {names.DEACTIVATED: {"op": "deactivate", "type": USER, "id": trial.user}}


def other(group: str) -> str:
    """Return the name of the group that is created with the user in it."""
    return f"{group}-2"


def _user(address: str) -> JsonObject:
    return {
        "userName": address,
        "displayName": "Throw-away probe",
        "name": {"givenName": "Throw-away", "familyName": "Probe"},
        "emails": [{"value": address, "type": "work", "primary": True}],
    }


def _create(kind: str, data: JsonObject, ref: str | None = None) -> Record:
    record: Record = {"op": "create", "type": kind, "data": data}
    return record | {"ref": ref} if ref else record


def _patch(kind: str, resource_id: str | None, op: str, path: str, value: object) -> Record:
    operation = {"op": op, "path": path, "value": value}
    return {"op": "patch", "type": kind, "id": resource_id, "patch": [operation]}
