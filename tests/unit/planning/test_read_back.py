"""What a row that is read back must show before it is done."""

from dataclasses import replace

import pytest

from bulkscim.model.live import (
    Found,
    Member,
    Membership,
    Missing,
    Parent,
    ParentLater,
    ParentReady,
    Shown,
    Unreadable,
)
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Key, Reference, Role, Verb
from bulkscim.model.row import Applied, Facts, RowRules, RowState
from bulkscim.planning.decision import Later, Policy, Settle, Wait
from bulkscim.planning.next_step import next_step
from bulkscim.planning.read_back import chosen
from tests.support.making.providers import GENERIC
from tests.support.making.rows import ADA, BOSS, SALES, changes, creates, done, joins, user

ALL = Policy(RowRules(read_back="all"))
BY_ID = Shown(Key(USER, "id", "u1"))
SOON, LATER = Shown(Key(USER, "id", "u1"), 1), Shown(Key(USER, "id", "u1"), 2)
LEAD = {"title": "Lead"}


def decide(row, facts, live=None, policy=ALL):
    """Return what the row does next."""
    return next_step(row, facts, live or {}, policy)


def seen(row, facts, answer, live=None, on=BY_ID):
    """Return how a row ends that sees the same twice."""
    ended = decide(row, facts, {**{on._replace(looks=looks): answer for looks in range(3)}, **(live or {})})
    assert isinstance(ended, Settle)
    return ended


ROWS = [
    (creates(data=LEAD), "create"),
    (creates(data=LEAD, verb=Verb.UPSERT), "update"),
    (changes(Verb.REPLACE, data=LEAD), "replace"),
    (changes(Verb.PATCH, patch=[("replace", "title", "Lead")]), "patch"),
    (changes(Verb.PATCH, patch=[("replace", None, LEAD)]), "patch"),
    (changes(Verb.PATCH, patch=[("replace", "title", "Dev"), ("replace", "title", "Lead")]), "patch"),
]


@pytest.mark.parametrize(("row", "part"), ROWS)
def test_what_was_sent_must_be_shown(row, part):
    """As sent the row is done; as it was before the row fails, and says at which path and what is shown."""
    facts, known = done(part), {ADA: user()}

    assert decide(row, facts, known) == Wait(BY_ID)
    assert seen(row, facts, user(title="Lead"), known).state is RowState.DONE
    ended = seen(row, facts, user(title="Old"), known)
    assert (ended.state, ended.id) == (RowState.FAILED, "u1")
    assert "title not set: the tenant accepted it and shows 'Old'" in ended.detail
    assert (
        "title not set: the tenant accepted it and changed nothing" in seen(row, facts, user(), known).detail
    )


def test_what_is_not_shown_is_looked_at_again_first():
    """A tenant may show a write some time after it."""
    row, facts = creates(data=LEAD), done("create")

    old, late = {BY_ID: Missing(), SOON: Missing()}, replace(GENERIC, visibility_lag_s=30.0)
    policy = Policy(RowRules(read_back="all"), profile=late)

    assert decide(row, facts, {BY_ID: Missing()}) == Wait(SOON)
    assert decide(row, facts, {BY_ID: Missing(), SOON: user(title="Lead")}).state is RowState.DONE
    assert decide(row, facts, old, policy) == Wait(LATER)
    assert decide(row, facts, old | {LATER: user(title="Lead")}, policy).state is RowState.DONE
    gone = seen(row, facts, Missing())
    assert (
        gone.detail == "created; the whole of it not set: the tenant accepted it and shows no such resource"
    )


def test_what_cannot_be_read_back_fails():
    """Nothing is guessed; the status is the tenant's."""
    ended = seen(creates(data=LEAD), done("create"), Unreadable("answered 500: broken", 500))

    assert (ended.state, ended.status) == (RowState.FAILED, 500)
    assert "it could not be read back: answered 500: broken" in ended.detail


@pytest.mark.parametrize("verb", [Verb.ACTIVATE, Verb.DEACTIVATE])
def test_active_must_be_shown_as_sent(verb):
    """Text is as good as a boolean."""
    row, facts = changes(verb), done(verb.value)
    wanted = verb is Verb.ACTIVATE

    assert seen(row, facts, user(active=str(wanted))).state is RowState.DONE
    assert (
        f"active not set: the tenant accepted it and shows {not wanted}"
        in seen(row, facts, user(active=not wanted)).detail
    )


def test_a_deactivated_user_may_be_hidden():
    """Where the tenant hides who is deactivated, not to be seen is as wanted; elsewhere it is not."""
    row, facts = changes(Verb.DEACTIVATE), done("deactivate")
    hides = Policy(RowRules(read_back="all"), profile=replace(GENERIC, lists_inactive=False))

    assert decide(row, facts, {BY_ID: Missing()}, hides).state is RowState.DONE
    assert seen(row, facts, Missing()).state is RowState.FAILED
    patched = changes(Verb.PATCH, patch=[("replace", "active", False)])
    assert decide(patched, done("patch"), {BY_ID: Missing()}, hides).state is RowState.DONE


def test_what_was_deleted_must_be_gone():
    """Or deactivated, which is all that some tenants do."""
    row, facts = changes(Verb.DELETE), done("delete")

    assert decide(row, facts) == Wait(BY_ID)
    assert seen(row, facts, Missing()).state is RowState.DONE
    assert seen(row, facts, user(active=False)).state is RowState.DONE
    assert (
        seen(row, facts, user(active=True)).detail
        == "delete not done: the tenant accepted it and left it there"
    )


@pytest.mark.parametrize(("verb", "present"), [(Verb.ADD_MEMBER, True), (Verb.REMOVE_MEMBER, False)])
def test_a_membership_must_be_as_sent(verb, present):
    """It is read in its group."""
    row, facts = (
        joins(verb, Key(USER, "id", "u1")),
        Facts({"member:Sales": Applied("member:Sales", "g1", 204)}),
    )
    on = Shown(Membership("g1", "u1"))

    assert decide(row, facts) == Wait(on)
    assert seen(row, facts, Member(present), on=on).state is RowState.DONE
    said = seen(row, facts, Member(not present), on=on).detail
    assert said.endswith(
        "the tenant accepted it and " + ("does not list it" if present else "still lists it")
    )


def test_groups_and_manager_of_a_user_are_read_back():
    """Each where it shows: the group's members, the user's own extension."""
    row = creates(Reference(Role.GROUP, SALES), Reference(Role.MANAGER, BOSS), producers=(None, 7))
    applied = {"create": Applied("create", "u1"), "member:Sales": Applied("member:Sales", "g1")}
    facts = Facts({**applied, "manager": Applied("manager", "u1")})
    in_group = Shown(Membership("g1", "u1"))
    live = {Parent(7): ParentReady("u7"), in_group: Member(True)}

    assert decide(row, facts) == Wait(in_group)
    assert decide(row, facts, {in_group: Member(True)}) == Wait(Parent(7))
    managed = user(**{ENTERPRISE: {"manager": {"value": "u7"}}})
    assert seen(row, facts, managed, live).state is RowState.DONE
    assert f"{ENTERPRISE}:manager.value not set" in seen(row, facts, user(), live).detail


def test_members_that_a_group_was_made_with_are_read_back():
    """They show in the group itself."""
    row = changes(Verb.CREATE, SALES, data={"displayName": "Sales"})
    reference = Reference(Role.MEMBER, Key(USER, "id", "u1"))
    row = type(row)(1, row.operation._replace(references=(reference,)), (None,))
    facts = done("create", "member:u1", resource_id="g1")
    on, shown = Shown(Key(GROUP, "id", "g1")), {"id": "g1", "displayName": "Sales"}

    assert seen(row, facts, Found({**shown, "members": [{"value": "u1"}]}), on=on).state is RowState.DONE
    assert 'members[value eq "u1"] not set' in seen(row, facts, Found(shown), on=on).detail


def test_secrets_and_paths_that_are_not_understood_are_not_looked_at():
    """What cannot be seen cannot be held against the tenant."""
    patch = [("replace", "password", "x"), ("replace", "emails[type", "y"), ("replace", "title", "Lead")]

    assert seen(changes(Verb.PATCH, patch=patch), done("patch"), user(title="Lead")).state is RowState.DONE
    assert seen(creates(data={"password": "x"}), done("create"), user()).state is RowState.DONE


def test_what_an_earlier_stay_wrote_is_not_held_against_the_tenant():
    """Another row may have changed it since; what this stay wrote is looked at."""
    row = creates(Reference(Role.GROUP, SALES), data=LEAD)
    made = Applied("create", "u1", 201, earlier=True)
    joined = Applied("member:Sales", "g1", 204)

    assert (
        decide(row, Facts({"create": made, "member:Sales": replace(joined, earlier=True)})).state
        is RowState.DONE
    )
    assert decide(row, Facts({"create": made, "member:Sales": joined})) == Wait(Shown(Membership("g1", "u1")))


def test_a_row_that_failed_by_it_is_read_back_again():
    """Its end says so, and its next one says it no more once all is as it was sent."""
    row, facts = (
        creates(data=LEAD),
        Facts({"create": Applied("create", "u1", 201, earlier=True)}, unproved=True),
    )

    assert decide(row, facts) == Wait(BY_ID)
    assert seen(row, facts, user()).unlike
    again = seen(row, facts, user(title="Lead"))
    assert (again.state, again.unlike) == (RowState.DONE, False)


def test_a_row_is_read_back_before_it_is_left_for_later():
    """Who comes later may change what it wrote; what is as sent leaves the rest for later all the same."""
    row = creates(Reference(Role.MANAGER, BOSS), producers=(7,), data=LEAD)
    facts, parent = done("create"), {Parent(7): ParentLater(7)}

    assert decide(row, facts, parent) == Wait(BY_ID)
    assert isinstance(decide(row, facts, {**parent, BY_ID: user(title="Lead")}), Later)
    assert seen(row, facts, user(), parent).unlike


def test_what_a_part_left_out_is_not_looked_for():
    """It ends skipped and says what it left."""
    facts = Facts({"patch": Applied("patch", "u1", 200, left=("title is 'Old', expected 'Dev'",))})
    ended = decide(changes(Verb.PATCH, patch=[("replace", "title", "Lead")]), facts)

    assert ended.state is RowState.SKIPPED


def test_nothing_is_read_back_where_nothing_was_written_or_asked():
    """A noop costs no read, and a run that does not ask costs none either."""
    found = decide(
        changes(Verb.PATCH, patch=[("replace", "title", "Lead")]), Facts(), {ADA: user(title="Lead")}
    )
    assert found.state is RowState.NOOP
    assert decide(creates(data=LEAD), done("create"), policy=Policy()).state is RowState.DONE


def test_a_sample_is_the_same_after_a_resume_and_about_one_in_twenty():
    """It depends on the run and the row alone; the first rows are always in it."""
    policy = Policy(RowRules(read_back="sample"), run="20261121T221003-people")
    rows = [row for row in range(1, 10_001) if chosen(policy, row)]

    assert rows[:3] == [1, 2, 3]
    assert 400 < len(rows) < 600
    assert rows == [row for row in range(1, 10_001) if chosen(policy, row)]
    other = Policy(RowRules(read_back="sample"), run="20261121T221004-people")
    assert rows != [row for row in range(1, 10_001) if chosen(other, row)]
    assert not any(chosen(Policy(), row) for row in range(1, 100))


@pytest.mark.parametrize(
    ("shown", "on_drift", "state"),
    [
        (("u1", "u2"), "part", RowState.DONE),
        (("u1",), "part", RowState.FAILED),
        ((), "part", RowState.DONE),
        (("u1",), "row", RowState.DONE),
    ],
)
def test_a_member_that_a_rollback_returns_and_that_is_not_shown_next_to_others_is_missing(
    shown, on_drift, state
):
    """It was seen in the group before. A group that shows none of them may hide them, and so may any group of a run."""
    sales = Key(GROUP, "id", "g1")
    patch = [("add", "members", [{"value": one}]) for one in ("u1", "u2")]
    row = changes(Verb.PATCH, patch=patch, target=sales)
    facts = Facts({"patch": Applied("patch", "g1", 200, doubted=("members",))})
    answer = Found({"id": "g1", "displayName": "Sales", "members": [{"value": one} for one in ("x", *shown)]})
    policy = Policy(RowRules(), on_drift=on_drift)

    ended = next_step(row, facts, {Shown(sales, looks): answer for looks in range(3)}, policy)
    assert ended.state is state
