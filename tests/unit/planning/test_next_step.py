"""The rules of next_step, one at a time."""

from dataclasses import replace

import pytest

from bulkscim.model.live import (
    Ambiguous,
    Found,
    Holders,
    Maker,
    Member,
    Membership,
    Missing,
    NameHeld,
    Origin,
    Parent,
    ParentFailed,
    ParentLater,
    ParentReady,
    Referrers,
    Reports,
    Resembling,
    Unreadable,
)
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Key, Reference, Role, Verb
from bulkscim.model.row import Applied, Facts, Refusal, RowRules, RowState
from bulkscim.model.step import Action, Step, Ties
from bulkscim.planning.decision import Later, Policy, Settle, Wait
from bulkscim.planning.next_step import next_step
from tests.support.making.providers import GENERIC
from tests.support.making.rows import (
    ADA,
    BOSS,
    MANAGER_PATH,
    SALES,
    changes,
    creates,
    done,
    group,
    joins,
    user,
)

POLICY = Policy()
NOTHING = Facts()
HAS_MANAGER = Reference(Role.MANAGER, BOSS)
IN_SALES = Reference(Role.GROUP, SALES)
TAKEN = Facts(taken=Refusal("create", 409, "uniqueness", "userName is taken"))
BY_ID = Key(USER, "id", "u1")
PROOF = Membership("g1", "u1", proof=True, asks_member=True)
FIRST_USER, FIRST_GROUP = Origin(USER, "u1"), Origin(GROUP, "g1")


def decide(row, facts=NOTHING, live=None, policy=POLICY):
    return next_step(row, facts, live or {}, policy)


def settled(decision):
    assert isinstance(decision, Settle), decision
    return decision.state


@pytest.mark.parametrize(("verb", "looks_always", "fails"), [
    (Verb.CREATE, True, True),
    (Verb.UPSERT, True, True),
    (Verb.UPSERT, False, False),
])  # fmt: skip
def test_a_name_that_nothing_proves_absent_is_not_created_where_a_create_is_answered_with_what_exists(
    verb, looks_always, fails
):
    """Such a row was looked up again and again, for ever. Elsewhere the tenant refuses a second one."""
    live = {ADA: Missing(), Key(USER, "externalId", "E1"): Missing(unproved="no User shows externalId")}
    row = creates(data={"externalId": "E1"}, verb=verb)

    decision = decide(row, live=live, policy=Policy(looks_always=looks_always))

    assert isinstance(decision, Settle if fails else Step)
    assert not fails or (decision.state is RowState.FAILED and "it may be there" in decision.detail)


def test_an_upsert_sets_the_manager_with_the_rest_and_reads_nothing_for_it():
    """Its user was read again after each change, to look at the manager."""
    row, known = creates(HAS_MANAGER, verb=Verb.UPSERT), {BOSS: user("u9", userName="boss@example.com")}
    managed = user(**{ENTERPRISE: {"manager": {"value": "u9"}}})

    step = decide(row, live={ADA: user(), **known})
    assert isinstance(step, Step)
    assert (step.part, step.covers, [change.after for change in step.changes]) == (
        "update",
        ("manager",),
        ["u9"],
    )
    assert settled(decide(row, live={ADA: managed, **known})) is RowState.NOOP


def test_user_is_created_without_a_lookup():
    """The server keeps userName unique, so a lookup before each create would double the requests."""
    step = decide(creates())

    assert isinstance(step, Step)
    assert (step.method, step.part, step.body) == ("POST", "create", {"userName": "ada@example.com"})


def test_user_whose_name_was_seen_is_looked_up_before_it_is_created():
    """Where nothing says that the server refuses a second user of a name. Before, it was made twice, exit 0."""
    held, policy = NameHeld(ADA), Policy(profile=replace(GENERIC, assumes_unique=True))

    assert decide(creates(), policy=policy) == Wait(held)
    assert isinstance(decide(creates(), live={held: False}, policy=policy), Step)
    assert decide(creates(), live={held: True}, policy=policy) == Wait(ADA)
    seen = {held: True, ADA: user(), FIRST_USER: Maker()}
    assert settled(decide(creates(), live=seen, policy=policy)) is RowState.ADOPTED
    assert isinstance(decide(creates(), live={held: True, ADA: Missing()}, policy=policy), Step)


def test_group_is_looked_up_before_it_is_created():
    """Servers let groups be duplicated, so their absence must be proved first."""
    row = changes(Verb.CREATE, SALES, data={"displayName": "Sales"})

    assert decide(row) == Wait(SALES)
    assert isinstance(decide(row, live={SALES: Missing()}), Step)
    assert settled(decide(row, live={SALES: group(), FIRST_GROUP: Maker()})) is RowState.ADOPTED


def test_create_waits_for_its_manager_and_carries_it():
    """A manager whose id is known goes with the create; no second request is needed."""
    row = creates(HAS_MANAGER, producers=(7,))

    assert decide(row) == Wait(Parent(7))
    step = decide(row, live={Parent(7): ParentReady("u7")})
    assert isinstance(step, Step)
    assert step.body[ENTERPRISE] == {"manager": {"value": "u7"}}
    assert step.covers == ("manager",)


def test_manager_that_comes_later_is_left_to_a_part_of_its_own():
    """The person is created now; the manager is set by a later pass."""
    row = creates(HAS_MANAGER, producers=(7,))
    live = {Parent(7): ParentLater(7)}

    step = decide(row, live=live)
    assert isinstance(step, Step)
    assert step.covers == ()
    assert decide(row, done("create"), live) == Later(Parent(7))


def test_manager_is_set_when_it_is_there():
    """The part left over reads the person again, and changes only what is not so yet."""
    row = creates(HAS_MANAGER, producers=(7,))
    live = {Parent(7): ParentReady("u7"), BY_ID: user()}

    step = decide(row, done("create"), live)
    assert isinstance(step, Step)
    assert [(one.path, one.value) for one in step.operations] == [(MANAGER_PATH, {"value": "u7"})]
    already = {**live, BY_ID: user(**{ENTERPRISE: {"manager": {"value": "u7"}}})}
    assert settled(decide(row, done("create"), already)) is RowState.DONE


def test_person_who_is_their_own_manager_is_created_first():
    """Exports often name the head of the company so."""
    row = creates(Reference(Role.MANAGER, ADA), producers=(1,), number=1)

    assert decide(row).covers == ()
    step = decide(row, done("create"), {BY_ID: user()})
    assert [(one.path, one.value) for one in step.operations] == [(MANAGER_PATH, {"value": "u1"})]


def test_row_whose_parent_failed_is_skipped_with_the_reason():
    """Nothing of a row is sent whose parent ended without its resource."""
    decision = decide(
        creates(HAS_MANAGER, producers=(7,)), live={Parent(7): ParentFailed(7, "no such thing")}
    )

    assert decision == Settle(RowState.SKIPPED, "row 7 (manager) failed: no such thing")


def test_unknown_manager_fails_its_part_and_not_the_person():
    """The person is created; the row says what is missing."""
    live = {BOSS: Missing()}

    assert isinstance(decide(creates(HAS_MANAGER), live=live), Step)
    decision = decide(creates(HAS_MANAGER), done("create"), live)
    assert settled(decision) is RowState.FAILED
    assert decision.detail == "created; manager not set: no User with userName boss@example.com"
    assert decision.id == "u1"


def test_a_create_whose_answer_was_lost_says_that_a_lookup_found_it():
    """ "seen: create found after its answer was lost" was not understood."""
    decision = decide(creates(), Facts(applied={"create": Applied("create", "u1", 200, seen=True)}))

    assert settled(decision) is RowState.DONE
    assert decision.detail == "the answer was lost, and a lookup showed that it took effect: create"


@pytest.mark.parametrize(
    ("on_exists", "live", "expected"),
    [
        ("adopt", user(), RowState.ADOPTED),
        ("fail", user(), RowState.FAILED),
        ("skip", user(), RowState.NOOP),
        ("update", user(), RowState.NOOP),
        ("adopt", Missing(), RowState.FAILED),
        ("adopt", Ambiguous(("u1", "u2")), RowState.FAILED),
        ("adopt", Unreadable("it is a web page"), RowState.FAILED),
    ],
)
def test_conflict_is_decided_by_looking(on_exists, live, expected):
    """What a 409 means depends on who holds the identity, and on what was asked for."""
    assert decide(creates(), TAKEN) == Wait(ADA)
    read = {ADA: live, FIRST_USER: Maker(), Resembling(ADA): ()}
    assert settled(decide(creates(), TAKEN, read, Policy(RowRules(on_exists)))) is expected


def test_holder_that_cannot_be_seen_is_named_as_such():
    """A conflict without a visible holder will not go away by trying again."""
    decision = decide(creates(), TAKEN, {ADA: Missing(), Resembling(ADA): ()})

    assert decision.status == 409
    assert "held by something this token cannot see" in decision.detail


def test_person_with_another_external_id_is_not_adopted():
    """The same userName with another externalId on both sides is another user."""
    row = creates(data={"externalId": "E-1"})
    decision = decide(row, TAKEN, {ADA: user(externalId="E-2")})

    assert settled(decision) is RowState.FAILED
    assert "whose externalId is E-2, not E-1" in decision.detail


def test_a_name_that_another_identity_holds_is_named_by_the_attribute_in_which_they_meet():
    """The row's own key was named, though it is not what the other one holds."""
    row = creates(data={"externalId": "E-1", "userName": "ada@example.com"})
    row = replace(row, operation=row.operation._replace(target=Key(USER, "externalId", "E-1")))
    read = {Key(USER, "externalId", "E-1"): Missing(), ADA: user(externalId="E-2")}

    assert "userName ada@example.com is held by id" in decide(row, TAKEN, read).detail


@pytest.mark.parametrize(("on_exists", "state"), [("skip", RowState.NOOP), ("fail", RowState.FAILED)])
def test_a_deactivated_account_is_reported_as_such_however_it_is_left(on_exists, state):
    """Only an adopted one was."""
    end = decide(creates(), TAKEN, {ADA: user(active="False")}, Policy(RowRules(on_exists)))

    assert (end.state, "the account is deactivated" in end.detail) == (state, True)


def test_update_changes_only_what_differs():
    """With on_exists=update the differences are patched, with the resource as it was kept."""
    row = creates(data={"title": "Lead", "displayName": "Ada"})
    live = user(title="Engineer", displayName="Ada")
    step = decide(row, TAKEN, {ADA: live}, Policy(RowRules("update")))

    assert isinstance(step, Step)
    assert [(one.op, one.path, one.value) for one in step.operations] == [("replace", "title", "Lead")]
    assert (step.part, step.before) == ("update", live.resource)


def test_upsert_creates_what_is_missing_and_updates_what_is_there():
    """An upsert always looks first."""
    row = creates(verb=Verb.UPSERT, data={"title": "Lead"})

    assert decide(row) == Wait(ADA)
    assert decide(row, live={ADA: Missing()}).action is Action.CREATE
    assert decide(row, live={ADA: user(title="x")}).action is Action.MODIFY
    assert settled(decide(row, live={ADA: user(title="Lead")})) is RowState.NOOP


def test_what_was_updated_is_not_looked_up_again():
    """The lookup after each update of an upsert only gave the id that the step had."""
    assert settled(decide(creates(verb=Verb.UPSERT), done("update"))) is RowState.DONE
    assert settled(decide(creates(), done("update"), policy=Policy(RowRules("update")))) is RowState.DONE


def test_group_membership_follows_the_create():
    """The person first, then the group's lookup, then the membership, then the end."""
    row, facts = creates(IN_SALES), done("create")
    joined = Membership("g1", "u1")

    assert decide(row, facts) == Wait(SALES)
    assert decide(row, facts, {SALES: group()}) == Wait(joined)
    step = decide(row, facts, {SALES: group(), joined: Member(present=False)})
    assert (step.part, step.action, step.id, step.member) == ("member:Sales", Action.ADD_MEMBER, "g1", "u1")
    assert settled(decide(row, done("create", "member:Sales"))) is RowState.DONE


def test_unknown_group_fails_its_part_unless_groups_may_be_created():
    """An unknown group is most often a typing error."""
    row, facts, live = creates(IN_SALES), done("create"), {SALES: Missing()}

    refused = decide(row, facts, live)
    assert settled(refused) is RowState.FAILED
    assert "--create-groups" in refused.detail
    step = decide(row, facts, live, Policy(RowRules(create_groups=True)))
    assert (step.part, step.method, step.type) == ("group:Sales", "POST", GROUP)


def test_one_failed_part_does_not_keep_the_others_from_being_tried():
    """Three groups, the second unknown: the third is still joined before the row fails."""
    other, unknown = Key(GROUP, "displayName", "Other"), Key(GROUP, "displayName", "Nope")
    row = creates(IN_SALES, Reference(Role.GROUP, unknown), Reference(Role.GROUP, other))
    facts = done("create", "member:Sales")

    assert decide(row, facts, {unknown: Missing()}) == Wait(other)
    ended = decide(row, done("create", "member:Sales", "member:Other"), {unknown: Missing()})
    assert settled(ended) is RowState.FAILED
    assert ended.detail.startswith("created; group:Nope not set")


@pytest.mark.parametrize(
    ("verb", "answer", "action"),
    [
        (Verb.ADD_MEMBER, Member(present=False), Action.ADD_MEMBER),
        (Verb.ADD_MEMBER, Member(present=True), None),
        (Verb.REMOVE_MEMBER, Member(present=True), Action.REMOVE_MEMBER),
        (Verb.REMOVE_MEMBER, Member(present=False, proved=True), None),
        (Verb.REMOVE_MEMBER, Member(present=False), Action.REMOVE_MEMBER),
    ],
)
def test_membership_as_wanted_is_a_noop(verb, answer, action):
    """A membership is changed only where it is not as the row wants it; a removal also where its absence is not proved."""
    live = {SALES: group(), ADA: user(), PROOF: answer}
    decision = decide(joins(verb), live=live)

    if action is None:
        assert settled(decision) is RowState.NOOP
        how = "is in the group already" if verb is Verb.ADD_MEMBER else "was not in the group"
        assert decision.detail == f"ada@example.com {how}"
    else:
        assert decision.action is action


def test_removal_names_one_member_and_no_other():
    """A value array would remove everyone on some servers."""
    live = {SALES: group(), ADA: user(), Membership("g1", "u1"): Member(present=True)}
    step = decide(joins(Verb.REMOVE_MEMBER), live=live)

    assert [(one.op, one.path, one.value) for one in step.operations] == [
        ("remove", 'members[value eq "u1"]', None)
    ]


def test_nothing_to_remove_from_what_is_absent():
    """Removing an absent person, or from an absent group, is as wanted; adding is not."""
    assert settled(decide(joins(Verb.REMOVE_MEMBER), live={SALES: Missing()})) is RowState.NOOP
    assert settled(decide(joins(Verb.REMOVE_MEMBER), live={SALES: group(), ADA: Missing()})) is RowState.NOOP
    assert settled(decide(joins(), live={SALES: group(), ADA: Missing()})) is RowState.FAILED


def test_member_that_failed_skips_the_membership():
    """A membership row whose person's row failed is skipped with the reason."""
    row = joins(member=Key(USER, "ref", "ada"), producers=(1,))
    decision = decide(row, live={SALES: group(), Parent(1): ParentFailed(1, "refused")})

    assert decision == Settle(RowState.SKIPPED, "row 1 failed: refused")


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (user(title="Engineer"), Action.MODIFY),
        (user(title="Lead"), RowState.NOOP),
        (Missing(), RowState.FAILED),
        (Ambiguous(("u1", "u2")), RowState.FAILED),
        (Unreadable("it is a web page"), RowState.FAILED),
    ],
)
def test_patch_needs_exactly_one_resource_that_can_be_read(live, expected):
    """A read that looks wrong never leads to a write."""
    decision = decide(changes(Verb.PATCH, patch=[("replace", "title", "Lead")]), live={ADA: live})

    assert getattr(decision, "action", None) is expected or settled(decision) is expected


def test_a_patch_reads_its_resource_after_what_it_refers_to_is_there():
    """In a rollback groups were read while the users who return to them were still being created, and got too old."""
    row = changes(Verb.PATCH, patch=[("replace", MANAGER_PATH, {"value": "bulkId:r1"})])
    boss = Reference(Role.VALUE, Key(USER, "ref", "r1"))
    row = replace(row, operation=row.operation._replace(references=(boss,)), producers=(7,))

    assert decide(row) == Wait(Parent(7))
    assert decide(row, live={Parent(7): ParentReady("b1")}) == Wait(ADA)
    assert settled(decide(row, done("patch"))) is RowState.DONE


def test_drift_skips_the_row():
    """What is not as expected was changed by another user, and is left alone."""
    row = changes(Verb.PATCH, patch=[("replace", "title", "Lead")], expect={"title": "Engineer"})

    assert isinstance(decide(row, live={ADA: user(title="Engineer")}), Step)
    decision = decide(row, live={ADA: user(title="Director")})
    assert settled(decision) is RowState.SKIPPED
    assert decision.detail == "drift: title is 'Director', expected 'Engineer'"


def test_what_stands_as_wanted_is_no_drift():
    """The same file again finds its own work, and that is as wanted."""
    row = changes(Verb.PATCH, patch=[("replace", "title", "Lead")], expect={"title": "Engineer"})

    assert settled(decide(row, live={ADA: user(title="Lead")})) is RowState.NOOP


@pytest.mark.parametrize(
    ("verb", "active", "expected"),
    [
        (Verb.DEACTIVATE, True, Action.MODIFY),
        (Verb.DEACTIVATE, "False", RowState.NOOP),
        (Verb.DEACTIVATE, None, Action.MODIFY),
        (Verb.ACTIVATE, None, Action.MODIFY),
        (Verb.ACTIVATE, "true", RowState.NOOP),
    ],
)
def test_active_is_read_leniently_and_missing_is_not_false(verb, active, expected):
    """Servers send text; a server that sends nothing has said nothing."""
    shown = {} if active is None else {"active": active}
    decision = decide(changes(verb), live={ADA: user(groups=[{"value": "g1"}], **shown)})

    assert getattr(decision, "action", None) is expected or settled(decision) is expected


def test_delete_of_an_absent_name_is_as_wanted_but_of_an_unknown_id_fails():
    """A wrong form of id also answers 404, so an id that this run never saw proves nothing."""
    unknown = Key(USER, "id", "101")

    assert settled(decide(changes(Verb.DELETE), live={ADA: Missing()})) is RowState.NOOP
    assert settled(decide(changes(Verb.DELETE, unknown), live={unknown: Missing()})) is RowState.FAILED


def test_delete_keeps_the_resource_as_it_was():
    """What a delete takes away must be known to be given back."""
    live = user(title="Lead")
    ties = {Holders(USER, "u1", "id"): Referrers(()), Reports("u1"): Referrers(None)}
    step = decide(changes(Verb.DELETE), live={ADA: live, **ties})

    assert (step.method, step.before, step.ties) == ("DELETE", live.resource, Ties((), None))


def test_target_made_by_an_earlier_row_is_read_by_its_id():
    """After a create the 201 is trusted: a lookup may lag behind."""
    row = changes(Verb.PATCH, patch=[("replace", "title", "Lead")], producer=1)

    assert decide(row) == Wait(Parent(1))
    assert decide(row, live={Parent(1): ParentReady("u1")}) == Wait(BY_ID)


def test_replace_already_so_is_a_noop():
    """A resource that has all that the record says is left alone."""
    row = changes(Verb.REPLACE, data={"userName": "ada@example.com", "title": "Lead"})

    assert settled(decide(row, live={ADA: user(title="Lead", nickName="A")})) is RowState.NOOP
    step = decide(row, live={ADA: user(title="x")})
    assert (step.method, step.body) == ("PUT", {"userName": "ada@example.com", "title": "Lead"})


def test_what_is_tried_is_sent_as_it_is_asked():
    """A taken name, a value in effect, and an old version: the tenant's answer is what is wanted."""
    tried = Policy(
        RowRules("fail", as_asked=True), replace(GENERIC, assumes_unique=True, enforces_unique=frozenset())
    )
    live = user(title="x", meta={"version": 'W/"2"'})
    row = changes(Verb.PATCH, patch=[("replace", "title", "x")])
    old = replace(row, operation=row.operation._replace(version='W/"1"'))

    assert isinstance(decide(creates(), policy=tried), Step)
    assert settled(decide(creates(), TAKEN, {ADA: user()}, tried)) is RowState.FAILED
    step = decide(old, live={ADA: live}, policy=tried)
    assert isinstance(step, Step)
    assert (step.operations[0].value, step.if_match) == ("x", 'W/"1"')


def test_versions_are_sent_where_the_tenant_honours_them():
    """If-Match carries the version that was read, or the record's own."""
    live = user(title="x", meta={"version": 'W/"1"'})
    row = changes(Verb.PATCH, patch=[("replace", "title", "Lead")])

    assert (
        decide(row, live={ADA: live}, policy=Policy(profile=replace(GENERIC, etag=True))).if_match == 'W/"1"'
    )
    assert decide(row, live={ADA: live}).if_match is None


@pytest.mark.parametrize("there", [True, False])
def test_a_member_that_is_removed_and_added_again_in_one_patch_stays(there):
    """A rollback removes the old id of a recreated user, which may be its new one where a delete only deactivates."""
    member = [{"value": "u1"}]
    row = changes(
        Verb.PATCH, SALES, patch=[("remove", 'members[value eq "u1"]', None), ("add", "members", member)]
    )

    decision = decide(row, live={SALES: Found(group().resource | {"members": member if there else []})})

    if there:
        assert settled(decision) is RowState.NOOP
    else:
        assert [(one.op, one.value) for one in decision.operations] == [("add", member)]
