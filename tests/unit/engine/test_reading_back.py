"""Tenants that say yes and do something else, under --read-back."""

import json

import pytest

from tests.support.simulation.tenant import SimulatedTenant

ADA = {"id": "u1", "userName": "ada@example.com", "title": "Old", "active": True}
SALES = {"id": "g1", "displayName": "Sales", "members": []}
BY_NAME = {"userName": "ada@example.com"}
JOBS = [
    {"op": "create", "data": {"userName": "eve@example.com", "title": "Lead"}},
    {"op": "replace", "match": BY_NAME, "data": {"userName": "ada@example.com", "title": "Lead"}},
    {"op": "patch", "match": BY_NAME, "patch": [{"op": "replace", "path": "title", "value": "Lead"}]},
    {"op": "deactivate", "match": BY_NAME},
    {"op": "delete", "match": BY_NAME},
    {"op": "add_member", "type": "Group", "match": {"displayName": "Sales"}, "member": BY_NAME},
]
NAMES = [job["op"] for job in JOBS]


class Deaf(SimulatedTenant):
    """Answers every write with success; keeps of a create the name alone, and changes nothing."""

    def __init__(self, *given):
        super().__init__(*given)
        self.held["Groups"]["g1"] = SALES

    def _create(self, collection, body):
        return super()._create(collection, {"userName": body["userName"]})

    def _one(self, method, collection, resource_id, body):
        return super()._one("GET", collection, resource_id, body)


class Late(SimulatedTenant):
    """Shows a write to reads by id one and a half seconds after it."""

    def __init__(self, *given):
        super().__init__(*given)
        self.held["Groups"]["g1"] = SALES
        self.before = []

    def _apply(self, request):
        if request.method == "GET" and "?" not in request.path:
            now, self.held = self.held, self._shown()
            answer = super()._apply(request)
            self.held = now
            return answer
        if request.method != "GET":
            self.before.append((self.clock.monotonic(), json.loads(json.dumps(self.held))))
        return super()._apply(request)

    def _shown(self):
        recent = [held for at, held in self.before if self.clock.monotonic() - at < 1.5]
        return recent[0] if recent else self.held


@pytest.mark.parametrize("job", JOBS, ids=NAMES)
async def test_success_that_changed_nothing_fails_the_row(carried, job):
    """Whatever the operation, the row does not end as done."""
    report = await carried([job], held=[ADA], kind=Deaf, read_back="all")

    assert (report.totals.failed, report.totals.done) == (1, 0)


@pytest.mark.parametrize("job", JOBS, ids=NAMES)
async def test_success_that_shows_late_is_waited_for(carried, job):
    """The lag of the profile is waited out once; the row is done."""
    report = await carried([job], held=[ADA], kind=Late, read_back="all")

    assert (report.totals.failed, report.totals.done) == (0, 1)


class Quiet(Deaf):
    """Says nothing in its answers to writes."""

    def _one(self, method, collection, resource_id, body):
        reply = super()._one(method, collection, resource_id, body)
        return reply if method == "GET" else self._answer(204, {})


@pytest.mark.parametrize(("kind", "states"), [(Quiet, (0, 1)), (Deaf, (0, 1)), (Late, (1, 0))])
async def test_a_run_that_does_not_ask_looks_where_an_answer_shows_nothing_or_the_value_before(
    carried, kind, states
):
    """Reading back costs requests, so what else an answer shows is believed, and one that shows nothing once its kind was seen."""
    report = await carried([JOBS[2]], held=[ADA], kind=kind)

    assert (report.totals.done, report.totals.failed) == states


async def test_a_sample_reads_back_some_rows_only(carried):
    """The first three of these rows, and about one in twenty of the others."""
    rows = [
        {"op": "create", "data": {"userName": f"u{number}@example.com", "title": "Lead"}}
        for number in range(60)
    ]
    report = await carried(rows, kind=Deaf, read_back="sample")

    assert 3 <= report.totals.failed <= 15
    assert report.totals.done == 60 - report.totals.failed


async def test_what_a_later_row_changed_is_not_held_against_a_row_that_waited(carried):
    """Two who manage each other are ended in a second pass; meanwhile another row has changed one of them."""
    people = [
        {
            "op": "create",
            "data": {
                "userName": f"{own}@example.com",
                "title": "Dev",
                "manager": {"userName": f"{boss}@example.com"},
            },
        }
        for own, boss in (("ada", "bob"), ("bob", "ada"))
    ]
    report = await carried([*people, JOBS[2]], read_back="all")

    assert (report.totals.done, report.totals.failed) == (3, 0)
