"""Each guard of what a run does refuses in plan, in run, and where a run goes on."""

import json
import shlex
from pathlib import Path

import pytest

from bulkscim.model.guard_table import IN_DEFINITIONS, flag_of
from tests.support.making.few import few
from tests.support.making.records import create, deactivate, delete, join, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant, error

NAMES = [f"u{number}@example.com" for number in range(6)]
NEW = [f"new{number}@example.com" for number in range(6)]
ADMIN = [{"value": "r1", "display": "Organisation Owner"}]


def leave(team, member):
    """Ask for a membership to end."""
    return {**join(team, {"userName": member}), "op": "remove_member"}


def of_all(name):
    """Take a user out of the group of all."""
    return leave("All", name)


def of_own(name):
    """Take a user out of the group that holds no other user."""
    return leave(f"Own {name}", name)


GUARDED = [
    ("--max-create", create, NEW, True),
    ("--max-update", retitle, NAMES, False),
    ("--max-deactivate", deactivate, NAMES, True),
    ("--max-delete", delete, NAMES, True),
    ("--max-delete", deactivate, NAMES, True),
    ("--max-admins", delete, NAMES, False),
    ("--max-admins", deactivate, NAMES, False),
    ("--max-removals", of_all, NAMES, True),
    ("--max-emptied", of_own, NAMES, True),
]
guarded = pytest.mark.parametrize(("flag", "record", "names", "in_file"), GUARDED)


def job(*records):
    """Write a job file."""
    Path("job.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return "job.jsonl"


def staff(tenant):
    """Make the users administrators, and put them into a group of all, and each into a group of its own."""
    for user in tenant.held["Users"].values():
        user["roles"] = ADMIN
        tenant.add("Groups", {"displayName": f"Own {user['userName']}", "members": [{"value": user["id"]}]})
    everyone = [{"value": one} for one in tenant.held["Users"]]
    tenant.add("Groups", {"displayName": "All", "members": everyone})


@pytest.fixture
def tenant():
    """Serve a tenant whose users are administrators, and in groups."""
    with SmallTenant(*NAMES).serving() as serving:
        staff(serving)
        serving.at = ("--base-url", serving.base_url, *FAST, "--max-delete", "6")
        yield serving


def lifted(flag):
    """Return what lifts the guard of administrators, where another one is looked at."""
    return () if flag == "--max-admins" else ("--max-admins", "6")


@guarded
def test_a_plan_is_refused(bulkscim, tenant, flag, record, names, in_file):
    """Only creates and removals were counted, and those by the file alone. The plan is shown all the same."""
    path = job(*map(record, names[:4]))
    at = (*tenant.at, *lifted(flag))
    refused, allowed = bulkscim("plan", path, *at, flag, "3"), bulkscim("plan", path, *at, flag, "4")

    assert (refused.code, allowed.code, tenant.writes) == (4, 0, [])
    assert f"{flag} 4" in refused.stderr
    assert "plan: " in refused.stdout


def pasted(outcome):
    """Return the words of the first command that comes next."""
    return shlex.split(outcome.stderr.partition("next: bulkscim ")[2].splitlines()[0])


@guarded
def test_a_run_stops_before_the_step_that_is_too_much(bulkscim, tenant, flag, record, names, in_file):
    """It goes on with a higher limit, and all sessions count."""
    path = job(*map(record, names[:4]))
    at = (*tenant.at, "--yes", *lifted(flag))
    stopped = bulkscim("run", path, *at, flag, "3")
    written = len(tenant.writes)
    if in_file:
        assert (stopped.code, written) == (4, 0), stopped.text
        return
    again = bulkscim("resume", "last", *FAST)
    raised = bulkscim(*pasted(again), *FAST)

    assert (stopped.code, written) == (4, 3), stopped.text
    assert (again.code, raised.code, len(tenant.writes)) == (4, 0, 4), raised.text
    assert pasted(stopped) == pasted(again)
    assert pasted(again)[-2:] == [flag, "4"]


class Failing(SmallTenant):
    """Refuses changes of some users, until it is repaired."""

    bad = frozenset[str]()

    async def answer(self, request, collection, resource_id, body):
        held = self.held["Users"].get(resource_id or "", {})
        name = (body or {}).get("userName", held.get("userName"))
        members = {self.user(one)["id"] for one in self.bad & set(NAMES)} if collection == "Groups" else ()
        is_bad = name in self.bad or any(one in json.dumps(body) for one in members)
        if request.method != "GET" and is_bad:
            return error(400, "bad")
        return await super().answer(request, collection, resource_id, body)


AGAIN = [("resume", 2, ("--max-errors", "1")), ("retry", 3, ())]


@pytest.mark.parametrize("case", GUARDED, ids=lambda case: f"{case[0]} {case[1].__name__}")
@pytest.mark.parametrize(("command", "bad", "more"), few(AGAIN, 1))
def test_a_run_that_goes_on_cannot_slip_past(bulkscim, case, command, bad, more):
    """What failed does not count, what earlier sessions did does."""
    flag, record, names, _ = case
    with Failing(*NAMES).serving() as tenant:
        staff(tenant)
        tenant.bad = frozenset(names[:bad])
        at = ("--base-url", tenant.base_url, *FAST, "--max-delete", "6", "--yes", *lifted(flag))
        first = bulkscim("run", job(*map(record, names)), *at, flag, "6", "--concurrency", "1", *more)
        tenant.bad = frozenset()
        refused = bulkscim(command, "last", *FAST, flag, str(bad + 1), "--max-errors", "9")
        done = json.loads(bulkscim("status", "last", "--json").stdout)["done"]
        allowed = bulkscim("retry", "last", *FAST, flag, "6", "--max-errors", "9")

    assert first.code in {3, 5}, first.text
    assert (refused.code, allowed.code, done) == (4, 0, bad + 1), refused.text + allowed.text
    assert f"{flag} allows {bad + 1}" in refused.stderr


PEOPLE = [f"p{number}@sales.example" for number in range(10)]


class Staffed(SmallTenant):
    """Ten users of one domain, four of them of one department."""

    def __init__(self, *names):
        super().__init__(*PEOPLE, *names)
        for name in PEOPLE[:4]:
            self.user(name)["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = {
                "department": "Law"
            }


@pytest.mark.parametrize(
    ("names", "most", "told"),
    [
        (
            PEOPLE[:3],
            "50%",
            "3 of the 4 users of department law would be deleted or deactivated, more than the 2 allowed",
        ),
        (PEOPLE[4:10], "50%", "6 of the 10 users of domain sales.example"),
        (PEOPLE[3:7], "3", "4 of the 10 users of domain sales.example"),
        (PEOPLE[2:6], "50%", ""),
        (PEOPLE[:1], "1%", ""),
        (PEOPLE[:1], "0%", "1 of the 4 users of department law"),
    ],
)
def test_a_plan_takes_no_more_than_a_share_of_one_department_or_domain(bulkscim, names, most, told):
    """A filter that matches a whole department removes few of all users, and all of these."""
    with Staffed("boss@example.com").serving() as tenant:
        at = ("--base-url", tenant.base_url, *FAST, "--max-delete", "20", "--max-share", most)
        outcome = bulkscim("plan", job(*map(deactivate, names)), *at)

    assert (outcome.code, tenant.writes) == (4 if told else 0, []), outcome.text
    assert told in outcome.stderr


def test_a_run_that_takes_too_large_a_share_is_refused_before_the_first_request(bulkscim):
    """All users are listed to count the department: so it is known who of them goes."""
    with Staffed("boss@example.com").serving() as tenant:
        by_id = {"op": "delete", "type": "User", "id": tenant.user(PEOPLE[2])["id"]}
        tenant.user(PEOPLE[3])["active"] = False
        at = ("--base-url", tenant.base_url, *FAST, "--max-delete", "20", "--max-share", "50%", "--yes")
        rows = [deactivate(PEOPLE[0]), deactivate(PEOPLE[1]), deactivate(PEOPLE[3])]
        refused = bulkscim("run", job(*rows, by_id), *at)
        written = len(tenant.writes)
        allowed = bulkscim("run", job(*rows), *at)

    assert (refused.code, written, allowed.code) == (4, 0, 0), refused.text + allowed.text
    assert "3 of the 4 users of department law would be deleted or deactivated" in refused.stderr


class Joining(Staffed):
    """Has four users in a department, which four others join before they are looked up."""

    def __init__(self, *names):
        super().__init__(*names)
        for number in range(8):
            self.place(number, "Law" if number > 3 else f"Law {number}")

    def place(self, number, department):
        extension = {"department": department}
        self.user(PEOPLE[number])["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] = extension

    def listing(self, collection, query):
        if "filter" in query:
            for number in range(4):
                self.place(number, "Law")
        return super().listing(collection, query)


@pytest.mark.parametrize("command", ["resume", "retry"])
def test_a_run_takes_no_more_than_a_share_in_all_of_its_sessions(bulkscim, command):
    with Joining().serving() as tenant:
        at = ("--base-url", tenant.base_url, *FAST, "--yes", "--max-delete", "20", "--max-share", "50%")
        stopped = bulkscim("run", job(*map(deactivate, PEOPLE[:4])), *at)
        written = len(tenant.writes)
        again = bulkscim(command, "last", *FAST)
        lifted = bulkscim(command, "last", *FAST, "--max-share", "4")

    assert (stopped.code, written) == (4, 2), stopped.text
    assert (again.code, lifted.code, len(tenant.writes)) == (4, 0, 4), again.text + lifted.text
    assert "would be user number 3 of the 4 of department law" in stopped.stderr
    assert "--max-share 4" in stopped.stderr.partition("next: ")[2]


class Expiring(Staffed):
    """Answers 401 to everything after so many writes."""

    good = 1

    async def answer(self, request, collection, resource_id, body):
        if len(self.writes) > self.good:
            return error(401, "token expired")
        return await super().answer(request, collection, resource_id, body)


def test_a_number_of_a_share_may_be_set_where_a_run_goes_on(bulkscim):
    """What earlier sessions did counts; a percentage is one of what was not counted."""
    with Expiring("boss@example.com").serving() as tenant:
        at = ("--base-url", tenant.base_url, *FAST, "--yes", "--max-delete", "20", "--concurrency", "1")
        stopped = bulkscim("run", job(*map(deactivate, PEOPLE[:4])), *at)
        tenant.good = 100
        share, number = (bulkscim("resume", "last", *FAST, "--max-share", one) for one in ("50%", "2"))
        lifted = bulkscim("resume", "last", *FAST, "--max-share", "4")

    assert (stopped.code, share.code, number.code, lifted.code) == (7, 2, 4, 0), number.text
    assert "would be user number 3 of department law to be deleted" in number.stderr
    assert "name a number of users" in share.stderr


class Unreadable(Staffed):
    """Refuses pages beyond the first."""

    def listing(self, collection, query):
        return error(403, "no") if int(query.get("count", 100)) > 1 else super().listing(collection, query)


def test_a_share_of_what_cannot_be_counted_is_refused(bulkscim):
    with Unreadable().serving() as tenant:
        at = ("--base-url", tenant.base_url, *FAST)
        refused = bulkscim("plan", job(deactivate(PEOPLE[0])), *at, "--max-share", "50%")

    assert refused.code == 4, refused.text
    assert "--max-share: the users of each department and domain cannot be counted" in refused.stderr


def test_a_plan_file_that_takes_too_large_a_share_is_refused_before_the_first_request(bulkscim):
    """A part of the department was gone when the guard stopped the run."""
    with Staffed("boss@example.com").serving() as tenant:
        at = ("--base-url", tenant.base_url, *FAST, "--max-delete", "20")
        made = bulkscim("plan", job(*map(deactivate, PEOPLE[:3])), *at, "-o", "job.plan")
        refused = bulkscim("run", "job.plan", *at, "--yes", "--max-share", "50%")
        written = len(tenant.writes)
        allowed = bulkscim("run", "job.plan", *at, "--yes", "--max-share", "3")

    assert (made.code, refused.code, written) == (0, 4, 0), refused.text
    assert "3 of the 4 users of department law" in refused.stderr
    assert allowed.code == 0, allowed.text


def expiring(bulkscim, tenant, path, *more):
    """Begin a run that ends when its token expires; return how many changes it has made."""
    staff(tenant)
    at = ("--base-url", tenant.base_url, *FAST, "--yes", "--concurrency", "1", "--max-delete", "9", *more)
    stopped = bulkscim("run", path, *at)
    tenant.good = 1000
    assert stopped.code == 7, stopped.text
    return json.loads(bulkscim("status", "last", "--json").stdout)["done"]


@pytest.mark.parametrize("command", ["resume", "retry"])
def test_seats_that_a_run_began_without_are_counted_where_it_goes_on(bulkscim, command):
    """It was refused: they had not been counted at the start. What the run itself has created is none of the start."""
    with Expiring(*NAMES).serving() as tenant:
        done = expiring(bulkscim, tenant, job(*map(create, NEW)))
        there = len(tenant.held["Users"])
        stopped = bulkscim(command, "last", *FAST, "--seats", str(there + 1))
        full = len(tenant.held["Users"])
        lifted = bulkscim(*pasted(stopped), *FAST)

    assert 0 < done < len(NEW) - 1
    assert (stopped.code, full) == (4, there + 1), stopped.text
    assert f"({there - done} were used at the start)" in stopped.stderr
    assert lifted.code == 0, lifted.text


@pytest.mark.parametrize("command", ["resume", "retry"])
def test_groups_that_a_run_without_this_guard_has_emptied_count_where_it_goes_on(bulkscim, command):
    with Expiring(*NAMES).serving() as tenant:
        done = expiring(bulkscim, tenant, job(*map(of_own, NAMES)))
        refused = bulkscim(command, "last", *FAST, "--max-emptied", str(done))
        same = sum(not one["members"] for one in tenant.held["Groups"].values())
        stopped = bulkscim(command, "last", *FAST, "--max-emptied", str(done + 1))
        one_more = sum(not one["members"] for one in tenant.held["Groups"].values())
        lifted = bulkscim(*pasted(stopped), *FAST)

    assert 0 < done < len(NAMES) - 1
    assert (refused.code, same) == (4, done), refused.text
    assert (stopped.code, one_more) == (4, done + 1), stopped.text
    assert lifted.code == 0, lifted.text


class Growing(SmallTenant):
    """Has more members in its group as soon as a user is created."""

    async def answer(self, request, collection, resource_id, body):
        if request.method == "POST":
            for group in self.held["Groups"].values():
                group["members"] = [{"value": one} for one in self.held["Users"]]
        return await super().answer(request, collection, resource_id, body)


EMPTIES = [{"op": "replace", "path": "members", "value": []}]


@pytest.mark.parametrize(
    ("flag", "lifting"),
    [("--max-removals", ()), ("--max-removals", ("--max-removals", "100%"))],
)
def test_what_really_leaves_a_group_is_counted(bulkscim, flag, lifting):
    """The group had two members when the job was checked, and six when it was emptied."""
    with Growing(*NAMES).serving() as tenant:
        held = [{"value": one} for one in list(tenant.held["Users"])[:2]]
        team = tenant.add("Groups", {"displayName": "Team", "members": held})
        rows = [
            create("new@example.com"),
            {"op": "patch", "type": "Group", "match": {"displayName": "Team"}, "patch": EMPTIES},
        ]
        at = ("--base-url", tenant.base_url, *FAST, "--concurrency", "1", "--yes")
        stopped = bulkscim("run", job(*rows), *at, flag, "2")
        there = len(team["members"])
        again = bulkscim("resume", "last", *FAST)
        raised = bulkscim(*(("resume", "last", *lifting) if lifting else pasted(again)), *FAST)

    assert (stopped.code, there, again.code) == (4, 6, 4), stopped.text
    assert f"{flag} allows 2" in stopped.stderr
    assert raised.code == 0, raised.text


def test_each_guard_stands_in_a_table():
    told = {case[0] for case in (*GUARDED, *OTHERS, *OF_ALL_USERS)}

    assert told == {"--seats", *map(flag_of, IN_DEFINITIONS)}


def adopted(name):
    """Ask for a user that exists, with a manager."""
    return create(name, manager={"userName": NAMES[0]})


OF_ALL_USERS = [("--seats", create, NEW, "8"), ("--max-share", deactivate, NAMES, "2")]


@pytest.mark.parametrize(("flag", "record", "names", "low"), OF_ALL_USERS)
def test_a_guard_for_which_all_users_are_listed_is_held_before_the_first_request(
    bulkscim, tenant, flag, record, names, low
):
    """Where a run goes on is shown for --seats with the seats, and for --max-share above."""
    path, at = job(*map(record, names)), (*tenant.at, "--max-admins", "6", flag, low)
    outcomes = bulkscim("plan", path, *at), bulkscim("run", path, *at, "--yes")

    assert ([one.code for one in outcomes], tenant.writes) == ([4, 4], []), outcomes[1].text
    assert all(f"{flag} " in one.stderr for one in outcomes)


OTHERS = [  # guards that count the rows of a run
    ("--max-errors", retitle, [f"absent{number}" for number in range(6)], "2", "6", 5),
    ("--max-adopt", adopted, NAMES[1:], "2", "6", 5),
]


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case[0])
def test_each_other_guard_holds_in_a_plan_a_run_and_where_a_run_goes_on(bulkscim, tenant, case):
    flag, record, names, low, high, code = case
    path, at = job(*map(record, names)), (*tenant.at, "--max-admins", "6", "--concurrency", "1")
    planned = bulkscim("plan", path, *at, flag, low)
    unwritten = len(tenant.writes)
    stopped = bulkscim("run", path, *at, flag, low, "--yes")
    written = len(tenant.writes)
    again = [bulkscim(command, "last", *FAST) for command in ("resume", "retry")]
    more = len(tenant.writes) - written
    bulkscim("resume", "last", *FAST, flag, high)
    raised = bulkscim("retry", "last", *FAST, flag, high)

    assert (planned.code, unwritten) == (code, 0), planned.text
    assert stopped.code == code, stopped.text
    assert ([one.code for one in again], more) == ([code, code], 0), again[0].text + again[1].text
    assert f"{flag} " in stopped.stderr
    assert raised.code == (3 if flag == "--max-errors" else 0), raised.text
