"""Rules of next_step that a provider's profile switches on."""

from dataclasses import replace

import pytest

from bulkscim.model.live import (
    Found,
    ListedGroups,
    Member,
    Membership,
    Missing,
    OwnGroups,
    Resembling,
    Shown,
    Unreadable,
)
from bulkscim.model.operation import GROUP, USER, Key, Operation, Reference, Role, Verb
from bulkscim.model.row import Applied, Facts, Refusal, Row, RowRules, RowState
from bulkscim.model.step import Action, Change, Step
from bulkscim.planning.decision import Policy, Settle, Wait
from bulkscim.planning.effects import deactivates
from bulkscim.planning.next_step import next_step
from bulkscim.planning.order import claims
from bulkscim.planning.recover import Evidence
from tests.support.making.providers import GENERIC, LUCID
from tests.support.making.rows import ADA, SALES, changes, creates, done, group, joins, user

LICENCES = "urn:example:lucid:1.0:User"
HIDES = Policy(profile=replace(GENERIC, lists_inactive=False, id_prefixes={USER: "lucid-"}))
MAY_MOVE = Policy(profile=LUCID)
MOVES = Policy(profile=replace(GENERIC, one_group=True, removes_by_value=True))
IGNORES = Policy(
    profile=replace(GENERIC, may_ignore=(LICENCES, "canEdit"), ignored_advice="use a licence group")
)
BY_ID = Key(USER, "id", "u1")
LISTED = ListedGroups(BY_ID)
SHOWN = Shown(BY_ID)
NOTHING = Facts()


def decide(row, facts=NOTHING, live=None, policy=HIDES):
    return next_step(row, facts, live or {}, policy)


def test_absence_of_what_may_be_hidden_is_no_success_of_a_delete():
    """Where not all users are shown, one that is not shown may still be there."""
    ended = decide(changes(Verb.DELETE), live={ADA: Missing()})

    assert isinstance(ended, Settle)
    assert (ended.state, ended.status) == (RowState.FAILED, None)
    assert "hides deactivated users: name such a user by id" in ended.detail


def test_absence_of_a_group_is_proved_all_the_same():
    """Only users are hidden."""
    ended = decide(changes(Verb.DELETE, SALES), live={SALES: Missing()})

    assert isinstance(ended, Settle)
    assert ended.state is RowState.NOOP


def test_no_group_is_looked_for_where_a_provider_has_none():
    """A plan said that the group would be created, and the run was refused."""
    policy = Policy(RowRules(create_groups=True), profile=replace(GENERIC, groups=False, title="GitLab"))

    ended = decide(joins(), policy=policy)

    assert (ended.state, ended.detail) == (RowState.FAILED, "GitLab has no groups; omit them")


def test_member_that_may_be_hidden_is_not_taken_as_removed():
    """A deactivated user may still be a member."""
    row = joins(Verb.REMOVE_MEMBER)
    ended = decide(row, live={SALES: group(), ADA: Missing()})

    assert isinstance(ended, Settle)
    assert ended.state is RowState.FAILED


def test_id_of_another_form_is_said_to_be_one():
    """An id that lacks the provider's prefix is most likely a bare number from elsewhere."""
    key = Key(USER, "id", "1234")
    ended = decide(changes(Verb.DEACTIVATE, key), live={key: Missing()})

    assert isinstance(ended, Settle)
    assert ended.detail == "no User with id 1234: ids begin with lucid- here"


def test_conflict_with_nothing_to_see_names_who_may_hold_the_name():
    """The tenant's words, ours, and what the profile advises."""
    facts = Facts(taken=Refusal("create", 409, "uniqueness", "taken", "invite the person"))
    ended = decide(creates(), facts, {ADA: Missing(), Resembling(ADA): ()})

    assert isinstance(ended, Settle)
    assert ended.detail == (
        "ada@example.com is held by something this token cannot see: a deactivated user, or an account outside "
        "this tenant (the tenant said: taken); invite the person"
    )


def test_advice_follows_what_the_tenant_said():
    """A refusal that the profile knows more about says it."""
    facts = Facts(refused={"delete": Refusal("delete", 409, None, "no", "name another owner first")})
    ended = decide(changes(Verb.DELETE), facts)

    assert isinstance(ended, Settle)
    assert ended.detail == "no; name another owner first"


def test_join_reads_the_groups_that_the_user_leaves_by_it():
    """Recorded before it is sent: the group before stands in the step's changes."""
    row, need = joins(), Membership("g1", "u1")
    live = {SALES: group(), ADA: user(), need: Member(present=False), LISTED: Missing()}

    assert decide(row, live=live, policy=MOVES) == Wait(BY_ID)
    before = [{"value": "g7", "display": "Old"}, {"value": "g1"}]
    live[OwnGroups(("u1",))] = {}
    step = decide(row, live={**live, BY_ID: user(groups=before)}, policy=MOVES)
    assert isinstance(step, Step)
    assert step.changes[1] == Change("groups", [{"value": "g7", "display": "Old"}], [{"value": "g1"}])
    step = decide(row, live={**live, BY_ID: user()}, policy=MOVES)
    assert isinstance(step, Step)
    assert len(step.changes) == 1


def test_a_listing_that_tells_the_groups_of_users_tells_who_is_in_this_one():
    """Each group was read by its id for that."""
    row, known = joins(), {SALES: group(), ADA: user()}
    there = Found(user(groups=[{"value": "g1"}]).resource, is_listed=True)

    assert decide(row, live=known, policy=MOVES) == Wait(LISTED)
    assert decide(row, live={**known, LISTED: Missing()}, policy=MOVES) == Wait(Membership("g1", "u1"))
    assert decide(row, live={**known, LISTED: there}, policy=MOVES).state is RowState.NOOP
    assert isinstance(
        decide(row, live={**known, LISTED: replace(user(), is_listed=True)}, policy=MOVES), Step
    )


def test_a_user_that_the_run_has_put_into_another_group_stays_there():
    """An earlier row is done by that group. The rows may have named the user or the group in two ways."""
    row, need = joins(), Membership("g1", "u1")
    live = {SALES: group(), ADA: user(), need: Member(present=False), LISTED: Missing()}
    live[BY_ID] = user(groups=[{"value": "g7", "display": "Old"}])

    assert decide(row, live=live, policy=MOVES) == Wait(OwnGroups(("u1",)))
    ended = decide(row, live={**live, OwnGroups(("u1",)): {"u1": ("g7",)}}, policy=MOVES)
    assert isinstance(ended, Settle)
    assert ended.state is RowState.FAILED
    assert ended.detail == (
        "not sent: a user is in one group at a time, and an earlier row puts it into group Old"
    )


def moved(*parts, read=None):
    """Decide about a row that has added a user to g1, by which it may have left g7."""
    applied = {"member:Sales": Applied("member:Sales", "g1", leaves=("g7",))}
    applied |= {part: Applied(part, "g7", leaves=("g1",)) for part in parts}
    live = {SALES: group(), ADA: user()} | ({SHOWN: read} if read else {})
    return decide(joins(), Facts(applied), live | {OwnGroups(("u1",)): {"u1": ("g7", "g1")}}, policy=MAY_MOVE)


def test_a_user_that_has_left_a_group_of_the_run_is_put_back():
    """The run is not sure that additions move users: it looks, and restores what it has ended."""
    assert moved() == Wait(SHOWN)
    assert moved(read=user(groups=[{"value": "g7"}, {"value": "g1"}])).state is RowState.DONE
    back = moved(read=user(groups=[{"value": "g1"}]))
    assert isinstance(back, Step)
    assert (back.part, back.id, back.member) == ("back:member:Sales", "g7", "u1")
    assert back.leaves == ("g1",)
    ended = moved("back:member:Sales")
    assert (ended.state, ended.unlike) == (RowState.FAILED, True)
    assert ended.detail.endswith("where it is again")


def test_join_that_cannot_record_what_it_takes_away_is_not_sent():
    """Without the group before, the user could not be moved back."""
    live = {SALES: group(), ADA: user(), Membership("g1", "u1"): Member(present=False), LISTED: Missing()}
    ended = decide(joins(), live={**live, BY_ID: Unreadable("answered 500", 500)}, policy=MOVES)

    assert isinstance(ended, Settle)
    assert ended.state is RowState.FAILED
    assert "its group before cannot be recorded" in ended.detail


def test_user_that_the_row_has_just_made_is_in_no_group():
    """No read is spent on it; for a second group one is, since the first one is left by that."""
    other = Key(GROUP, "displayName", "Other")
    row = creates(Reference(Role.GROUP, SALES), Reference(Role.GROUP, other))
    live = {
        SALES: group(),
        other: group("g2", "Other"),
        Membership("g1", "u1"): Member(present=False),
        Membership("g2", "u1"): Member(present=False),
    }

    first = decide(row, done("create"), live, MOVES)
    assert isinstance(first, Step)
    assert first.id == "g1"
    assert decide(row, done("create", "member:Sales"), live, MOVES) == Wait(BY_ID)


def test_rows_that_move_one_user_keep_their_order():
    """The group that the user ends in is that of the last row; so the member is claimed as changed."""
    team = Row(1, Operation(Verb.CREATE, GROUP, SALES, references=(Reference(Role.MEMBER, ADA),)), (None,))
    (*_, moved), (*_, shared) = claims(team, moves=True), claims(team)

    assert moved.exclusive
    assert not shared.exclusive
    assert all(claims(joins(), moves=moves)[1].exclusive for moves in (True, False))


def test_member_is_removed_by_value_where_the_provider_says_so():
    """Elsewhere such a removal may empty the group."""
    live = {SALES: group(), ADA: user(), Membership("g1", "u1"): Member(present=True)}
    step = decide(joins(Verb.REMOVE_MEMBER), live=live, policy=MOVES)

    assert isinstance(step, Step)
    (operation,) = step.operations
    assert (operation.op, operation.path, operation.value) == ("remove", "members", [{"value": "u1"}])
    assert step.changes == (Change('members[value eq "u1"]', {"value": "u1"}, None),)


LICENSED = {LICENCES: {"productLicenses": {"Chart": True}}}


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (creates(data=LICENSED), "create"),
        (changes(Verb.REPLACE, data=LICENSED), "replace"),
        (changes(Verb.PATCH, patch=[("replace", f"{LICENCES}:productLicenses.Chart", True)]), "patch"),
        (changes(Verb.PATCH, patch=[("replace", None, LICENSED)]), "patch"),
    ],
)
def test_what_may_be_ignored_is_read_back(row, part):
    """A success proves nothing there: shown it is done, not shown the row fails with the way that works."""
    facts = done(part)

    assert decide(row, facts, policy=IGNORES) == Wait(SHOWN)
    seen = decide(row, facts, {SHOWN: user(**LICENSED)}, IGNORES)
    assert isinstance(seen, Settle)
    assert seen.state is RowState.DONE
    ended = decide(row, facts, {Shown(BY_ID, looks): user() for looks in range(3)}, IGNORES)
    assert isinstance(ended, Settle)
    assert ended.state is RowState.FAILED
    assert ended.detail.endswith("not set: the tenant accepted it and changed nothing; use a licence group")


def test_what_is_never_ignored_costs_no_read():
    """Only rows that hold such a part are read back."""
    assert isinstance(decide(creates(), done("create"), policy=IGNORES), Settle)
    assert isinstance(decide(creates(data={"canEditors": 1}), done("create"), policy=IGNORES), Settle)
    assert decide(creates(data={"canEdit": True}), done("create"), policy=IGNORES) == Wait(SHOWN)


def test_note_of_a_part_is_told_at_the_end():
    """What came back instead of being made is done, and says so."""
    row = changes(Verb.CREATE, SALES, data={"displayName": "Sales"})
    facts = Facts({"create": Applied("create", "g1", 201, note="not created but restored: Group g1")})
    ended = decide(row, facts, policy=Policy())

    assert ended == Settle(RowState.DONE, "not created but restored: Group g1", "g1", 201)


MAKES = Step("create", Action.CREATE, GROUP, body={"displayName": "Sales"})


@pytest.mark.parametrize(
    ("resource", "created", "said"),
    [
        ({"id": "g1"}, None, ""),
        ({"id": "g1"}, 999.0, ""),
        (
            {"id": "g1", "meta": {"created": "2019"}},
            900.0,
            "not created but restored: Group g1, created 2019",
        ),
        ({"id": "g1", "members": [{"value": "u1"}]}, None, "not created but restored: Group g1, members: 1"),
        ({"id": "g1", "members": []}, 1001.0, ""),
    ],
)
def test_old_resource_is_told_by_its_age_or_its_members(resource, created, said):
    """Made before the create began, or holding what was not asked for."""
    assert Evidence(started=1000.0, created=created).restored(MAKES, resource) == said


def test_members_that_were_asked_for_prove_nothing():
    """A group that is created with its members shows them."""
    step = Step("create", Action.CREATE, GROUP, body={"members": [{"value": "u1"}]})
    assert Evidence().restored(step, {"id": "g1", "members": [{"value": "u1"}]}) == ""


@pytest.mark.parametrize(
    ("kind", "path", "after", "expected"),
    [
        (USER, "active", False, True),
        (USER, "Active", "False", True),
        (USER, "active", True, False),
        (USER, "title", False, False),
        (GROUP, "active", False, False),
    ],
)
def test_deactivation_is_known_by_what_it_sets(kind, path, after, expected):
    """Whatever the verb."""
    assert deactivates(kind, (Change(path, True, after),)) is expected


def test_found_by_id_is_never_hidden():
    """A read by id that finds the user is as good as any."""
    step = decide(changes(Verb.ACTIVATE), live={ADA: Found({"id": "u1", "active": False})})

    assert isinstance(step, Step)
