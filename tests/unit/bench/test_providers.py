"""Each provider's profile at the sandbox that wears it, in virtual time and within its limits: whole runs, and back."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.tenants.profiles import built_in
from tests.support.making import providers_page
from tests.support.making.provider_runs import AGAIN, PEOPLE_ASKED, Served, joins, scenario
from tests.support.making.records import group, join, retitle

QUICK = {"aws-identity-center", "github-organization", "lucid", "slack"}
REFUSED = {"entra-inbound"}


@pytest.fixture
def served(tmp_path, request):
    """The sandbox of a profile; what it holds is closed afterwards."""
    found = Served(tmp_path, request.param)
    yield found
    found.close()


@pytest.mark.parametrize(
    "served",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in built_in()
        if name not in REFUSED
    ],
    indirect=True,
)
def test_import_membership_deprovisioning_again_and_rollback(served):
    """All is right, in no more requests than docs/providers.md says."""
    taken, told = scenario(served), providers_page.runs()[served.profile.name]
    assert {stage: max(taken[stage], most) for stage, most in told.items()} == told, f"write it: {AGAIN}"


@pytest.mark.parametrize(("takes", "refused"), [(True, []), (False, ["PATCH"])])
def test_members_have_no_quotes_at_slack_unless_it_refuses_that_once(tmp_path, takes, refused):
    """What is documented is tried first; a user's PATCH has no member, and tells nothing of it."""
    served = Served(tmp_path, "slack", bare_members=takes)
    served.run(*PEOPLE_ASKED, group("Sales"))
    served.run(*joins())
    served.run(
        retitle("bob"),
        *(join("Sales", {"userName": one}) | {"op": "remove_member"} for one in ("ada", "eve")),
    )

    assert (served.held()[1], served.refused) == ({"Sales": set()}, refused * 2)
    served.close()


@pytest.mark.parametrize("served", sorted(REFUSED), indirect=True)
def test_no_run_where_none_can_be_proved(served):
    """It says why, and sends nothing."""
    with pytest.raises(UsageError, match="no run can be made"):
        served.run(*PEOPLE_ASKED)
