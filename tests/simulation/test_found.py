"""What seeds found once, each as small as it can be told: a few rows, one world, and what must be true of the end."""

import json
from random import Random

import pytest

from bulkscim.engine.sending import BUDGET
from bulkscim.errors import CredentialError, Stopped
from bulkscim.journal import journal
from bulkscim.journal.entries import Kind
from bulkscim.model.operation import ENTERPRISE
from bulkscim.model.request import Request
from bulkscim.model.row import RowState
from bulkscim.model.step import Change
from tests.support.simulation.disk import FOLDER
from tests.support.simulation.job import Plan, address, ready
from tests.support.simulation.machine import Machine
from tests.support.simulation.undoing import Story
from tests.support.simulation.world import World


def person(name, **data):
    """Ask for a user."""
    return {"op": "create", "type": "User", "data": {"userName": address(name), **data}}


def group(name):
    """Ask for a group."""
    return {"op": "create", "type": "Group", "data": {"displayName": name}}


def join(team, name):
    """Ask for a membership."""
    line = {"op": "add_member", "type": "Group", "match": {"displayName": team}}
    return line | {"member": {"userName": address(name)}}


def leave(team, name):
    """Ask for the end of a membership."""
    return join(team, name) | {"op": "remove_member"}


def change(name, path, value):
    """Ask for one value of a user."""
    patch = [{"op": "replace", "path": path, "value": value}]
    return {"op": "patch", "type": "User", "match": {"userName": address(name)}, "patch": patch}


def spoil(machine, *faults):
    """Let one request after the other fail: the next that has this method and path fails in this way."""
    left = list(faults)

    def fault(flight):
        request = flight.request
        fits = left and request.method == left[0][0] and request.path.startswith(left[0][1])
        return left.pop(0)[2] if fits else None

    machine.tenant._fault = fault


@pytest.fixture
def machine(tmp_path):
    """Return a machine for a job, whose seeds differ in chance alone."""
    folders = iter(range(1000))

    def made(lines, world, held=(), seed=1, deaths=(), groups=()):
        plan = Plan(held=[("Users", {"active": True, **one}) for one in held], lines=lines)
        plan.held += [
            ("Groups", {"id": f"g{number}", "displayName": name}) for number, name in enumerate(groups)
        ]
        plan.touched = [set() for _ in lines]
        return Machine(seed, ready(plan, tmp_path / str(next(folders))), world, Random(seed), list(deaths))

    return made


def states(machine):
    """Return the state of each row."""
    return [machine.record.ledger.state(row) for row in range(1, machine.record.ledger.rows + 1)]


def members(machine, team):
    """Return the members of a group as they are at the end."""
    return machine.tenant.state()["Groups", team][0]["members"]


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_name_a_group_made_later_change_it_one_by_one(machine, seed):
    """No row has claimed it: what a later row makes is not there yet."""
    lines = [*(person(f"n{number}", groups=["Late"]) for number in range(6)), group("Late")]
    one = machine(lines, World(concurrency=8, latency_s=1.0), seed=seed)

    assert one.command("run")  # the oracle is "overlap"
    assert states(one) == [RowState.DONE] * 7


def test_create_whose_name_is_another_persons_does_not_stay_in_doubt(machine):
    """One who has the name and another externalId is not what was sent: it was not applied, and fails in the end."""
    held, doubtful = [{"id": "u1", "userName": address("p"), "externalId": "theirs"}], 0
    for dies_at in range(20, 60, 2):
        one = machine(
            [person("p", externalId="ours")], World(concurrency=1, sync_s=0.0), held, deaths=[dies_at]
        )
        one.ready.plan.foreign.add(1)
        one.command("run")
        doubtful += states(one) == [RowState.IN_DOUBT]
        one.command("resume")
        assert states(one) == [RowState.FAILED], dies_at

    assert doubtful


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_user_of_another_record_is_not_taken_for_an_own_create(machine, seed, bare):
    """The name is taken, the externalId is not: that it was absent made a 200 that shows the other user count as new."""
    held = [
        {"id": f"u{number}", "userName": address(f"p{number}"), "externalId": "theirs"} for number in (1, 2)
    ]
    by_id = {"op": "upsert", "match": {"externalId": "ours 2"}}
    lines = [person("p1", externalId="ours 1"), person("p2", externalId="ours 2") | by_id]
    one = machine(
        lines, World(duplicates=200, bare_answers=bare, faults={"cut_before": 0.7}), held, seed=seed
    )
    one.ready.plan.foreign |= {1, 2}
    while not one.command("resume" if one.record else "run") or RowState.PENDING in states(one):
        pass

    assert states(one) == [RowState.FAILED] * 2


@pytest.mark.parametrize("shows_created", [True, False])
def test_user_that_lookups_hide_is_not_taken_for_an_own_create(machine, shows_created):
    """A lookup that shows no inactive users counted as a proof of absence: the user counted as created by the row.

    It existed: the upsert changes it, with what it had before in the journal.
    """
    held = [{"id": "u1", "userName": address("p"), "externalId": "E", "active": False, "title": "Theirs"}]
    lines = [person("p", externalId="E", title="Ours") | {"op": "upsert"}]
    world = World(duplicates=200, hides_inactive=True, shows_created=shows_created)
    one = machine(lines, world, held)
    one.ready.plan.foreign.add(1)
    one.command("run")

    history = one.record.history(1)
    ends = [
        (entry.kind, getattr(entry.body, "id", None))
        for entry in history
        if entry.kind in {Kind.REFUSED, Kind.APPLIED}
    ]
    assert ends == [(Kind.REFUSED, None), (Kind.APPLIED, "u1")]
    assert Change("title", "Theirs", "Ours") in [
        change for entry in history for change in getattr(entry.body, "changes", ())
    ]


@pytest.mark.parametrize("ahead", [-90.0, 90.0])
@pytest.mark.parametrize("seed", range(4))
def test_own_create_is_known_on_a_server_whose_clock_is_wrong(machine, ahead, seed):
    """The first intent of a session is compared by the server's time, too: the look before it has shown that."""
    lost = World(ahead_s=ahead, faults={"cut_after": 0.7})
    one = machine([person("n1"), person("n2")], lost, seed=seed)
    while not one.command("resume" if one.record else "run"):
        pass

    assert states(one) == [RowState.DONE] * 2


@pytest.mark.parametrize("filters", ["good", "ignored"])
def test_group_made_for_one_row_is_known_to_the_next_before_the_tenant_shows_it(machine, filters):
    """Made once, though a user's delete comes between, and though filters and lists do not show it yet."""
    held = [{"id": "u1", "userName": address("p1")}, {"id": "u2", "userName": address("p2")}]
    leave = {"op": "delete", "type": "User", "match": {"userName": address("p2")}}
    lines = [join("Team", "p1"), leave, join("Team", "p1"), person("n1", groups=["Team"])]
    one = machine(
        lines, World(lag_s=1.9, filters=filters, concurrency=1, rate=(50, 1.0), latency_s=0.02), held
    )
    one.command("run")

    assert one.tenant.directory.made["Groups", "Team"] == 1


def test_group_made_before_a_crash_is_not_made_again_after_it(machine):
    """The next process waits until lookups show what the last one made."""
    held = [{"id": f"u{number}", "userName": address(f"p{number}")} for number in range(4)]
    lines = [join("Team", f"p{number}") for number in range(4)]
    for dies_at in range(60, 200, 7):
        world = World(lag_s=1.9, concurrency=1, rate=(50, 1.0), latency_s=0.02, sync_s=0.0)
        one = machine(lines, world, held, deaths=[dies_at])
        while not one.command("resume" if one.record else "run"):
            pass
        assert one.tenant.directory.made["Groups", "Team"] == 1, dies_at


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_who_is_their_own_manager_comes_to_an_end_though_found_there(machine, verb):
    """An upsert that finds its user has created none, and names itself all the same."""
    held = [{"id": "u1", "userName": address("p1"), "title": "Old"}]
    line = person("p1", title="New", manager={"userName": address("p1")}) | {"op": verb}
    one = machine([line], World(), held)
    one.command("run")

    assert one.totals.pending == 0
    assert states(one) == [RowState.DONE if verb == "upsert" else RowState.ADOPTED]


@pytest.mark.parametrize("existing", [("p1",), ("p2",), ("p1", "p2")])
def test_rows_that_are_each_others_manager_end_though_some_of_them_exist(machine, existing):
    """All rows were put off in every session: an upsert that had created nothing gave its id to no other row, and a row
    waited for a later one that had created its resource in an earlier pass.
    """
    held = [{"id": name, "userName": address(name)} for name in existing]
    pairs = [("p1", "p2"), ("p2", "p1")]
    lines = [person(name, manager={"userName": address(boss)}) | {"op": "upsert"} for name, boss in pairs]
    one = machine(lines, World(), held)
    one.command("run")

    assert (one.reason, states(one)) == (None, [RowState.DONE] * 2)


def boss(verb, name, manager):
    """Ask for a user who is there, with a manager."""
    return person(name, title="New", manager={"userName": address(manager)}) | {"op": verb}


@pytest.mark.parametrize("around", [2, 3])
@pytest.mark.parametrize(
    ("verb", "on_exists"), [("upsert", "adopt"), ("create", "update"), ("create", "adopt")]
)
def test_users_who_are_there_and_manage_one_another_come_to_an_end(machine, verb, on_exists, around):
    """Each row waits for the resource of the next, which was found and not made: all rows were put off for ever."""
    held = [{"id": f"u{number}", "userName": address(f"p{number}")} for number in range(around)]
    lines = [boss(verb, f"p{number}", f"p{(number + 1) % around}") for number in range(around)]
    one = machine(lines, World(on_exists=on_exists), held)
    one.command("run")

    assert set(states(one)) == {
        RowState.ADOPTED if (verb, on_exists) == ("create", "adopt") else RowState.DONE
    }
    managers = [found[0]["manager"] for _, found in sorted(one.tenant.state().items())]
    assert managers == [address(f"p{(number + 1) % around}") for number in range(around)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("verb", "on_exists"), [("upsert", "adopt"), ("create", "update")])
def test_row_that_finds_its_user_there_keeps_its_place_among_other_names(machine, verb, on_exists, seed):
    """A patch by externalId, an upsert by userName, a patch by id: the upsert overtook the first, the last the upsert."""
    held = [{"id": "u1", "userName": address("p"), "externalId": "E1", "title": "Old"}]
    last = {"op": "patch", "type": "User", "patch": [{"op": "replace", "path": "nickName", "value": "last"}]}
    first = {
        **last,
        "patch": [{"op": "replace", "path": "title", "value": "first"}],
        "match": {"externalId": "E1"},
    }
    lines = [first, person("p", title="second", nickName="second") | {"op": verb}, last | {"id": "u1"}]
    one = machine(lines, World(concurrency=3, latency_s=1.0, on_exists=on_exists), held, seed=seed)
    one.command("run")

    [found] = one.tenant.state()["Users", address("p")]
    assert (found["title"], found["nickName"]) == ("second", "last")


@pytest.mark.parametrize("status", [401, 403])
def test_token_revoked_in_the_middle_fails_no_row_and_a_new_one_goes_on(machine, status):
    """Whether it is a write or a read that meets it first."""
    lines = [
        *(person(f"n{number}") for number in range(12)),
        *(join("Team", f"n{number}") for number in range(12)),
    ]
    for at in range(4, 16, 2):
        one = machine(lines, World(revoked=(at, status)))
        one.command("run")
        assert isinstance(one.reason, CredentialError), at
        assert RowState.FAILED not in states(one), at
        one.command("resume")
        assert states(one) == [RowState.DONE] * 24, at


@pytest.mark.parametrize("kind", ["busy", "late", "unreached", "page"])
def test_outage_fails_no_row_and_is_gone_on_from(machine, kind):
    """A read that gets no answer is no record's fault, as long as others get none."""
    held = [{"id": f"u{number}", "userName": address(f"p{number}")} for number in range(8)]
    patch = [{"op": "replace", "path": "title", "value": "New"}]
    lines = [{"op": "patch", "type": "User", "id": f"u{number}", "patch": patch} for number in range(8)]
    one = machine(lines, World(outage=(0.8, 600.0, kind), rate=(10, 1.0)), held)
    one.command("run")
    assert isinstance(one.reason, Stopped)
    assert RowState.FAILED not in states(one)
    one.time.advance(700)
    one.command("resume")

    assert states(one) == [RowState.DONE] * 8


@pytest.mark.parametrize("status", [400, 409, 500, 503])
def test_create_that_never_works_ends_within_its_budget_and_stops_no_other_row(machine, status):
    """A 5xx may be a refusal that does not say so: after some losses found not applied, the row fails."""
    lines = [person(f"n{number}") for number in range(8)]
    one = machine(lines, World(poison=status))
    one.tenant.poisoned = frozenset({address("n3")})
    one.command("run")

    assert one.reason is None
    assert states(one) == [RowState.FAILED if number == 3 else RowState.DONE for number in range(8)]
    assert one.tenant.requests < 60


def test_budget_of_a_row_lasts_over_sessions(machine):
    """Where only such rows are left, the breaker stops each session: they come to their end all the same."""
    lines = [person(f"n{number}") for number in range(6)]
    one = machine(lines, World(poison=503, concurrency=6))
    one.tenant.poisoned = frozenset(address(f"n{number}") for number in range(6))
    one.command("run")
    assert "in a row were faults" in str(one.reason)
    sessions = 1
    while RowState.PENDING in states(one) or RowState.IN_DOUBT in states(one):
        one.command("resume")
        sessions += 1

    assert states(one) == [RowState.FAILED] * 6
    assert sessions < 5


def test_requests_kept_back_by_a_slow_disk_do_not_leave_together(machine):
    """A permit is no licence for ever: the window is counted where requests leave."""
    lines = [person(f"n{number}") for number in range(40)]
    one = machine(lines, World(rate=(10, 1.0), concurrency=8, latency_s=0.02, sync_s=2.0))
    one.command("run")  # the oracle is "rate"

    assert states(one) == [RowState.DONE] * 40


def test_session_after_session_keeps_the_tenants_limit(machine):
    """However often a process dies, and however soon the next one begins."""
    lines = [person(f"n{number}") for number in range(30)]
    one = machine(lines, World(rate=(10, 1.0), concurrency=4, latency_s=0.02), deaths=[40, 60, 80, 100, 120])
    while not one.command("resume" if one.record else "run"):
        pass

    assert one.story.crashes == 5
    assert states(one) == [RowState.DONE] * 30


@pytest.mark.parametrize("deaths", [(3,), (7,), (3, 3, 5)])
def test_a_process_that_died_in_its_first_look_has_sent_something(machine, deaths):
    """The old code took a journal without a session for one that sent nothing, and sent one request too many."""
    lines = [person(f"n{number}") for number in range(20)]
    one = machine(lines, World(rate=(10, 1.0), latency_s=0.02), deaths=deaths)
    while not one.command("resume" if one.record else "run"):
        pass

    assert one.story.crashes == len(deaths)
    assert states(one) == [RowState.DONE] * 20  # the oracle is "rate"


@pytest.mark.parametrize("seed", range(4))
def test_a_clock_that_is_set_forward_between_sessions_lets_nothing_leave_early(machine, seed):
    """The old code believed that an hour had passed since the last request."""
    lines = [*(person(f"n{number}") for number in range(12)), join("Nowhere", "n1")]
    one = machine(lines, World(rate=(10, 1.0), latency_s=0.02, poison=400), seed=seed)
    one.tenant.poisoned = frozenset({address("n3")})
    one.command("run")
    for _ in range(3):
        one.time.wall += 3600.0
        one.command("retry")  # the oracle is "rate"

    assert states(one)[3] is RowState.FAILED


@pytest.mark.parametrize("dies_at", range(3, 12, 2))
def test_a_resume_that_died_in_its_first_look_is_waited_for(machine, dies_at):
    """It left no entry: the old code counted the time since the session before it."""
    lines = [person(f"n{number}") for number in range(12)]
    world = World(rate=(4, 5.0), latency_s=0.02, poison=400)
    one = machine(lines, world, deaths=[0, dies_at, dies_at])
    one.tenant.poisoned = frozenset({address("n3")})
    one.command("run")
    one.time.advance(60.0)
    assert [one.command("retry") for _ in range(3)] == [False, False, True]  # the oracle is "rate"


def test_full_disk_ends_a_session_in_order(machine):
    """All workers meet it at once; it is told as what it is, and the next session goes on."""
    lines = [person(f"n{number}") for number in range(20)]
    one = machine(lines, World(concurrency=8))
    one.disk.fail_at = range(25, 10_000)
    assert not one.command("run")
    assert "cannot be written" in str(one.reason)
    one.disk.fail_at = ()
    one.command("resume")

    assert set(states(one)) <= {RowState.DONE}


def test_fakes_answer_as_a_tenant_does(machine):
    """A name that is taken, a filter, a page."""
    one = machine(
        [person("n1")],
        World(page=3),
        [{"id": f"u{number}", "userName": address(f"p{number}")} for number in range(5)],
    )
    answer = one.tenant._arrive(Request("GET", "/Users?startIndex=4&count=3"))
    taken = one.tenant._arrive(Request("POST", "/Users", json.dumps({"userName": address("P1")}).encode()))

    assert [user["id"] for user in json.loads(answer.body)["Resources"]] == ["u3", "u4"]
    assert taken.status == 409


P1, P2 = ({"id": f"u{number}", "userName": address(f"p{number}")} for number in (1, 2))


def test_row_left_with_a_refused_membership_is_not_overtaken(machine):
    """The removal was a no-op while the addition waited for a second pass, which then added n1 for good."""
    boss, own = ({"userName": address(name)} for name in ("n2", "n1"))
    lines = [person("n1", groups=["Old"], manager=boss), leave("Old", "n1"), person("n2", manager=own)]
    one = machine(lines, World(), groups=["Old"])
    spoil(one, ("PATCH", "/Groups", "redirect"))
    one.command("run")

    assert states(one) == [RowState.DONE] * 3
    assert members(one, "Old") == set()


def test_row_whose_manager_comes_later_is_not_overtaken(machine):
    """The manager of row 2 was overwritten by that of row 1, which waited for the row that makes it."""
    path = f"{ENTERPRISE}:manager.value"
    boss, own = ({"userName": address(name)} for name in ("n2", "n1"))
    lines = [person("n1", manager=boss), change("n1", path, "u1"), person("n2", manager=own)]
    one = machine(lines, World(), [P1])
    one.command("run")

    assert states(one) == [RowState.DONE] * 3
    assert one.tenant.state()["Users", address("n1")][0]["manager"] == address("p1")


def test_row_put_off_is_not_overtaken(machine):
    """The removal was a no-op while the tenant took no addition, and resume then added p1 for good."""
    lines = [join("Old", "p1"), leave("Old", "p1")]
    one = machine(lines, World(retry_after="absent"), [P1], groups=["Old"])
    spoil(one, *[("PATCH", "/Groups", "throttled")] * BUDGET)
    one.command("run")
    assert states(one) == [RowState.PENDING] * 2
    one.command("resume")

    assert states(one) == [RowState.DONE] * 2
    assert members(one, "Old") == set()


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_row_in_doubt_is_not_overtaken_in_this_session_or_the_next(machine, fault):
    """The second title was written while the first was in doubt, and resume then wrote the first over it."""
    lines = [change("p1", "title", "first"), change("p1", "title", "second"), change("p2", "title", "other")]
    one = machine(lines, World(), [P1, P2])
    spoil(one, ("PATCH", "/Users/u1", fault), *[("GET", "/Users/u1", "page")] * 1000)
    for command in ("run", "resume"):
        one.command(command)
        assert states(one) == [RowState.IN_DOUBT, RowState.PENDING, RowState.DONE]
    spoil(one)
    one.command("resume")

    assert states(one) == [RowState.DONE] * 3
    assert one.tenant.state()["Users", address("p1")][0]["title"] == "second"


def test_group_in_doubt_is_not_made_twice(machine):
    """The next row found no group of this name yet and made a second one."""
    one = machine([join("Team", "p1"), join("Team", "p2")], World(lag_s=60.0), [P1, P2])
    spoil(one, ("POST", "/Groups", "cut_after"), *[("GET", "/Groups?", "page")] * 1000)
    one.command("run")
    spoil(one)
    one.time.advance(60)
    one.command("resume")

    assert states(one) == [RowState.DONE] * 2
    assert one.tenant.directory.made["Groups", "Team"] == 1


def test_members_are_read_again_after_a_patch_of_their_group(machine):
    """The last row was a no-op by a list that was read before the patch: p1 was not in the group."""
    empty = {"op": "patch", "type": "Group", "match": {"displayName": "Old"}}
    lines = [join("Old", "p1"), empty | {"patch": [{"op": "remove", "path": "members"}]}, join("Old", "p1")]
    one = machine(lines, World(), [P1], groups=["Old"])
    one.command("run")

    assert states(one) == [RowState.DONE] * 3
    assert members(one, "Old") == {address("p1")}


@pytest.mark.parametrize("seed", range(2))
def test_members_read_while_the_group_was_changed_are_not_kept(machine, seed):
    """Some removals were no-ops by a list that left the tenant before the addition: these users stayed."""
    names = [f"n{number}" for number in range(6)]
    lines = [person(name, groups=["Late"]) for name in names]
    lines += [group("Late"), *(leave("Late", name) for name in names)]
    one = machine(lines, World(concurrency=8, latency_s=2.0), seed=seed)
    one.command("run")

    assert states(one) == [RowState.DONE] * 13
    assert members(one, "Late") == set()


@pytest.mark.parametrize("seed", [0, 4])
@pytest.mark.parametrize(
    "frees",
    [
        {"op": "delete", "id": "u1"},
        {"op": "patch", "id": "u1", "patch": [{"op": "replace", "path": "userName", "value": "q@e.org"}]},
        {"op": "replace", "id": "u1", "data": {"userName": "q@e.org"}},
    ],
    ids=lambda frees: frees["op"],
)
def test_name_that_a_row_frees_is_taken_after_it(machine, frees, seed):
    """The create found the old user, adopted it or failed, and then the old user was deleted or renamed."""
    one = machine([{"type": "User", **frees}, person("p1")], World(latency_s=1.0), [P1], seed=seed)
    one.command("run")

    assert states(one) == [RowState.DONE] * 2
    assert one.tenant.directory.made["Users", address("p1")] == 1


def test_name_is_not_taken_while_it_is_in_doubt_whether_it_is_free(machine):
    """The create adopted the user whose delete was in doubt, and resume then deleted it."""
    one = machine([{"op": "delete", "type": "User", "id": "u1"}, person("p1")], World(), [P1])
    spoil(one, ("DELETE", "/Users/u1", "cut_before"), *[("GET", "/Users/u1", "page")] * 1000)
    one.command("run")
    spoil(one)
    one.command("resume")

    assert states(one) == [RowState.DONE] * 2
    assert one.tenant.directory.made["Users", address("p1")] == 1


def test_order_holds_in_a_later_pass_for_what_an_earlier_pass_made(machine):
    """The second pass waited for n1, which the first had made, and let row 2 remove what row 5 had added."""
    mail = {"emails": [{"value": "p1@mail.example", "type": "work"}]}
    by_mail = {"op": "remove_member", "type": "Group", "match": {"displayName": "Old"}}
    lines = [
        join("Team", "n1"),
        leave("Team", "n1"),
        person("n0", manager={"userName": address("n1")}, groups=["Old"]),
        by_mail | {"member": {"emails.value": "p1@mail.example"}},
        person("n1", groups=["Team"]),
    ]
    one = machine(lines, World(), [P1 | mail], groups=["Old", "Team"])
    one.command("run")

    assert RowState.PENDING not in states(one)
    assert members(one, "Team") == {address("n1")}


@pytest.mark.parametrize("seed", range(3))
def test_a_lost_create_of_a_deactivated_user_that_is_hidden_stays_in_doubt(machine, seed):
    """Its absence from a list that hides such users was taken for proof: it was sent again, and failed as a duplicate."""
    world = World(hides_inactive=True, faults={"cut_after": 1.0})
    one = machine([person("n0", active=False)], world, seed=seed)
    one.command("run")

    assert states(one) == [RowState.IN_DOUBT]
    assert one.tenant.directory.made == {("Users", address("n0")): 1}


def test_rows_that_wait_for_each_other_in_file_order_come_to_an_end(machine):
    """Each replace waits for an upsert of its manager, and each upsert for the other replace: none must stay pending."""

    def line(verb, name, **data):
        return {"op": verb, "type": "User", "data": {"userName": address(name), "title": "New", **data}}

    replaces = [
        {"id": f"u{own}", **line("replace", f"p{own}", manager={"userName": address(f"p{3 - own}")})}
        for own in (1, 2)
    ]
    one = machine([*replaces, line("upsert", "p2"), line("upsert", "p1")], World(), [P1, P2])
    one.command("run")

    assert set(states(one)) <= {RowState.DONE, RowState.NOOP}
    assert one.tenant.state()["Users", address("p1")][0]["manager"] == address("p2")


def _sessions(one, *names):
    """Carry out commands, a minute apart; return the states of the rows after each."""
    found = []
    for name in names:
        one.command(name)
        one.time.advance(60.0)
        found.append(states(one))
    return found


def test_accepted_rows_are_found_by_a_later_session_or_stay_in_doubt(machine):
    """A resume sent an accepted create again, and a change that a lookup did not show."""
    lines = [person("n1"), change("p1", "title", "New"), person("n2"), change("p1", "nickName", "N")]
    doubt, done, pending = RowState.IN_DOUBT, RowState.DONE, RowState.PENDING
    late = machine(lines[:3], World(accepted=1.0, accepts_s={"POST": 20.0, "PATCH": 20.0}), [P1])
    assert _sessions(late, "run", "resume") == [[doubt] * 3, [done] * 3]

    never = machine(lines, World(accepted=1.0, dropped=1.0), [P1])
    found = _sessions(never, "run", "resume", "resume", "retry")
    assert found == [[doubt, doubt, doubt, pending]] * 4
    with journal.read(never.folder, never.disk) as recorded:
        assert len(list(recorded.entries(Kind.STARTED))) == 3


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_row_whose_user_exists_serves_others_though_its_manager_is_missing(machine, verb, concurrency):
    """Rows that came after the end of row 1 were skipped because it had failed; those that came before it were done."""
    lines = [
        person("p1", manager={"userName": address("absent")}) | {"op": verb},
        join("Old", "p1"),
        person("n1", manager={"userName": address("p1")}),
    ]
    one = machine(lines, World(concurrency=concurrency), [P1], groups=["Old"])
    one.ready.plan.foreign.add(1)
    one.command("run")

    assert states(one) == [RowState.FAILED, RowState.DONE, RowState.DONE]
    assert members(one, "Old") == {address("p1")}


def test_clock_of_this_machine_proves_no_create_where_no_answer_has_shown_the_servers(machine):
    """An intent during an outage got the time of a clock that was slow: the group of another run, made since that time,
    counted as made by this one.
    """
    one = machine(
        [group("Team")],
        World(outage=(0.0, 600.0, "page"), unique_groups=True, held_s=60.0),
        groups=["Team"],
    )
    one.time.wall -= 3000.0
    one.command("run")
    assert states(one) == [RowState.IN_DOUBT]
    one.time.wall += 3000.0
    one.time.advance(700.0)
    one.command("resume")

    assert states(one) == [RowState.ADOPTED]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the loop of virtual time hears no signals
async def test_third_rollback_takes_back_what_the_second_did_again_though_it_left_a_part(tmp_path):
    """The second left the nickname, which another client had set: the title that it had set again counted as taken back."""
    story = Story(tmp_path, 1)
    user = story.tenant.held["Users"]["p1"]
    user |= {"active": True, "title": "Engineer"}
    await story.run([{"op": "patch", "id": "p1", "data": {name: "New"}} for name in ("title", "nickName")])
    await story.back()
    story.tenant.held["Users"]["p1"]["nickName"] = "Theirs"
    await story.back(FOLDER / "rollback-1")
    assert story.tenant.held["Users"]["p1"]["title"] == "New"
    await story.back()

    user = story.tenant.held["Users"]["p1"]
    assert (user["title"], user["nickName"]) == ("Engineer", "Theirs")


@pytest.mark.parametrize("at", range(2, 8))
def test_row_of_an_unexplained_refusal_waits_for_a_token_that_can_look(machine, at):
    """A refused token kept the look from finding the existing user, and the row failed as "Bad request" for good."""
    world = World(duplicates="unsaid", revoked=(at, 401))
    one = machine([person("p1")], world, [P1])
    one.command("run")
    assert states(one) in ([RowState.PENDING], [RowState.ADOPTED])
    while RowState.PENDING in states(one):
        one.command("resume")

    assert states(one) == [RowState.ADOPTED]
