"""What a create does with a resource that exists: the links that it adds, and what it leaves as it is."""

from dataclasses import replace

import pytest

from bulkscim.model.live import (
    Found,
    Holders,
    Maker,
    Member,
    Membership,
    Missing,
    Origin,
    Parent,
    ParentFailed,
    ParentLater,
    ParentReady,
    Referrers,
    Unreadable,
)
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Key, Operation, Reference, Role, Verb
from bulkscim.model.row import Applied, Facts, Refusal, Row, RowRules, RowState
from bulkscim.model.step import Action, Step
from bulkscim.planning.decision import Later, Policy, Settle, Wait
from bulkscim.planning.next_step import next_step
from tests.support.making.providers import GENERIC
from tests.support.making.rows import ADA, BOSS, MANAGER_PATH, SALES, creates, group, user

TAKEN = Refusal("create", 409, "uniqueness", "userName is taken")
BY_ID = Key(USER, "id", "u1")
ORIGIN = Origin(USER, "u1")
HAS_MANAGER, IN_SALES = Reference(Role.MANAGER, BOSS), Reference(Role.GROUP, SALES)
IN, PROOF = Membership("g1", "u1"), Membership("g1", "u1", proof=True)
NOT_MEMBER, PROVED = Member(present=False), Member(present=False, proved=True)
MANAGED = {ENTERPRISE: {"manager": {"value": "u8"}}}
MINE, THEIRS = Maker("20261101T000000-first"), Maker()
EXCLUSIVE = Policy(profile=replace(GENERIC, one_group=True))


def decide(row, live, policy=None, applied=(), refused=()):
    """Decide about a row whose name is taken by `u1`; `live` adds to what was read."""
    facts = Facts(
        {part: Applied(part, "u1", 200) for part in applied}, {one.part: one for one in refused}, taken=TAKEN
    )
    known = {ADA: user(), BY_ID: user(), ORIGIN: THEIRS, BOSS: user("u9", userName="boss@example.com")}
    return next_step(row, facts, known | {SALES: group()} | live, policy or Policy())


def ended(*args, **more):
    """Return state, detail and whether something differs, of a row that has ended."""
    decision = decide(*args, **more)
    assert isinstance(decision, Settle), decision
    return decision.state.value, decision.detail, decision.differs


def test_missing_manager_is_set_and_counted_as_a_link_of_an_adopted_user():
    """Before, an adopted user lost the manager that its row asked for, and the run ended well."""
    step = decide(creates(HAS_MANAGER), {})

    assert isinstance(step, Step)
    assert [(one.path, one.value) for one in step.operations] == [(MANAGER_PATH, {"value": "u9"})]
    assert (step.part, step.adopts) == ("manager", True)
    done = ended(
        creates(HAS_MANAGER), {BY_ID: user(**{ENTERPRISE: {"manager": {"value": "u9"}}})}, applied=["manager"]
    )
    assert done == ("adopted", "manager set to boss@example.com", False)


def test_user_is_added_to_a_group_only_where_its_absence_is_proved():
    """Before, an adopted user lost the groups that its row asked for."""
    row = creates(IN_SALES)

    assert decide(row, {}) == Wait(PROOF, found="u1")
    step = decide(row, {PROOF: PROVED})
    assert (step.part, step.action, step.member, step.adopts) == (
        "member:Sales",
        Action.ADD_MEMBER,
        "u1",
        True,
    )
    assert ended(row, {PROOF: Member(present=True)}) == ("adopted", "", False)
    unknown = "whether it is in group Sales is not known here, so it was not added"
    assert ended(row, {PROOF: NOT_MEMBER}) == ("adopted", unknown, True)


def test_what_a_user_shows_of_its_groups_counts():
    """A user that shows this group is in it; one that shows others, and that the group does not show, is not."""
    row, in_it = creates(IN_SALES), user(groups=[{"value": "g1"}])

    assert ended(row, {BY_ID: in_it}) == ("adopted", "", False)
    elsewhere = {BY_ID: user(groups=[{"value": "g2"}])}
    assert decide(row, elsewhere) == Wait(IN, found="u1")
    assert decide(row, elsewhere | {IN: NOT_MEMBER}).action is Action.ADD_MEMBER


@pytest.mark.parametrize(
    ("shown", "policy", "why"),
    [
        ({"active": False}, Policy(), "the account is deactivated (active is False)"),
        ({"active": "False"}, Policy(), "the account is deactivated (active is False)"),
        ({"userName": "ada@other.example"}, Policy(), "its userName is 'ada@other.example'"),
        ({}, Policy(protects={"ada@example.com": "ada@example.com"}), "it is protected"),
    ],
)
def test_no_link_is_added_to_a_user_that_is_not_surely_meant(shown, policy, why):
    """A deactivated, differently named or protected user keeps its links; the row says why."""
    row, live = creates(HAS_MANAGER, IN_SALES), {BY_ID: user(**shown), IN: NOT_MEMBER}

    state, detail, differs = ended(row, live, policy)
    assert (state, differs) == ("adopted", True)
    told = "no manager or group was added; manager is not set, the file says boss@example.com; not in group Sales"
    assert detail.startswith(f"{why}: {told}")
    assert (
        ended(
            row,
            live | {SALES: Missing()},
            Policy(replace(policy.rules, create_groups=True), protects=policy.protects),
        )[0]
        == "adopted"
    )


def test_a_user_that_is_found_by_e_mail_alone_gets_no_links():
    """The same address may belong to another account."""
    key = Key(USER, "emails.value", "ada@example.com")
    operation = Operation(
        Verb.CREATE, USER, key, data={"emails": [{"value": key.value}]}, references=(HAS_MANAGER,)
    )
    shown = user(emails=[{"value": key.value}])

    state, detail, _ = ended(Row(1, operation, (None,)), {key: shown, BY_ID: shown})
    assert (state, detail[:35]) == ("adopted", "it was not found by its userName: n")


def test_a_deactivated_user_is_named_so_though_the_row_asks_for_no_links():
    """Before, a create adopted a deactivated account and nothing said that no one can sign in with it."""
    shown = {ADA: user(active=False), BY_ID: user(active=False)}

    assert ended(creates(), shown) == ("adopted", "the account is deactivated (active is False)", True)
    asked = creates(data={"active": True})
    assert ended(asked, shown)[1] == "active is False, the file says True"
    assert ended(creates(data={"active": False}), shown) == ("adopted", "", False)


def test_links_that_a_lookup_shows_need_no_read_by_id():
    """The same file again read each of its users by id to see groups that its lookup, or the group, had shown."""
    known = {ORIGIN: THEIRS, BOSS: user("u8", userName="boss@example.com"), SALES: group()}
    row = creates(HAS_MANAGER, IN_SALES)
    whole, without = user(**MANAGED, groups=[{"value": "g1"}]), user(**MANAGED)

    assert isinstance(next_step(row, Facts(taken=TAKEN), known | {ADA: whole}, Policy()), Settle)
    asked = Membership("g1", "u1", proof=True)
    assert next_step(row, Facts(taken=TAKEN), known | {ADA: without}, Policy()) == Wait(asked, found="u1")
    known |= {ADA: without, asked: Member(present=True)}
    assert isinstance(next_step(row, Facts(taken=TAKEN), known, Policy()), Settle)
    known[asked] = Member(present=False, proved=True)
    assert next_step(row, Facts(taken=TAKEN), known, Policy()) == Wait(BY_ID, found="u1")


def test_a_manager_that_is_set_stays_and_is_named():
    """Before, another manager was reported as an id, and one that was missing as `None`."""
    live = {BY_ID: user(**MANAGED)}
    boss = Key(USER, "id", "u8")

    assert decide(creates(HAS_MANAGER), live) == Wait(boss, found="u1")
    told = "manager is eve@example.com, the file says boss@example.com"
    assert ended(creates(HAS_MANAGER), live | {boss: user("u8", userName="eve@example.com")}) == (
        "adopted",
        told,
        True,
    )
    unnamed = ended(creates(HAS_MANAGER), live | {boss: Missing()})
    assert unnamed[1] == "manager is id u8, the file says boss@example.com"


@pytest.mark.parametrize("manager", [{"value": "u9"}, "u9"])
def test_a_manager_as_wanted_is_no_difference(manager):
    """Some tenants show a manager as a text."""
    assert ended(creates(HAS_MANAGER), {BY_ID: user(**{ENTERPRISE: {"manager": manager}})}) == (
        "adopted",
        "",
        False,
    )


def test_a_manager_that_the_row_names_by_its_id_is_a_link_too():
    """It is a value of the record's own data, and not a reference."""
    row = creates(data={ENTERPRISE: {"manager": {"value": "u7"}}})

    step = decide(row, {})
    assert (step.part, step.changes[0].after) == ("manager", "u7")
    live = {BY_ID: user(**MANAGED), Key(USER, "id", "u8"): user("u8", userName="eve@example.com")}
    assert ended(row, live)[1] == "manager is eve@example.com, the file says u7"
    refused = Refusal("manager", 400, None, "no such manager")
    assert ended(row, {}, refused=[refused])[:2] == ("failed", "adopted; manager not set: no such manager")


def test_attributes_stay_and_differences_are_named_by_attribute_and_value():
    """A lookup is proved to show what the row names, so that none is read again by its id for that.

    Each of a thousand users was, where the tenant keeps no title.
    """
    given = {"title": "Lead", "emails": [{"value": "ada@new.test", "type": "work"}], "password": "hush"}
    given |= {ENTERPRISE: {"department": "R&D"}}
    row = creates(data=given)

    state, detail, differs = ended(row, {ADA: user(title="Engineer"), BY_ID: None})
    assert (state, differs) == ("adopted", True)
    assert detail == (
        "title is 'Engineer', the file says 'Lead'; emails does not have 'ada@new.test'; "
        "department is not set, the file says 'R&D'"
    )
    assert ended(creates(), {BY_ID: None}) == ("adopted", "", False)  # nothing to compare: no read


def test_a_link_that_cannot_be_made_fails_the_row_as_that_of_a_create_does():
    """The row does not end as wanted: it names what was done and what was not."""
    row = creates(HAS_MANAGER, IN_SALES)
    live = {BY_ID: user(**{ENTERPRISE: {"manager": {"value": "u9"}}}), SALES: Missing()}

    state, detail, _ = ended(row, live, applied=["manager"])
    assert state == "failed"
    assert detail.startswith("adopted; manager set to boss@example.com; group:Sales not set: no Group")
    unread = ended(creates(IN_SALES), {PROOF: Unreadable("it is a web page", 200)})
    assert unread[1] == "adopted; member:Sales not set: group Sales could not be read: it is a web page"


def test_group_that_does_not_exist_is_created_for_an_adopted_user_where_the_run_may():
    """Creating it counts among the links of adopted users: rollback takes both away."""
    step = decide(creates(IN_SALES), {SALES: Missing()}, Policy(RowRules(create_groups=True)))

    assert (step.part, step.type, step.adopts) == ("group:Sales", GROUP, True)
    assert ended(creates(IN_SALES), {}, applied=["group:Sales", "member:Sales"])[1] == (
        "group Sales created; added to group Sales"
    )


@pytest.mark.parametrize("maker", [MINE, THEIRS])
def test_a_provider_with_exclusive_groups_moves_no_user_that_exists(maker):
    """Adding would take the user out of the group that it is in: not for an adopted user, by any creator."""
    row, live = creates(IN_SALES), {ORIGIN: maker, IN: NOT_MEMBER, PROOF: PROVED}
    elsewhere = {BY_ID: user(groups=[{"value": "g2", "display": "Support"}])}
    holders = Holders(USER, "u1", "id")

    told = "not in group Sales: that would take it out of group Support"
    assert told in ended(row, live | elsewhere, EXCLUSIVE)[1]
    assert decide(row, live, EXCLUSIVE) == Wait(holders, found="u1")
    assert "not known here" in ended(row, live | {holders: Referrers(None)}, EXCLUSIVE)[1]
    assert decide(row, live | {holders: Referrers(())}, EXCLUSIVE).part == "member:Sales"
    named = {holders: Referrers(("g2",)), Key(GROUP, "id", "g2"): group("g2", "Support")}
    assert told in ended(row, live | named, EXCLUSIVE)[1]
    second = creates(Reference(Role.GROUP, Key(GROUP, "displayName", "Support")), IN_SALES)
    assert "out of group Support" in ended(second, live, EXCLUSIVE, applied=["member:Support"])[1]


def test_what_an_earlier_run_created_goes_on_without_bound_and_proof():
    """Before, `run --limit 5` and then the whole file left users without manager and groups, as "adopted"."""
    row, live = (
        creates(HAS_MANAGER, IN_SALES, data={"title": "Lead"}),
        {ORIGIN: MINE, BY_ID: user(title="Old")},
    )

    step = decide(row, live)
    assert (step.part, step.adopts) == ("manager", False)
    assert decide(row, live, applied=["manager"]) == Wait(IN, found="u1")
    step = decide(row, live | {IN: NOT_MEMBER}, applied=["manager"])
    assert (step.part, step.adopts) == ("member:Sales", False)
    state, detail, differs = ended(row, live, applied=["manager", "member:Sales"])
    assert (state, differs) == ("noop", True)
    assert detail == (
        "created by run 20261101T000000-first; manager set to boss@example.com; added to group Sales; "
        "title is 'Old', the file says 'Lead'"
    )


@pytest.mark.parametrize(
    ("asked", "closed"), [({}, True), ({"active": False}, False), ({"active": True}, True)]
)
def test_what_an_earlier_run_created_is_left_where_it_was_deactivated_since(asked, closed):
    """A user that the file itself creates without being active gets its links all the same."""
    decision = decide(
        creates(IN_SALES, data=asked), {ORIGIN: MINE, BY_ID: user(active=False), IN: NOT_MEMBER}
    )

    assert isinstance(decision, Settle) is closed


def test_members_of_an_adopted_group_are_attributes():
    """They are not added, and named as the file names them; those of a group that an earlier run created are added."""
    named = Key(GROUP, "displayName", "Sales")
    members = (Reference(Role.MEMBER, ADA), Reference(Role.MEMBER, BOSS))
    row = Row(
        1, Operation(Verb.CREATE, GROUP, named, {"displayName": "Sales"}, references=members), (None, None)
    )
    origin, by_id = Origin(GROUP, "g1"), Key(GROUP, "id", "g1")
    live = {by_id: Found({"id": "g1", "displayName": "Sales", "members": [{"value": "u1"}]}), origin: Maker()}

    assert ended(row, live) == ("adopted", "members does not have 'boss@example.com'", True)
    unknown = ended(row, live | {BOSS: Missing()})
    assert unknown == ("adopted", "members does not have 'boss@example.com'", True)
    second = Membership("g1", "u9")
    mine = live | {origin: MINE, IN: Member(present=True), second: NOT_MEMBER}
    assert decide(row, mine).member == "u9"


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPSERT])
def test_rows_whose_users_are_each_others_managers_learn_the_ids(verb):
    """Before, two existing users that manage each other were put off for ever: each row waited for the other's end."""
    row, policy = creates(HAS_MANAGER, producers=(2,), verb=verb), Policy()

    assert decide(row, {Parent(2): ParentLater(2)}, policy) == Later(Parent(2), found="u1")
    assert decide(row, {Parent(2): ParentReady("u9")}, policy).changes[0].after == "u9"
    assert ended(row, {Parent(2): ParentFailed(2, "no such thing")}, policy)[0] == "skipped"


def test_another_external_id_that_only_a_read_by_id_shows_is_another_identity():
    """The lookup may leave it out."""
    state, detail, _ = ended(
        creates(HAS_MANAGER, data={"externalId": "E-1"}), {BY_ID: user(externalId="E-2")}
    )

    assert state == RowState.FAILED
    assert "whose externalId is E-2, not E-1" in detail


def test_skip_reads_and_changes_nothing():
    """Neither links nor reads: the user is left as it is."""
    decision = decide(creates(HAS_MANAGER, IN_SALES), {ORIGIN: None, BY_ID: None}, Policy(RowRules("skip")))

    assert decision == Settle(RowState.NOOP, "exists already; left untouched (--on-exists skip)", "u1")


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPSERT])
def test_a_name_that_the_tenant_changed_is_not_changed_back(verb):
    """The resource was found by the name in the file, so it is that one; a resource that is found otherwise is another."""
    shown = user(userName="ada_example.com", title="Lead")
    row = Row(1, Operation(verb, USER, ADA, {"userName": ADA.value, "title": "Lead"}))

    found = decide(row, {ADA: shown, BY_ID: shown, ORIGIN: MINE})
    other = decide(row, {ADA: shown, BY_ID: shown, ORIGIN: MINE}, Policy(on_drift="part"))

    assert isinstance(found, Settle)
    assert (found.state, found.differs) == (RowState.NOOP, False)
    assert not isinstance(other, Settle) or other.differs
