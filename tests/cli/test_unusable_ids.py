"""A tenant that names resources by ids which no URL can hold."""

import json
from pathlib import Path

import pytest

from tests.support.making.records import create, deactivate, retitle
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant


class Dotted(SmallTenant):
    """Answers creates with an id of dots, once."""

    bad = ".."

    def created(self, collection, resource):
        given, Dotted.bad = Dotted.bad, None
        return super().created(collection, resource if given is None else {**resource, "id": given})


class DottedGroups(SmallTenant):
    """Shows a group with an id of dots in each user."""

    async def one(self, request, collection, resource_id, body):
        if collection == "Users":
            self.held["Users"][resource_id]["groups"] = [{"value": ".."}, {"value": "."}]
        return await super().one(request, collection, resource_id, body)


@pytest.mark.parametrize("bad", ["..", ".", " "])
def test_an_answer_with_an_unusable_id_concerns_its_row_alone(bulkscim, bad):
    """One answer with the id `..` ended run, resume and retry with exit 1 for ever."""
    Dotted.bad = bad
    rows = [create(f"u{number}@example.com") for number in range(5)]
    Path("job.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Dotted("there@example.com").serving() as tenant:
        outcome = bulkscim("run", "job.jsonl", "--base-url", tenant.base_url, "--yes", *FAST)

    assert outcome.code == 0, outcome.text
    assert len(tenant.held["Users"]) == 6


def test_a_group_with_an_unusable_id_is_not_asked_for(bulkscim):
    """The groups of a user are read before it is deactivated."""
    Path("job.jsonl").write_text(json.dumps(deactivate("there@example.com")) + "\n")
    with DottedGroups("there@example.com").serving() as tenant:
        outcome = bulkscim("run", "job.jsonl", "--base-url", tenant.base_url, "--yes", *FAST)
        undone = bulkscim("rollback", "last", "--yes", *FAST)

        assert (outcome.code, undone.code) == (0, 0), outcome.text + undone.text
        assert tenant.user("there@example.com")["active"] is True


@pytest.mark.parametrize("bad", ["..", "."])
def test_a_user_with_an_unusable_id_fails_its_row_alone(bulkscim, bad):
    """The first change of such a user ended run, resume and retry with exit 1 for ever."""
    names = ["odd@example.com", "there@example.com"]
    Path("job.jsonl").write_text("".join(json.dumps(retitle(name)) + "\n" for name in names))
    with SmallTenant(*names).serving() as tenant:
        odd = tenant.held["Users"].pop(tenant.user(names[0])["id"])
        tenant.held["Users"][bad] = odd | {"id": bad}
        outcome = bulkscim("run", "job.jsonl", "--base-url", tenant.base_url, "--yes", *FAST)
        again = bulkscim("retry", "last", *FAST)

        assert (outcome.code, again.code) == (3, 3), outcome.text + again.text
        assert tenant.user(names[1])["title"] == "New"
