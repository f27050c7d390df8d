"""Which steps of a run are taken back, when not all of them are."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bulkscim.errors import Refused, UsageError
from bulkscim.journal import journal
from bulkscim.model.operation import GROUP, USER
from bulkscim.model.row import RowRules
from bulkscim.model.step import Action
from bulkscim.planning.undo.inverse import TakenStep
from bulkscim.runs.applied_steps import applied_steps
from bulkscim.runs.child_runs import Recreated
from bulkscim.runs.inverse_job import Chosen, NotUndone, _records, write_inverse
from bulkscim.runs.spooled_steps import SpooledSteps
from tests.support.simulation.disk import FOLDER, SimulatedDisk
from tests.support.simulation.undoing import PACE, Story

pytestmark = pytest.mark.anyio
JOB = (
    {"op": "patch", "id": "p1", "data": {"title": "Lead"}},
    {"op": "create", "data": {"userName": "ada@example.com", "groups": ["Team 0"]}},
    {"op": "patch", "id": "p1", "data": {"title": "Boss"}},
    {"op": "deactivate", "id": "p2"},
    {"op": "delete", "id": "p3"},
)


@pytest.fixture
async def story(tmp_path):
    """A run of five rows over a tenant in which everybody is active."""
    story = Story(tmp_path, 1)
    for user in story.tenant.held["Users"].values():
        user |= {"active": True, "title": "Engineer"}
    await story.run(JOB)
    return story


def inverse(story, **chosen):
    """Return rows and verbs of an inverse, and its notes."""
    path = story.folder / f"inverse-{len(list(story.folder.iterdir()))}.jsonl"
    named = {name: value if isinstance(value, bool) else frozenset(value) for name, value in chosen.items()}
    with journal.read(FOLDER, story.disk) as recorded:
        found = write_inverse(recorded, Chosen(**named), path, story.disk)
    if found is None:
        return [], ()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [(record["op"], record["_row"]) for record in records], found.notes


async def test_all_of_it_newest_first(story):
    """Who leaves a group comes first, who returns to one last."""
    found, notes = inverse(story)

    assert found[0] == ("patch", 2)
    assert set(found[1:6]) == {("create", 5), ("patch", 4), ("patch", 3), ("delete", 2), ("patch", 1)}
    assert found.index(("patch", 3)) < found.index(("patch", 1))
    assert notes == ()


async def test_rows_take_their_steps_alone_and_name_what_came_later(story):
    """A later change of the same that is not taken along is named."""
    assert inverse(story, rows={3}) == ([("patch", 3)], ())
    found, (note,) = inverse(story, rows={1})

    assert found == [("patch", 1)]
    assert note == "row 3 changed title of p1@example.com later; add --row 3 to take it along"


@pytest.mark.parametrize(("key", "rows"), [("ADA@example.com", {2}), ("p1", {1, 3})])
async def test_a_key_names_a_person_whatever_the_row(story, key, rows):
    """By name in any case, or by id; memberships of a person as well."""
    found, _ = inverse(story, keys={key})

    assert {row for _, row in found} == rows


async def test_a_key_that_the_run_never_had_is_refused(story):
    """A name that was mistyped is not taken for one that is undone; one of several as well."""
    for keys in ({"absent"}, {"ada@example.com", "absent"}):
        with pytest.raises(UsageError, match=r"--key absent: .*\n.*bulkscim results"):
            inverse(story, keys=keys)


async def test_an_operation_picks_rows(story):
    """Several flags narrow each other."""
    assert {row for _, row in inverse(story, verbs={"patch", "deactivate"})[0]} == {1, 3, 4}
    assert inverse(story, verbs={"patch"}, rows={4}) == ([], ())


async def test_softly_people_are_deactivated(story):
    """--soft deletes no user."""
    assert ("deactivate", 2) in inverse(story, soft=True)[0]


async def test_a_second_rollback_takes_back_what_the_first_has_not(story):
    """Rows that were done or had nothing to do count; those that were left do not."""
    story.tenant.held["Users"]["p1"]["title"] = "Theirs"

    first = await story.back()

    assert first.totals.skipped == 2
    assert {row for _, row in inverse(story)[0]} == {1, 3}


async def test_without_anything_left_there_is_no_file(story):
    """After a whole rollback nothing is to be undone, and nothing lies about."""
    await story.back()

    assert inverse(story) == ([], ())
    assert list(story.folder.glob("inverse-*")) == []


async def test_the_second_of_two_rollbacks_finds_people_under_their_new_ids(story):
    """A user that the first recreated is changed under the new id by the second."""
    await story.back()
    await story.back(FOLDER / "rollback-1")
    await story.back()

    names = [user["userName"] for user in story.tenant.held["Users"].values()]
    assert sorted(names) == [f"p{number}@example.com" for number in range(8)]


ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SHAPES = {
    "title": 5,
    "emails": [None, {"value": "p4@example.com", "primary": "true"}],
    "phoneNumbers": [{"value": 4912345}],
    "addresses": {"locality": "Ulm"},
    ENTERPRISE: {"employeeNumber": 701984},
}


@pytest.mark.parametrize(
    "record", [{"op": "delete", "id": "p4"}, {"op": "patch", "id": "p4", "data": {"title": "Lead"}}]
)
async def test_what_a_tenant_shows_in_shapes_of_its_own_goes_back(tmp_path, record):
    """A value that no job file may hold stops no user from being restored."""
    story = Story(tmp_path, 1)
    story.tenant.held["Users"]["p4"] |= SHAPES
    await story.run([record])

    report = await story.back()

    (found,) = (one for one in story.tenant.held["Users"].values() if one["userName"] == "p4@example.com")
    assert report.totals.done == report.totals.rows, story.ended(FOLDER / "rollback-1")
    assert found["title"] == SHAPES["title"]
    assert found[ENTERPRISE]["employeeNumber"] == SHAPES[ENTERPRISE]["employeeNumber"]


async def test_booleans_that_are_written_as_texts_go_back(tmp_path):
    """Some tenants show "True"."""
    story = Story(tmp_path, 1)
    story.tenant.held["Users"]["p1"]["active"] = "True"
    await story.run([{"op": "deactivate", "id": "p1"}])

    await story.back()

    assert story.tenant.held["Users"]["p1"]["active"] is True


ODD_MEMBERS = [{"value": {"x": 1}}, {"value": 7}, {"value": ["p2"]}, {"display": "Eve"}, {"value": "p3"}]


@pytest.mark.parametrize("members", [ODD_MEMBERS, [*ODD_MEMBERS, "p1", None], {"value": "p3"}, "p3", None])
async def test_members_that_are_no_members_stop_no_other(tmp_path, members):
    """Other entries in a tenant's list change nothing for the member that leaves and the one that joins."""
    story = Story(tmp_path, 1)
    story.tenant.held["Groups"]["g1"]["members"] = members
    group = {"type": "Group", "id": "g1"}
    run = await story.run(
        [
            {"op": "add_member", **group, "member": {"id": "p2"}},
            {"op": "patch", **group, "data": {"displayName": "Z"}},
            {"op": "remove_member", **group, "member": {"id": "p3"}},
        ]
    )

    report = await story.back()

    assert run.totals.failed == report.totals.failed == report.totals.skipped == 0
    assert story.tenant.held["Groups"]["g1"]["displayName"] == "Team 1"


async def test_an_id_of_any_letters_joins_and_leaves(tmp_path):
    """A quote and a backslash in an id are no end of a filter."""
    story, own = Story(tmp_path, 1), 'p"1\\'
    story.tenant.held["Users"][own] = {"id": own, "userName": "odd@example.com"}
    groups = story.tenant.held["Groups"]
    groups["g1"]["members"], groups["g2"]["members"] = [], [{"value": own}]
    await story.run(
        [
            {"op": "add_member", "type": "Group", "id": "g1", "member": {"id": own}},
            {"op": "remove_member", "type": "Group", "id": "g2", "member": {"id": own}},
        ]
    )
    between = (groups["g1"]["members"], groups["g2"].get("members", []))

    await story.back()

    assert between == ([{"value": own}], [])
    assert (groups["g1"].get("members", []), groups["g2"]["members"]) == ([], [{"value": own}])


async def test_what_the_run_made_does_not_return_to_a_group_that_others_put_it_into(tmp_path):
    """The id of the user that the rollback had deleted was added to the group."""
    story = Story(tmp_path, 1)
    create, members = story.tenant._create, story.tenant.held["Groups"]["g1"]["members"]

    def by_others(collection, body):
        reply = create(collection, body)
        members.append({"value": json.loads(reply.body)["id"]})
        return reply

    story.tenant._create = by_others
    before = list(members)
    leaves = {"op": "remove_member", "type": "Group", "id": "g1", "member": {"ref": "ada"}}
    await story.run([{"op": "create", "ref": "ada", "data": {"userName": "ada@example.com"}}, leaves])

    report = await story.back()

    assert story.tenant.held["Groups"]["g1"]["members"] == before
    assert report.totals.done == report.totals.rows == 1


def shown_as_older(story, hours):
    """Let the tenant show that what it creates was created hours ago."""
    create = story.tenant._create

    def older(collection, body):
        reply = create(collection, body)
        resource = json.loads(reply.body)
        created = datetime.fromtimestamp(story.tenant.clock.now() - hours * 3600, UTC).isoformat()
        resource["meta"] = story.tenant.held[collection][resource["id"]]["meta"] = {"created": created}
        return replace(reply, body=json.dumps(resource).encode())

    story.tenant._create = older


async def test_what_may_have_existed_before_is_left_and_its_links_are_not(tmp_path):
    """It was deleted, as what the run created is. Told to, a rollback deletes it."""
    story = Story(tmp_path, 1)
    shown_as_older(story, 3)
    await story.run(JOB[1:2])

    found, (told, line) = inverse(story)
    assert found == [("patch", 1)]  # the membership
    assert told == "left, since they may have existed before the run: ada@example.com"
    assert line == f"next: bulkscim rollback {FOLDER} --on-drift force -n"
    assert inverse(story, unsure=True) == ([("patch", 1), ("delete", 1)], ())


async def test_nothing_but_what_may_have_existed_is_refused(tmp_path):
    """The command to take it back is named."""
    story = Story(tmp_path, 1)
    shown_as_older(story, 3)
    await story.run([{"op": "create", "data": {"userName": "ada@example.com"}}])

    with pytest.raises(
        Refused, match=r"nothing was sent\nleft, since .* ada@example.com\n.*--on-drift force"
    ):
        inverse(story)


async def test_a_user_is_not_added_to_a_group_that_it_was_in_through_another_which_the_run_had_put_into_it(
    tmp_path,
):
    """The rollback takes the inner group out first: then nothing showed any more that the user was not a direct member."""
    before = {"id": "u1", "userName": "ada@x.test", "groups": [{"value": "inner"}, {"value": "outer"}]}
    nests = TakenStep(
        number=1, row=1, part="member", action=Action.ADD_MEMBER, type=GROUP, id="outer", member="inner"
    )
    goes = TakenStep(
        number=2,
        row=2,
        part="delete",
        action=Action.DELETE,
        type=USER,
        id="u1",
        before=before,
        groups=("inner", "outer"),
    )
    with closing(Recreated((), SimulatedDisk())) as recreated, closing(SpooledSteps(recreated)) as steps:
        steps.take([nests, goes], ())
        kept = NotUndone()
        certain = [
            one["id"] for one in _records(steps, Chosen(), [], kept) if one["_row"] == 2 and "id" in one
        ]
        forced = [
            one["id"]
            for one in _records(steps, Chosen(unsure=True), [], kept)
            if one["_row"] == 2 and "id" in one
        ]

    assert (certain, forced) == (["inner"], ["inner", "outer"])
    assert dict(kept.removed) == {("u1", "outer"): 1}


GROUPS_TOO = replace(PACE, rules=RowRules(create_groups=True))
MEMBERS = [{"value": "p1"}, {"value": "p2"}]
NEW_GROUP = {"op": "create", "type": "Group", "data": {"displayName": "New", "members": MEMBERS}}


async def with_new_group(tmp_path, *joined):
    """Return a story that makes a group of two, which others have joined since, and its id."""
    story = Story(tmp_path, 1)
    await story.run([NEW_GROUP])
    (made,) = set(story.tenant.held["Groups"]) - set(story.groups)
    story.tenant.held["Groups"][made]["members"] += [{"value": one} for one in joined]
    return story, made


async def test_a_new_group_goes_in_one_request(tmp_path):
    """Its members were taken out before. What a rollback of that brings back has them again."""
    story, made = await with_new_group(tmp_path)
    report = await story.back()

    assert report.totals.done == report.totals.rows == 1
    assert made not in story.tenant.held["Groups"]

    await story.back(FOLDER / "rollback-1")
    (again,) = (one for one in story.tenant.held["Groups"].values() if one["displayName"] == "New")
    assert {one["value"] for one in again["members"]} == {"p1", "p2"}


async def test_a_new_group_that_others_have_joined_keeps_them_alone(tmp_path):
    """A membership of others is no reason to leave those of the run."""
    story, made = await with_new_group(tmp_path, "p4")
    report = await story.back()

    assert report.totals.skipped == 1
    assert story.tenant.held["Groups"][made]["members"] == [{"value": "p4"}]


async def test_a_group_that_was_only_made_goes_before_its_members(tmp_path):
    """The deletes of users that are in it would change it between its read and its delete."""
    story = Story(tmp_path, 1)
    ada = {"userName": "ada@example.com", "groups": ["New"]}
    await story.run([{"op": "create", "data": ada}], GROUPS_TOO)

    with (
        journal.read(FOLDER, story.disk) as recorded,
        closing(SpooledSteps(Recreated((), story.disk))) as steps,
    ):
        steps.take(applied_steps(recorded), frozenset())
        assert [step.type for step in steps.newest_first() if step.action is Action.CREATE] == [GROUP, USER]
