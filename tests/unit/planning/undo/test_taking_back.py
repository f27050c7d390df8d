"""Taking back by parts: what others changed is left, the rest is done."""

from dataclasses import replace

import pytest

from bulkscim.model.live import (
    Found,
    Holders,
    ListedGroups,
    Member,
    Membership,
    Missing,
    Parent,
    ParentFailed,
    ParentReady,
    Referrers,
    Reports,
    Resembling,
)
from bulkscim.model.operation import (
    ENTERPRISE,
    GROUP,
    USER,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)
from bulkscim.model.row import Applied, Facts, Refusal, Row, RowRules, RowState
from bulkscim.model.step import Action, Step
from bulkscim.planning.compare import drifted
from bulkscim.planning.decision import Policy, Settle, Wait
from bulkscim.planning.next_step import next_step
from bulkscim.planning.sent_form import as_sent
from bulkscim.planning.undo.taking_back import NOT_SHOWN
from bulkscim.providers.profile import PLAIN
from tests.support.making.rows import changes, done, user

PART = Policy(RowRules("fail"), on_drift="part")
FORCE = Policy(RowRules("fail"), on_drift="force")
ADA = Key(USER, "id", "u1")
MANAGER = f"{ENTERPRISE}:manager"
NEW_BOSS = Reference(Role.VALUE, Key(USER, "ref", "m1"))
OWN = Key(USER, "id", "u1")
BACK = Policy(on_drift="part")
ACTIVE = ("replace", "active", True)
TITLE = ("replace", "title", "Old")


def back(*patch, expect, verb=Verb.PATCH, target=ADA, references=(), producers=()):
    """Return a row of a rollback."""
    operations = tuple(PatchOperation(*one) for one in patch)
    operation = Operation(verb, target.type, target, {}, operations, references, None, expect)
    return Row(5, operation, producers or (None,) * len(references))


TITLES = back(
    ("replace", "title", "Engineer"), ("remove", "nickName"), expect={"title": "Lead", "nickName": "Nick"}
)


def decided(row, live, policy=PART, facts=Facts(), **more):  # noqa: B008 - frozen
    """Return what comes next where Ada stands so."""
    answer = Missing() if live is None else Found({"id": "u1", "userName": "ada@x", **live})
    return next_step(row, facts, {row.operation.target: answer, **more.get("known", {})}, policy)


def test_only_what_drifted_is_left_out():
    """The rest goes back; the step says both values of what it leaves."""
    step = decided(TITLES, {"title": "Boss", "nickName": "Nick"})

    assert isinstance(step, Step)
    assert step.operations == (PatchOperation("remove", "nickName"),)
    assert step.left == ("drift: title is 'Boss', this run had set 'Lead'; left as it is",)


def test_a_row_that_left_something_is_skipped():
    """Also where the rest took effect, and after a crash in between: what was left is in the journal."""
    text = "drift: title is 'Boss', this run had set 'Lead'; left as it is"
    facts = Facts({"patch": Applied("patch", "u1", 200, left=(text,))})

    assert decided(TITLES, {"title": "Boss"}, facts=facts) == Settle(RowState.SKIPPED, text, "u1", 200)


def test_where_all_has_drifted_nothing_is_sent():
    """The row is skipped with every reason."""
    end = decided(TITLES, {"title": "Boss", "nickName": "Nicky"})

    assert isinstance(end, Settle)
    assert end.state is RowState.SKIPPED
    assert "'Boss'" in end.detail
    assert "'Nicky'" in end.detail


def test_what_is_back_already_is_no_drift():
    """Another user has done it: noop, without a message."""
    assert decided(TITLES, {"title": "Engineer"}).state is RowState.NOOP


def test_force_overwrites():
    """The expectation is not looked at."""
    step = decided(TITLES, {"title": "Boss", "nickName": "Nicky"}, FORCE)

    assert len(step.operations) == 2
    assert step.left == ()


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (TITLES, RowState.SKIPPED),
        (back(expect={}, verb=Verb.DELETE), RowState.NOOP),
        (back(("remove", 'members[value eq "u2"]'), expect={}, target=Key(GROUP, "id", "g1")), RowState.NOOP),
    ],
)
def test_what_is_gone_is_no_failure(row, state):
    """A value cannot go back; a delete and a removal have nothing left to do."""
    assert decided(row, None).state is state


def test_a_changed_resource_is_not_deleted():
    """What the run created and another user has changed since stays; else, or by force, it is deleted after a look at what refers to it."""
    row = back(expect={"*": {"userName": "ada@x", "active": True}}, verb=Verb.DELETE)

    same = decided(row, {"meta": {"version": "2"}, "groups": [{"value": "g1"}]})
    other = decided(row, {"title": "Boss"})

    assert isinstance(same, Wait)
    assert other.detail == "drift: title is 'Boss', this run had set None; left as it is"
    assert isinstance(decided(row, {"title": "Boss"}, FORCE), Wait)


@pytest.mark.parametrize(
    ("expected", "live", "paths"),
    [
        ({"title": "A"}, {"title": "A"}, []),
        ({"title": "A"}, {"title": "B"}, ["title"]),
        ({}, {"title": "B"}, ["title"]),
        ({"title": "A"}, {}, ["title"]),
        ({"active": True}, {}, []),
        ({}, {"active": "true"}, []),
        ({}, {"active": False}, ["active"]),
        ({"emails": []}, {}, []),
        (
            {"emails": [{"value": "a"}]},
            {"emails": [{"value": "a"}, {"value": "b"}]},
            ['emails[value eq "b"]'],
        ),
        ({"displayName": "G"}, {"displayName": "G", "members": [{"value": "u"}]}, ['members[value eq "u"]']),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, ["tags"]),
        ({"password": "x"}, {"id": "1", "meta": {}, "schemas": [], "groups": []}, []),
    ],
)
def test_a_whole_resource_is_looked_at_from_both_sides(expected, live, paths):
    """What only one side has is a difference, except what no client can set, and `active: true` that is not stated."""
    assert [change.path for change in drifted({"*": expected}, live)] == paths


@pytest.mark.parametrize("live", [{}, {"value": "m1"}, {"value": "m9"}])
def test_an_expected_reference_to_what_is_recreated_may_be_old_new_or_dropped(live):
    """Tenants keep or drop references to a deleted user."""
    expect = {f"{MANAGER}.value": "bulkId:m1"}

    assert drifted(expect, {ENTERPRISE: {"manager": live}}, {"bulkId:m1": "m9"}) == ()
    assert drifted(expect, {ENTERPRISE: {"manager": {"value": "m2"}}}, {"bulkId:m1": "m9"}) != ()


def members_row():
    """Return a row that restores two users, one of them recreated by row 2."""
    adds = [("add", "members", [{"value": one}]) for one in ("u2", "bulkId:m1")]
    group = Key(GROUP, "id", "g1")
    return back(*adds, expect={}, target=group, references=(NEW_BOSS,), producers=(2,))


def test_members_are_added_in_one_operation():
    """Each record's member is an operation of its own, so that one can be left out; they are sent as one."""
    known = {Parent(2): ParentReady("m9")}

    step = decided(members_row(), {"members": []}, known=known)

    assert step.operations == (PatchOperation("add", "members", [{"value": "u2"}, {"value": "m9"}]),)


def test_a_user_that_was_not_recreated_is_left_out():
    """The others return; the row says who does not and why."""
    known = {Parent(2): ParentFailed(2, "name still held by the server")}

    step = decided(members_row(), {"members": []}, known=known)

    assert step.operations == (PatchOperation("add", "members", [{"value": "u2"}]),)
    assert "row 2 failed: name still held by the server" in step.left[0]


def test_removals_by_value_are_merged():
    """A tenant that wants the member in the value gets all of them in one operation."""
    removals = [PatchOperation("remove", f'members[value eq "u{number}"]') for number in (1, 2)]

    assert as_sent(removals, by_value=True) == (
        PatchOperation("remove", "members", [{"value": "u1"}, {"value": "u2"}]),
    )
    assert as_sent(removals, by_value=False) == tuple(removals)


def restored():
    """Return a row that makes a deleted person again, whose name the tenant says is taken."""
    target = Key(USER, "userName", "ada@x")
    data = {"userName": "ada@x", "title": "Engineer"}
    taken = Facts(taken=Refusal("create", 409, "uniqueness", "taken"))
    return Row(5, Operation(Verb.CREATE, USER, target, data, ref="u1")), taken


def test_a_name_that_no_visible_user_has_is_looked_for_under_the_old_id():
    """There: it is brought back as it was, active."""
    row, facts = restored()
    live = {row.operation.target: Missing()}

    asked = next_step(row, facts, live, PART)
    step = next_step(
        row, facts, {**live, ADA: Found({"id": "u1", "userName": "ada@x", "active": False})}, PART
    )

    assert asked == Wait(ADA)
    assert step.id == "u1"
    assert {(one.path, one.value) for one in step.operations} == {("active", True), ("title", "Engineer")}


def test_a_name_that_the_server_keeps_is_a_failure():
    """Not there: the row fails, and says so."""
    row, facts = restored()

    name = row.operation.target
    read = {name: Missing(), ADA: Missing(), Resembling(name): ()}
    end = next_step(row, facts, read, PART)

    assert end.state is RowState.FAILED
    assert end.detail.startswith("name still held by the server")


@pytest.mark.parametrize(
    ("groups", "policy", "drifts"), [(["g2"], PART, False), (["g3"], PART, True), (["g3"], FORCE, False)]
)
def test_who_was_moved_on_since_stays_there(groups, policy, drifts):
    """Where people are in one group at a time, an add takes them out of theirs: only out of one that the run knows."""
    member = Reference(Role.MEMBER, ADA)
    expect = {"member.groups": ["g1", "g2"]}
    row = Row(
        5, Operation(Verb.ADD_MEMBER, GROUP, Key(GROUP, "id", "g1"), {}, (), (member,), None, expect), (None,)
    )
    ada = Found({"id": "u1", "groups": [{"value": one} for one in groups]})
    live = {Membership("g1", "u1"): Member(present=False), ADA: ada, ListedGroups(ADA): Missing()}

    decision = next_step(row, Facts(), live, replace(policy, profile=replace(PLAIN, one_group=True)))

    assert isinstance(decision, Settle) is drifts
    if drifts:
        assert decision.detail == "drift: u1 is in group g3 now; left as it is"


def test_a_member_that_the_tenant_refuses_keeps_no_other_out():
    """What is refused whole is halved until the bad one stands alone; the row names it and fails."""
    names = [f"u{number}" for number in range(8)]
    adds = [("add", "members", [{"value": name}]) for name in names]
    row = back(*adds, expect={}, target=Key(GROUP, "id", "g1"))
    members, refused, sent = [], {}, 0
    while not isinstance(
        decision := decided(row, {"members": members}, facts=Facts(refused=refused)), Settle
    ):
        asked = [entry["value"] for entry in decision.operations[0].value]
        sent += 1
        if "u5" in asked:
            refused = {**refused, decision.part: Refusal(decision.part, 400, None, "u5 is deactivated")}
        else:
            members = members + [{"value": name} for name in asked]

    assert {member["value"] for member in members} == set(names) - {"u5"}
    assert sent < len(names)
    assert decision.state is RowState.FAILED
    assert decision.detail == "member u5 could not return: u5 is deactivated"


def row(*patch, expect=None):
    """Return a record that takes back a deactivation."""
    return changes(Verb.PATCH, OWN, patch=patch or (ACTIVE,), expect=expect or {"active": False})


def refused(status):
    """Return the facts of a row whose activation was refused."""
    return Facts(refused={"activate": Refusal("activate", status, None, f"answered {status}")})


def test_hidden_user_is_activated_by_its_id():
    """It was reported as gone, by others, with a flag that cannot help; the tenant would have taken the change."""
    step = next_step(row(ACTIVE, TITLE), Facts(), {OWN: Missing()}, BACK)

    assert [(one.op, one.path, one.value) for one in step.operations] == [ACTIVE]
    assert (step.id, step.part) == ("u1", "activate")


@pytest.mark.parametrize(
    ("facts", "patch", "state", "told"),
    [
        (refused(404), (ACTIVE,), RowState.SKIPPED, NOT_SHOWN),
        (refused(410), (ACTIVE,), RowState.SKIPPED, NOT_SHOWN),
        (refused(400), (ACTIVE,), RowState.SKIPPED, "refused to activate"),
        (done("activate"), (ACTIVE,), RowState.DONE, ""),
        (done("activate"), (ACTIVE, TITLE), RowState.SKIPPED, "active was set; the rest was not"),
    ],
)
def test_hidden_user_is_reported_as_hidden(facts, patch, state, told):
    """What the answer to the activation says decides."""
    ended = next_step(row(*patch), facts, {OWN: Missing()}, BACK)

    assert isinstance(ended, Settle)
    assert ended.state is state
    assert told in ended.detail
    assert "drift" not in ended.detail


def test_rest_follows_once_the_user_is_shown():
    """The other values are restored under the usual rules of drift."""
    given = row(ACTIVE, TITLE, expect={"active": False, "title": "New"})
    step = next_step(given, done("activate"), {OWN: user(active=True, title="New")}, BACK)

    assert [one.path for one in step.operations] == ["title"]


@pytest.mark.parametrize(
    ("given", "policy", "state"),
    [
        (row(TITLE, expect={"title": "New"}), BACK, RowState.SKIPPED),
        (row(("replace", "active", False), expect={"active": True}), BACK, RowState.SKIPPED),
        (row(), Policy(), RowState.FAILED),
    ],
)
def test_other_rows_of_a_user_that_is_gone_send_nothing(given, policy, state):
    """Only an undo of a deactivation is sent unseen."""
    ended = next_step(given, Facts(), {OWN: Missing()}, policy)

    assert isinstance(ended, Settle)
    assert ended.state is state


SALES = Key(GROUP, "id", "g1")
MADE_GROUP = back(
    verb=Verb.DELETE,
    target=SALES,
    expect={"*": {"displayName": "Sales"}, "members.own": ["m1", "m2", "m3"]},
)
TWO_A_TIME = replace(PART, profile=replace(PLAIN, most_members=2))


def of_group(*members, policy=TWO_A_TIME, refused=(), applied=(), name="Sales"):
    """Return what comes next for the delete of a group that shows these members."""
    held = {"id": "g1", "displayName": name, "members": [{"value": one} for one in members]}
    facts = Facts(
        {part: Applied(part, "g1", 200) for part in applied},
        {part: Refusal(part, 409, None, "no") for part in refused},
    )
    known = {Holders(GROUP, "g1", "id"): Referrers(())}
    return next_step(MADE_GROUP, facts, {SALES: Found(held), **known}, policy)


def leaving(step):
    """Return the members that a step takes out of its group."""
    return [one.path for one in step.operations]


@pytest.mark.parametrize("members", [(), ("m1",), ("m3", "m1", "m2")])
def test_a_group_that_shows_only_own_members_is_deleted_with_them(members):
    """One request undoes all that the run did to it."""
    assert of_group(*members).action is Action.DELETE


@pytest.mark.parametrize(("members", "name"), [(("m1", "other", "m3"), "Sales"), (("m1", "m3"), "Renamed")])
def test_a_group_that_others_have_changed_stays_without_the_own_members(members, name):
    """Who has joined it since stays in it, and a changed name is kept."""
    step = of_group(*members, name=name)

    assert (step.action, leaving(step)) == (Action.MODIFY, ['members[value eq "m1"]'])
    step = of_group("other", "m3", name=name, applied=[step.part])
    assert leaving(step) == ['members[value eq "m3"]']
    end = of_group("other", name=name, applied=["patch:1-2", step.part])
    assert end.state is RowState.SKIPPED
    assert "drift: " in end.detail


def test_an_own_member_that_cannot_leave_is_told():
    """The request with it is halved, and the row says so."""
    step = of_group("m1", "m2", "other", refused=["patch:1-2"])
    assert leaving(step) == ['members[value eq "m1"]']
    end = of_group("m2", "other", applied=["patch:1-1"], refused=["patch:1-2", "patch:2-2"])

    assert end.state is RowState.SKIPPED
    assert "could not leave: no" in end.detail


def test_a_group_that_cannot_be_deleted_with_members_is_emptied_first():
    """Some services refuse that. A refusal for another reason is not hidden by it."""
    emptied = of_group("m1", refused=["delete"])
    assert (emptied.action, leaving(emptied)) == (Action.MODIFY, ['members[value eq "m1"]'])

    again = of_group(refused=["delete"], applied=[emptied.part])
    assert (again.action, again.part) == (Action.DELETE, "delete:emptied")
    stuck = of_group("m1", refused=["delete", emptied.part, "patch:1-1"])
    assert stuck.state is RowState.FAILED
    assert of_group(refused=["delete", "delete:emptied"], applied=[emptied.part]).state is RowState.FAILED


def test_a_group_whose_members_were_deleted_after_its_delete_was_refused_is_deleted_then():
    """Rows of the rollback run at the same time: the users went while the group was to be emptied."""
    again = of_group(refused=["delete"])

    assert (again.action, again.part) == (Action.DELETE, "delete:emptied")
    assert of_group(refused=["delete", "delete:emptied"]).state is RowState.FAILED


def test_told_to_a_group_is_deleted_with_all_members():
    """--on-drift force."""
    assert of_group("m1", "other", policy=FORCE).action is Action.DELETE


UNPROVED = back(
    ("remove", 'members[value eq "m1"]'),
    ("remove", 'members[value eq "m2"]'),
    expect={"members.unproved": ["m2"]},
    target=SALES,
)


@pytest.mark.parametrize(
    ("shown", "policy", "goes"),
    [
        (("m1", "m2"), PART, {"m1", "m2"}),
        (("m1",), PART, {"m1"}),
        ((), PART, {"m1"}),
        (("m1",), FORCE, {"m1", "m2"}),
        ((), replace(PART, profile=replace(PLAIN, lists_members=False)), {"m1", "m2"}),
    ],
)
def test_a_member_whose_absence_was_not_proved_leaves_only_where_it_is_shown(shown, policy, goes):
    """Hidden then and now, it may have been in the group all the time."""
    held = {"id": "g1", "displayName": "Sales", "members": [{"value": one} for one in shown]}
    step = next_step(UNPROVED, Facts(), {SALES: Found(held)}, policy)

    assert isinstance(step, Step)
    assert leaving(step) == [f'members[value eq "{one}"]' for one in sorted(goes)]
    assert [text.split(":")[0] for text in step.left] == [f"member {one}" for one in {"m1", "m2"} - goes]


def test_a_user_that_is_recreated_without_its_groups_is_not_plainly_done():
    """It is there again, and its memberships are lost: nothing but its row says so."""
    operation = Operation(
        Verb.CREATE,
        USER,
        Key(USER, "userName", "ada@x"),
        {"userName": "ada@x"},
        expect={"groups.unrecorded": True},
    )
    made = Facts({"create": Applied("create", "u9", 201)})
    ended = next_step(Row(5, operation), made, {}, PART)

    assert isinstance(ended, Settle)
    assert (ended.state, ended.id) == (RowState.SKIPPED, "u9")
    assert "add it to its groups" in ended.detail


@pytest.mark.parametrize(("active", "deletes"), [(False, True), ("False", True), (True, False)])
def test_a_user_that_was_created_inactive_is_deleted_by_its_id_where_it_is_not_shown(active, deletes):
    """The tenant may hide it: that it is not shown does not say that it is gone."""
    row = back(verb=Verb.DELETE, expect={"*": {"userName": "ada@x", "active": active}})
    known = {Holders(USER, "u1", "id"): Referrers(()), Reports("u1"): Referrers(())}
    outcome = decided(row, None, known=known)

    assert isinstance(outcome, Step if deletes else Settle)
    assert (getattr(outcome, "action", None), outcome.id) == (
        (Action.DELETE, "u1") if deletes else (None, None)
    )
