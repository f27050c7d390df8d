"""The fewest requests of a job, as arithmetic."""

from dataclasses import replace

import pytest
from minimum import CAREFUL_S, CONFIG, PROOFS, Group, Job, Server, minimum

FAST = Server()
ONE_NAME, NO_FILTERS = Server(names=1), Server(names=0)


def at(server, per_minute):
    return Server(server.page, server.names, server.members, server.if_match, per_minute)


MOVING = Server(may_move=True)
VERSIONED = Server(if_match=True, per_minute=100)
FRESH = Job(posts=1_000, members=(Group(40, new=True),) * 31)
AGAIN = Job(users=1_000, groups=31, found=1_000, members=FRESH.members, dry=True)
UPSERT = Job(users=2_000, found=2_000, imaged=200, patches=200)
DEACTIVATE = Job(users=1_000, found=1_000, imaged=1_000, patches=1_000)
DELETE = Job(
    users=1_000, found=1_000, imaged=1_000, age_s=CAREFUL_S, managers=True, deletes=1_000, leave=True
)
MEMBERS = Job(users=1_000, groups=20, found=1_000, members=(Group(250),) * 20)
UNDO = Job(
    users=1_000,
    groups=31,
    found=1_000,
    imaged=1_000,
    age_s=CAREFUL_S,
    deletes=1_000,
    group_deletes=tuple(range(31)),
)


@pytest.mark.parametrize(
    ("job", "server", "fewest"),
    [
        pytest.param(FRESH, FAST, 1 + 1 + 1 + 1_000 + 31, id="an empty tenant has no names to look up"),
        pytest.param(Job(dry=True, members=FRESH.members), FAST, 3, id="a dry run of it"),
        pytest.param(AGAIN, FAST, 1 + 11 + 1, id="the same again: a listing of each type"),
        pytest.param(UPSERT, FAST, 1 + 21 + 200, id="images from the listing that compared"),
        pytest.param(
            UPSERT, at(FAST, 100), 1 + 21 + 4 + 200, id="images too old by then: 4 filters of 50 names"
        ),
        pytest.param(UPSERT, at(ONE_NAME, 100), 1 + 21 + 63 + 200, id="images of 80 rows from each listing"),
        pytest.param(
            UPSERT, Server(if_match=True, per_minute=100), 1 + 21 + 200, id="If-Match makes any age safe"
        ),
        pytest.param(DEACTIVATE, FAST, 1 + 11 + 1_000, id="a listing is less than 20 filters"),
        pytest.param(DEACTIVATE, at(FAST, 100), 1 + 20 + 1_000, id="50 writes leave within a minute"),
        pytest.param(DEACTIVATE, at(NO_FILTERS, 100), 1 + 132 + 1_000, id="90 writes after each listing"),
        pytest.param(DELETE, FAST, 1 + 11 + 1_000, id="deletes without a limit"),
        pytest.param(DELETE, at(FAST, 100), 1 + 11 + 125 + 1_000, id="8 deletes leave within 5 seconds"),
        pytest.param(DELETE, at(ONE_NAME, 100), 1 + 11 + 1_000 + 1_000, id="each is looked up by itself"),
        pytest.param(
            replace(DELETE, users=100_000), FAST, 1 + 20 + 1_000, id="filters of managers, not 1,000 pages"
        ),
        pytest.param(
            replace(MEMBERS, groups=5_000), FAST, 1 + 11 + 1 + 60, id="one filter of 20 names of groups"
        ),
        pytest.param(MEMBERS, FAST, 1 + 11 + 1 + 60, id="100 members in a request"),
        pytest.param(
            Job(groups=20, members=MEMBERS.members), FAST, 1 + 1 + 1 + 60, id="ids are looked up nowhere"
        ),
        pytest.param(UNDO, FAST, 1 + 11 + 1 + 1_031, id="a rollback of creates"),
        pytest.param(
            Job(imaged=9, hidden=True, patches=9), FAST, 1 + 1 + 9 + 9, id="hidden users are read by id"
        ),
    ],
)
def test_fewest_requests(job, server, fewest):
    """Each job costs what its rule says, apart from proofs."""
    kinds = minimum(job, server)

    assert kinds.total() - kinds[PROOFS] == fewest


@pytest.mark.parametrize(
    ("job", "server", "proofs"),
    [
        (FRESH, FAST, 0),
        (AGAIN, FAST, 3),
        (UPSERT, FAST, 1),
        (DELETE, at(FAST, 100), 1),
        (DELETE, VERSIONED, 1 + 2),
        (UPSERT, VERSIONED, 1),
        (UNDO, VERSIONED, 1 + 1 + 2),
        (replace(UNDO, dry=True), VERSIONED, 1 + 1),
    ],
)
def test_what_proves_the_tenant_is_counted(job, server, proofs):
    """One read by id of a user and of a group that are changed, of three groups where all are equally large; two requests where
    older images are worth that."""
    assert minimum(job, server)[PROOFS] == proofs


def test_versions_of_users_who_are_only_deleted_are_never_seen_to_change():
    """So their images are read again in each minute, of ever shorter listings."""
    versioned = Server(names=0, if_match=True, per_minute=100)

    assert minimum(UNDO, versioned)["GET Users"] == sum(range(1, 12))
    assert minimum(replace(UNDO, deletes=0, patches=1_000), versioned)["GET Users"] == 11


def test_kinds_are_told_apart():
    """The sum is also there by kind, without kinds that do not occur."""
    found = minimum(MEMBERS, FAST)

    assert found == {CONFIG: 1, "GET Users": 11, "GET Groups": 1, "PATCH Groups": 60, PROOFS: 3}


def test_rows_in_turn_fill_a_request_only_as_far_as_the_window_reaches():
    """Rows that name 200 groups in turn: about 49 members of a group are under way when it has to make room."""
    groups = (Group(400),) * 200

    sorted_by_group = minimum(Job(groups=200, members=groups), FAST)["PATCH Groups"]
    in_turn = minimum(Job(groups=200, members=groups, in_turn=True), FAST)["PATCH Groups"]

    assert (sorted_by_group, in_turn) == (800, 1_800)


def test_a_new_group_has_its_first_members_in_its_post():
    """What does not fit follows in changes."""
    found = minimum(Job(members=(Group(250, new=True), Group(0, new=True))), FAST)

    assert (found["POST Groups"], found["PATCH Groups"]) == (2, 2)


def test_users_that_leave_listings_make_later_listings_shorter():
    """A server without filters that does not list who is deactivated."""
    stays = minimum(DEACTIVATE, at(NO_FILTERS, 100))["GET Users"]
    leaves = minimum(Job(users=1_000, found=1_000, imaged=1_000, leave=True), at(NO_FILTERS, 100))[
        "GET Users"
    ]

    assert leaves < stays


@pytest.mark.parametrize(("dry", "proofs"), [(False, 10), (True, 0)])
def test_two_users_tell_whether_a_second_group_moves_them(dry, proofs):
    """Each is read before its addition, which goes alone, and after it, and so are the two groups of each. A dry run adds none."""
    job = replace(MEMBERS, second=True, dry=dry)

    assert minimum(job, MOVING)["proofs"] - minimum(job, FAST)["proofs"] == proofs


def test_groups_of_one_size_that_are_deleted_are_compared():
    """A tenant may cut lists at this length."""
    equal, other = (Job(groups=20, group_deletes=sizes) for sizes in ((100,) * 20, tuple(range(20))))

    assert (minimum(equal, FAST)["proofs"], minimum(other, FAST)["proofs"]) == (3, 1)
