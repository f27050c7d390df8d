"""A run whose first rows all fail for one reason stops once, and leaves the rest as it is."""

import json
from pathlib import Path

import pytest

from tests.support.making.records import create, deactivate, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant, error

ROWS = 60
ONE_BY_ONE = ("--concurrency", "2")


class Picky(SmallTenant):
    """Refuses every create and every change of a user, in words that name it."""

    def __init__(self, *names):
        super().__init__(*names)
        self.told = 'attribute "title" of {name} is not allowed (request {number})'

    async def create(self, request, collection, body):
        return self.refused(body["userName"]) or await super().create(request, collection, body)

    def patch(self, collection, resource_id, body):
        name = self.held[collection][resource_id]["userName"]
        return self.refused(name) or super().patch(collection, resource_id, body)

    def refused(self, name):
        """Refuse, unless there is nothing to say."""
        detail = self.told.format(name=name, number=len(self.seen))
        return error(400, detail, "invalidValue") if self.told else None


def job(*records):
    """Write a job file."""
    Path("job.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return "job.jsonl"


def counted(bulkscim):
    """Return how many rows are done, failed and pending."""
    summary = bulkscim("status", "last", "--json").json
    return summary["done"], summary["failed"], summary["pending"]


@pytest.mark.parametrize("record", [create, retitle])
def test_a_run_that_only_fails_stops_once(bulkscim, record):
    """Each of 5,000 rows was sent and marked failed though the first 20 had said why none can succeed."""
    names = [f"u{number}@example.com" for number in range(ROWS)]
    with Picky(*(names if record is retitle else ())).serving() as tenant:
        path = job(*map(record, names))
        stopped = bulkscim("run", path, "--yes", "--base-url", tenant.base_url, *FAST, *ONE_BY_ONE)
        after_stop = counted(bulkscim)
        resumed = bulkscim("resume", "last", *FAST)
        after_resume = counted(bulkscim)
        retried = bulkscim("retry", "last", *FAST)
        tenant.told = ""
        corrected = bulkscim("retry", "last", *FAST)

    assert stopped.code == 5, stopped.text
    assert "first 20 rows failed for one reason: " in stopped.stderr
    assert 'attribute "title"' in stopped.stderr
    assert 20 <= after_stop[1] <= 22
    assert after_stop[2] == ROWS - after_stop[1]
    assert (resumed.code, after_resume) == (3, (0, ROWS, 0)), resumed.text
    assert retried.code == 3, retried.text
    assert (corrected.code, counted(bulkscim)) == (0, (ROWS, 0, 0)), corrected.text


@pytest.mark.parametrize(
    ("records", "more"),
    [
        ([create(f"there{number}@example.com") for number in range(30)], ("--on-exists", "fail")),
        ([retitle(f"absent{number}@example.com") for number in range(30)], ()),
        ([create(f"u{number}@example.com", groups=[{"displayName": "Nowhere"}]) for number in range(30)], ()),
        ([deactivate(f"absent{number}@example.com") for number in range(30)], ("--max-delete", "30")),
    ],
    ids=["conflicts", "missing targets", "missing groups", "missing leavers"],
)
def test_conflicts_and_missing_references_are_the_rows_own(bulkscim, records, more):
    """Many rows may have these in common and still be right to fail each."""
    names = [f"there{number}@example.com" for number in range(30)]
    with SmallTenant(*names).serving() as tenant:
        outcome = bulkscim("run", job(*records), "--yes", "--base-url", tenant.base_url, *FAST, *more)

    assert outcome.code == 3, outcome.text
    assert counted(bulkscim)[1:] == (30, 0)


def test_rows_that_differ_do_not_stop_a_run(bulkscim):
    """One row that ends well, or for another reason, shows that the rest may too."""
    names = [f"u{number}@example.com" for number in range(30)]
    with Picky("there@example.com").serving() as tenant:
        tenant.patch = super(Picky, tenant).patch
        records = (retitle("there@example.com"), *map(create, names))
        outcome = bulkscim(
            "run", job(*records), "--yes", "--base-url", tenant.base_url, *FAST, "--concurrency", "1"
        )

    assert outcome.code == 3, outcome.text
    assert counted(bulkscim) == (1, 30, 0)
