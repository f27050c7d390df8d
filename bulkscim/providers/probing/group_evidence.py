"""What the answers to reads prove of a tenant's groups (pure)."""

from bulkscim.model.operation import GROUP, JsonObject
from bulkscim.providers.probing.filter_evidence import if_there, same_name
from bulkscim.providers.probing.filters import NOTHING, absent_is, equals, judged, leaves_out
from bulkscim.providers.probing.questions import sample_group
from bulkscim.providers.probing.record import GONE, Record, all_members, groups_of, name_of
from bulkscim.providers.probing.seen import Seen, no, of_listing, unseen, yes
from bulkscim.scim import paths
from bulkscim.scim.protocol import ListAnswer


def groups(record: Record) -> Seen:
    """Judge whether there are groups; where there are none yet, some services answer 404."""
    answer = record.answers["groups"]
    if answer.listing is not None:
        return yes(answer.told)
    types = listing.resources if (listing := record.listing("types")) else ()
    if answer.status in GONE and types and not any(_is_type(one, GROUP) for one in types):
        return no(f"{answer.told}, and /ResourceTypes has no Group")
    return unseen(answer.told)


def _is_type(resource: JsonObject, name: str) -> bool:
    return name in (paths.find(resource, "name"), paths.find(resource, "id"))


@of_listing("without members", "no listed group shows members")
def without_members(record: Record, projected: ListAnswer) -> Seen:
    """Judge whether `excludedAttributes` is heeded in a listing of groups."""
    full = {one["id"]: all_members(one) for one in record.groups}
    shown = [one for one in projected.resources if full.get(one["id"])]
    if not shown:
        return unseen("the group that came has no members")
    kept = any(all_members(one) for one in shown)
    return Seen(not kept, "excludedAttributes=members", "ignored" if kept else "")


def group_members(record: Record) -> Seen:
    """Judge whether a group that is read by its id shows its members; only other evidence of one proves that it does not."""
    if any(all_members(one) for one in record.groups_read):
        return yes("a group, read by its id")
    told = {one for user in record.users_read for one in groups_of(user)}
    if any(one["id"] in told for one in record.groups_read):
        return no("a user shows the group, and the group shows no members")
    found = record.listing("member filter")
    if found and absent_is(record, "absent member") == NOTHING:
        shown = {one["id"] for one in found.resources}
        if any(one["id"] in shown for one in record.groups_read):
            return no("a filter by member finds the group, and the group shows no members")
    return unseen("no group with members was seen")


def whole_members(record: Record) -> Seen:
    """Judge whether a group that is read by its id shows all of its members; that nothing contradicts it proves nothing."""
    group, found = record.fullest, record.listing("another member")
    if group is None:
        return unseen("no group with members was seen")
    if found is not None and group["id"] in {one["id"] for one in found.resources}:
        how = f"a filter by member finds a group for a user who is not among the {len(all_members(group))} that it shows"
        return no(how, "cut")
    return unseen("nothing contradicts it, and nothing proves it")


def listed_members(record: Record) -> Seen:
    """Judge whether a listing of groups shows their members as a read by id does."""
    listed = {one["id"]: one for one in record.groups}
    pairs = [
        (listed[one["id"]], one) for one in record.groups_read if one["id"] in listed and all_members(one)
    ]
    if not pairs:
        return unseen("no listed group with members was read by its id")
    shown, read = (len(all_members(one)) for one in pairs[0])
    if not shown:
        return no(f"a group shows {read} members by its id, and none in the listing")
    return Seen(shown >= read, f"{shown} of {read} members of one group", "" if shown >= read else "cut")


def user_groups(record: Record) -> Seen:
    """Judge whether users that are read by their ids show their groups."""
    member = record.resource("member")
    read = [*record.users_read, *([member] if member is not None else [])]
    if any(map(groups_of, read)):
        return yes("a user, read by its id")
    holding = {one for group in record.groups_read for one in all_members(group)}
    if any(one["id"] in holding for one in read):
        return no("a group shows a user, and the user shows no groups")
    return unseen("no member of a group was read by its id")


def group_eq(record: Record) -> Seen:
    """Judge a filter for a group by its name."""
    group = sample_group(record)
    if group is None:
        return unseen("there is no group with a name")
    out = leaves_out(record, "group eq", "absent group", len(record.groups))
    fits = equals("displayName", name_of(group, "displayName"))
    found = judged(record.answers.get("group eq"), fits, [group["id"]], leaves_out=out)
    return if_there(found, {one["id"] for one in record.groups_read}, [group["id"]])


def capitals(record: Record) -> Seen:
    """Judge whether filters for groups tell capitals from small letters."""
    return same_name(record, "group case", "group eq", group_eq(record))


@of_listing("member filter")
def member_filter(record: Record, found: ListAnswer) -> Seen:
    """Judge whether groups can be found by a member: the group must show the member by its id."""
    holding = [one["id"] for one in record.groups_read if all_members(one)]
    if not holding:
        return unseen("no group shows members")
    if not found.size:
        return no("it shows nothing, though a group has the member", "finds nothing")
    if holding[0] not in {one["id"] for one in found.resources}:
        return unseen("another group was found")
    unknown_member = absent_is(record, "absent member")
    if unknown_member == NOTHING or found.size < len(record.groups):
        return yes("it finds a group that shows the member")
    if unknown_member:
        return no("a member that is not there finds groups too", "ignored")
    return unseen("an ignored filter would answer alike")
