"""Tenants that do not show a user once it is deactivated: what a rollback does there, and what it says."""

import pytest

from tests.support.making.records import deactivate
from tests.support.running.command import FAST
from tests.support.servers.small_tenant import SmallTenant, error

ADA, BOB = "ada@example.com", "bob@example.com"


class Hiding(SmallTenant):
    """Answers 404 to a GET of a user that is not active, and lists no such user; a PATCH by id works."""

    hides_from = frozenset({"GET"})

    async def one(self, request, collection, resource_id, body):
        hidden = self.held[collection][resource_id].get("active") is False
        if hidden and request.method in self.hides_from:
            return error(404, "not found")
        return await super().one(request, collection, resource_id, body)

    def matching(self, collection, wanted):
        return [one for one in super().matching(collection, wanted) if one.get("active") is not False]


class Closing(Hiding):
    """Answers 404 to every request for such a user."""

    hides_from = frozenset({"GET", "PATCH", "PUT", "DELETE"})


@pytest.mark.parametrize(
    ("kind", "code", "active"), [(Hiding, 0, True), (Closing, 3, False)], ids=lambda one: str(one)[-20:]
)
def test_undo_of_a_deactivation_that_hides_works_or_says_so(bulkscim, job, kind, code, active):
    """It said that others had made it so, and named a flag that cannot help; a change by id was never tried."""
    with kind(ADA, BOB).serving() as tenant:
        bulkscim("run", job(deactivate(ADA)), "--base-url", tenant.base_url, "--yes", *FAST)
        outcome = bulkscim("rollback", "last", "--yes", *FAST)
        found = tenant.user(ADA)

    assert (outcome.code, found["active"]) == (code, active), outcome.text
    assert "left, since" not in outcome.text
    assert "--on-drift" not in outcome.text
    assert ("does not show the user since this run deactivated it" in outcome.text) is (code == 3)
