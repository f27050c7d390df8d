"""The inverse of steps, as records."""

from dataclasses import replace

import pytest

from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Key
from bulkscim.model.secret import MASK
from bulkscim.model.step import Action, Change
from bulkscim.planning.undo.inverse import TakenStep, inverse
from bulkscim.planning.undo.memberships import joinings, leavings, net, touches, with_own_members

MANAGER = f"{ENTERPRISE}:manager"
MODIFY, CREATE, DELETE = Action.MODIFY, Action.CREATE, Action.DELETE


class Ids:
    """What a run did to ids: `deleted` are to be recreated, `recreated` have another id since."""

    def __init__(self, deleted=(), made=(), passing=(), recreated=None, half=(), returning=()):
        self._deleted, self._made, self._passing, self._recreated = deleted, made, passing, recreated or {}
        self._half, self._returning = half, returning

    def is_deleted(self, resource_id):
        return resource_id in self._deleted

    def went_before(self, resource_id, step):
        return False

    def reported_to(self, person, manager, step):
        return True

    def returns_to(self, person, manager):
        return (person, manager) in self._returning

    def is_made(self, resource_id):
        return resource_id in self._made

    def is_passing(self, resource_id):
        return resource_id in self._passing

    def is_half_made(self, resource_id):
        return resource_id in self._half

    def name_of(self, resource_id):
        return f"name of {resource_id}"

    def now(self, resource_id):
        return self._recreated.get(resource_id, resource_id)


NOTHING_GONE = Ids()


def taken(action, number=7, kind=USER, resource_id="u1", **more):
    """Return a step of row 3 that took effect."""
    return TakenStep(number, 3, "part", action, kind, resource_id, **more)


def records(step, known=NOTHING_GONE, **more):
    """Return a step's inverse without what it tells people."""
    return [
        {name: value for name, value in record.items() if not name.startswith("_")}
        for record in inverse(step, known, **more)
    ]


@pytest.mark.parametrize(
    ("change", "operation", "expected"),
    [
        (Change("title", "Engineer", "Lead"), ("replace", "title", "Engineer"), ("title", "Lead")),
        (Change("title", None, "Lead"), ("remove", "title", None), ("title", "Lead")),
        (Change("title", "Lead", None), ("replace", "title", "Lead"), ("title", None)),
        (Change("active", None, False), ("replace", "active", True), ("active", False)),
        (
            Change('emails[value eq "a@b"]', None, {"value": "a@b"}),
            ("remove", 'emails[value eq "a@b"]', None),
            ('emails[value eq "a@b"]', {"value": "a@b"}),
        ),
        (
            Change('emails[value eq "a@b"]', {"value": "a@b"}, None),
            ("add", "emails", [{"value": "a@b"}]),
            ('emails[value eq "a@b"]', None),
        ),
        (Change(f"{MANAGER}.value", None, "m1"), ("remove", MANAGER, None), (f"{MANAGER}.value", "m1")),
        (
            Change(MANAGER, {"value": "m1"}, {"value": "m2"}),
            ("replace", MANAGER, {"value": "m1"}),
            (f"{MANAGER}.value", "m2"),
        ),
    ],
)
def test_a_change_goes_back_where_it_still_stands(change, operation, expected):
    """The operation puts the value before back; the record expects what the step left."""
    op, path, value = operation
    shown = {"op": op, "path": path} | ({} if value is None else {"value": value})

    assert records(taken(MODIFY, changes=(change,))) == [
        {"op": "patch", "type": USER, "id": "u1", "patch": [shown], "expect": dict([expected])}
    ]


def test_secrets_and_memberships_are_no_part_of_a_patch():
    """The secret was never shown; memberships are netted elsewhere."""
    changes = (
        Change("password", MASK, MASK),
        Change('members[value eq "u1"]', None, {"value": "u1"}),
        Change("groups", [{"value": "g1"}], [{"value": "g2"}]),
    )

    assert records(taken(MODIFY, kind=GROUP, resource_id="g1", changes=changes)) == []


def test_what_was_made_is_deleted_if_it_is_as_it_was_left():
    """The whole resource is expected, except what no client can set; a group without members."""
    after = {"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}], "meta": {"version": "1"}}

    assert records(taken(CREATE, kind=GROUP, resource_id="g1", after=after)) == [
        {"op": "delete", "type": GROUP, "id": "g1", "expect": {"*": {"displayName": "Sales"}}}
    ]


def test_without_the_answer_what_was_made_is_known_by_its_names():
    """A create whose answer was lost is deleted if it has its names still."""
    step = taken(CREATE, identity=(Key(USER, "userName", "ada@x"), Key(USER, "externalId", "7")))

    assert records(step)[0]["expect"] == {"userName": "ada@x", "externalId": "7"}


def test_softly_people_are_deactivated_and_groups_deleted():
    """A group cannot be deactivated."""
    assert records(taken(CREATE, after={"userName": "a"}), soft=True)[0]["op"] == "deactivate"
    assert records(taken(CREATE, kind=GROUP, after={"displayName": "a"}), soft=True)[0]["op"] == "delete"


def test_what_was_deleted_is_made_again_and_its_reports_point_to_it():
    """The old id is its ref; its manager, deleted as well, is named by theirs."""
    before = {
        "schemas": ["x"],
        "id": "u1",
        "meta": {},
        "groups": [{"value": "g1"}],
        "userName": "ada@x",
        "active": "True",
        "password": MASK,
        "nickName": None,
        ENTERPRISE: {"department": "Sales", "manager": {"value": "m1", "displayName": "Boss"}},
    }
    step = taken(DELETE, before=before, reports=("u2", "u3"))
    extension = {"department": "Sales", "manager": {"ref": "m1"}}

    made, *pointed = records(step, Ids(deleted={"u1", "m1", "u3"}))

    assert made == {
        "op": "create",
        "type": USER,
        "ref": "u1",
        "data": {"userName": "ada@x", "active": True, ENTERPRISE: extension},
    }
    assert [{"id", "ref"} & one.keys() for one in pointed] == [{"id"}, {"ref"}]
    assert pointed[0]["patch"] == [{"op": "replace", "path": MANAGER, "value": {"value": "bulkId:u1"}}]
    assert pointed[0]["expect"] == {f"{MANAGER}.value": "bulkId:u1"}


def test_what_the_run_made_and_deleted_leaves_nothing_to_do():
    """It was not there before, and is not there now."""
    known = Ids(passing={"u1"})

    assert [records(taken(action), known) for action in (CREATE, DELETE, MODIFY)] == [[], [], []]


def test_ids_that_an_earlier_rollback_gave_are_used():
    """A user that was recreated meanwhile is changed under the new id, and not recreated again."""
    known = Ids(recreated={"u1": "u9", "m1": "m9"})
    change = Change(f"{MANAGER}.value", "m1", "m2")

    assert records(taken(DELETE, before={"userName": "a"}), known) == []
    (record,) = records(taken(MODIFY, changes=(change,)), known)
    assert record["id"] == "u9"
    assert record["patch"][0]["value"] == {"value": "m9"}


def joins(number, member="u1", group="g1"):
    """Return the step that adds a member."""
    return taken(Action.ADD_MEMBER, number, GROUP, group, member=member)


def leaves(number, member="u1", group="g1"):
    """Return the step that removes a member."""
    return taken(Action.REMOVE_MEMBER, number, GROUP, group, member=member)


def netted(*steps, known=NOTHING_GONE):
    """Return what becomes of memberships, as (group, member, returns)."""
    found = sorted(
        (touch for step in steps for touch in touches(step)), key=lambda t: (t.group, t.member, t.step)
    )
    return [(one.group, one.member, one.joins) for one in net(found, known)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((joins(1),), [("g1", "u1", False)]),
        ((leaves(1),), [("g1", "u1", True)]),
        ((joins(1), leaves(2)), []),
        ((leaves(1), joins(2)), []),
        ((joins(1), leaves(2), joins(3)), [("g1", "u1", False)]),
        ((taken(DELETE, groups=("g1", "g2")),), [("g1", "u1", True), ("g2", "u1", True)]),
        ((taken(DELETE, before={"groups": [{"value": "g1"}]}),), [("g1", "u1", True)]),
        ((taken(MODIFY, changes=(Change("active", True, False),), stripped=("g1",)),), [("g1", "u1", True)]),
        ((taken(CREATE, 1, GROUP, "g1", after={"members": [{"value": "u1"}]}),), [("g1", "u1", False)]),
        ((taken(DELETE, 1, GROUP, "g1", before={"members": [{"value": "u1"}]}),), [("g1", "u1", True)]),
    ],
)
def test_a_membership_is_as_before_the_first_touch(steps, expected):
    """Only the difference between before the run and after it is taken back."""
    assert netted(*steps) == expected


def test_who_left_a_group_by_joining_another_returns_to_it():
    """Where people are in one group at a time, the one before is known."""
    moved = taken(
        Action.ADD_MEMBER,
        kind=GROUP,
        resource_id="g2",
        member="u1",
        changes=(Change("groups", [{"value": "g1"}], [{"value": "g2"}]),),
    )

    assert netted(moved) == [("g1", "u1", True), ("g2", "u1", False)]
    (returning,) = joinings(net(touches(moved), NOTHING_GONE), NOTHING_GONE, 100)
    assert returning["op"] == "add_member"
    assert returning["member"] == {"id": "u1"}
    assert returning["expect"] == {"member.groups": ["g1", "g2"]}


def test_who_may_have_left_a_group_by_joining_another_is_taken_out_of_both():
    """Some services keep users in several groups: only the last membership of each was taken back, without a word."""
    moved = replace(joins(2, group="g2"), changes=(Change("groups", [{"value": "g1"}], [{"value": "g2"}]),))

    assert netted(joins(1), moved) == [("g1", "u1", False), ("g2", "u1", False)]


def test_a_deleted_group_is_not_emptied_and_gets_its_members_back():
    """Who joined it during the run is not in the new one; who was there before is."""
    gone = taken(DELETE, 3, GROUP, "g1", before={"members": [{"value": "u1"}, {"value": "u2"}]})

    assert netted(joins(1), gone, known=Ids(deleted={"g1"})) == [("g1", "u2", True)]


def test_memberships_come_merged_by_group_as_many_as_go_into_one_request():
    """A deleted person comes back by the new id, and the old one goes in the same request."""
    steps = [leaves(number, f"u{number:03}") for number in range(150)] + [taken(DELETE, 200, groups=("g2",))]
    known = Ids(deleted={"u1"})
    found = sorted(
        (touch for step in steps for touch in touches(step)), key=lambda t: (t.group, t.member, t.step)
    )
    nets = list(net(found, known))

    returning = list(joinings(nets, known, 100))

    assert list(leavings(nets, known, 100)) == []
    assert [len(record["patch"]) for record in joinings(nets[:150], known, 60)] == [60, 60, 30]
    assert [len(record["patch"]) for record in returning] == [100, 50, 2]
    assert returning[2]["patch"] == [
        {"op": "remove", "path": 'members[value eq "u1"]'},
        {"op": "add", "path": "members", "value": [{"value": "bulkId:u1"}]},
    ]
    assert returning[0]["_row"] == 3


def test_one_record_holds_a_thousand_members_at_most():
    """A record of 1 MB cannot be read, whatever the provider takes in one request."""
    joined = net(
        (touch for number in range(1001) for touch in touches(joins(number, f"u{number:04}"))), NOTHING_GONE
    )

    assert [len(record["patch"]) for record in leavings(joined, NOTHING_GONE, 8000)] == [1000, 1]


def test_a_group_that_was_made_goes_with_the_members_that_the_run_put_into_it():
    """They were taken out of it before, a hundred in a request. Who was in it before is none of them."""
    (record,) = inverse(taken(CREATE, 2, GROUP, "g1", after={"displayName": "Sales"}), NOTHING_GONE)
    known = Ids(made={"g1"}, recreated={"u2": "n2"})
    nets = [*net([*touches(joins(7)), *touches(joins(9, "u2"))], known)]

    found = with_own_members(record, nets, known)

    assert found["expect"] == {"*": {"displayName": "Sales"}, "members.own": ["u1", "u2", "n2"]}
    assert found["_steps"] == [2, 7, 9]
    assert with_own_members(record, [], known) == record


def test_report_that_is_made_again_with_its_manager_has_no_record_for_that():
    """Each of them was read by its id, and found to have its manager."""
    step = taken(DELETE, before={"userName": "ada@x"}, reports=("u2", "u3"))

    made, report = records(step, Ids(deleted={"u1", "u2"}, returning={("u2", "u1")}))

    assert (made["op"], report["op"], report["id"]) == ("create", "patch", "u3")


def test_what_was_deleted_twice_is_made_again_once():
    """As it was before the first time: a tenant that only deactivates may be asked twice."""

    class Twice(Ids):
        def went_before(self, resource_id, step):
            return step > 3

    first, second = (taken(DELETE, number, before={"userName": "ada@x"}) for number in (3, 7))
    known = Twice(deleted={"u1"})

    assert [record["op"] for record in records(first, known)] == ["create"]
    assert records(second, known) == []


def test_reports_that_an_earlier_rollback_left_point_to_the_new_id():
    """Their manager is there again: the users that did not report to them are set again."""
    step = taken(DELETE, before={"userName": "ada@x"}, reports=("u2",))

    (found,) = records(step, Ids(recreated={"u1": "n1"}))

    assert found["patch"] == [{"op": "replace", "path": MANAGER, "value": {"value": "n1"}}]
    assert found["expect"] == {f"{MANAGER}.value": "u1"}


def test_no_user_returns_to_a_group_that_it_was_in_through_another():
    """Where no group shows its members, what the user showed counts, except memberships through other groups."""
    groups = [{"value": "g1", "type": "indirect"}, {"value": "g2", "type": "direct"}, {"value": 3}]
    step = taken(DELETE, before={"groups": groups})

    assert [touch.group for touch in touches(step)] == ["g2"]


def test_the_old_id_of_a_recreated_user_leaves_with_its_return():
    """By this rollback or by an earlier one: some servers list the old id still."""
    step = taken(DELETE, before={"userName": "ada@x"}, groups=("g1",))

    for known, new in ((Ids(deleted={"u1"}), "bulkId:u1"), (Ids(recreated={"u1": "n1"}), "n1")):
        (found,) = joinings(net(touches(step), known), known, 100)
        assert found["patch"] == [
            {"op": "remove", "path": 'members[value eq "u1"]'},
            {"op": "add", "path": "members", "value": [{"value": new}]},
        ]


def test_where_a_part_was_taken_back_the_last_touch_is_not_trusted():
    """Removed, added again, and the adding alone undone: they are out, and return."""
    out = taken(Action.REMOVE_MEMBER, 1, GROUP, "g1", member="u1")
    back = taken(Action.ADD_MEMBER, 2, GROUP, "g1", member="u1")
    touched = [*touches(out), *(replace(touch, undone=True) for touch in touches(back))]

    assert [one.joins for one in net(touched, NOTHING_GONE)] == [True]
    assert list(net([*touches(out), *touches(back)], NOTHING_GONE)) == []


def test_a_user_recreated_without_its_manager_gets_it_now():
    """The earlier rollback failed at that; where another user has set another manager since, that one stays."""
    step = taken(DELETE, before={"userName": "ada@x", ENTERPRISE: {"manager": {"value": "m1"}}})

    (found,) = records(step, Ids(recreated={"u1": "n1", "m1": "n2"}, half={"u1"}))

    assert (found["id"], found["expect"]) == ("n1", {f"{MANAGER}.value": None})
    assert found["patch"] == [{"op": "replace", "path": MANAGER, "value": {"value": "n2"}}]
    assert records(step, Ids(recreated={"u1": "n1", "m1": "n2"})) == []


def test_a_recreated_user_leaves_by_both_ids():
    """A group that was not theirs before may list either."""
    step = taken(Action.ADD_MEMBER, 1, GROUP, "g1", member="u1")
    known = Ids(recreated={"u1": "n1"})

    (found,) = leavings(net(touches(step), known), known, 100)

    assert [one["path"] for one in found["patch"]] == ['members[value eq "u1"]', 'members[value eq "n1"]']


@pytest.mark.parametrize(
    ("groups", "shown", "expects"),
    [
        (None, {}, True),
        (None, {"groups": []}, True),
        ((), {}, False),
        (None, {"groups": [{"value": "g1"}]}, False),
    ],
)
def test_a_user_whose_groups_were_not_recorded_is_recreated_with_a_mark(groups, shown, expects):
    """Its row cannot end as plainly done: the memberships are not known, and are lost."""
    [record] = records(taken(DELETE, before={"userName": "ada@x", **shown}, groups=groups), Ids({"u1"}))

    assert record.get("expect") == ({"groups.unrecorded": True} if expects else None)


def test_members_that_a_change_of_others_took_out_return():
    """The tenant took the addition of one for the list of all."""
    joined = taken(Action.ADD_MEMBER, 4, GROUP, "g1", member="u1", lost=("u2", "u3"))

    assert netted(joined) == [("g1", "u1", False), ("g1", "u2", True), ("g1", "u3", True)]
