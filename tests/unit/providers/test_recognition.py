"""Which provider a tenant is of."""

import pytest

from bulkscim.providers.recognition import Sureness, recognised
from tests.support.making.providers import PROFILES

CERTAIN, LIKELY = Sureness.CERTAIN, Sureness.LIKELY


@pytest.mark.parametrize(
    ("base_url", "ids", "name", "sure"),
    [
        ("https://api.slack.com/scim/v2", (), "slack", CERTAIN),
        ("https://API.slack.com:443/scim/v1/", (), "slack", CERTAIN),
        ("https://api.github.com/scim/v2/organizations/acme", (), "github-organization", CERTAIN),
        ("https://api.github.com/scim/v2/enterprises/acme", (), "github-enterprise", CERTAIN),
        ("https://api.github.com/other", (), None, None),
        ("https://scim.eu-west-1.amazonaws.com/t1/scim/v2", (), "aws-identity-center", CERTAIN),
        ("https://acme.my.salesforce.com/services/scim/v2", (), "salesforce", CERTAIN),
        ("https://evil.example/acme.my.salesforce.com/services/scim/v2", (), None, None),
        ("https://login.acme.example/realms/main/scim/v2", (), "keycloak", LIKELY),
        ("https://gitlab.com/api/scim/v2/groups/acme", (), "gitlab", CERTAIN),
        ("https://git.acme.example/api/scim/v2/groups/acme", (), "gitlab", LIKELY),
        ("https://users.lucid.app/scim/v2", (), "lucid", CERTAIN),
        ("https://acme.users.lucidgov.app/scim/v2", ("lucid-1", "lucid-2"), "lucid", LIKELY),
        ("https://acme.example/scim/v2", ("lucid-1", "2"), None, None),
        ("https://acme.example/scim/v2", (), None, None),
    ],
)
def test_a_provider_is_recognised_by_its_address_or_its_ids(base_url, ids, name, sure):
    """A host of its own is certain; a path or ids are a hint; what nothing tells is not guessed."""
    found = recognised(PROFILES.values(), base_url, ids)

    assert (found and found.profile.name, found and found.sure) == (name, sure)


def test_an_address_outweighs_ids():
    """Who is at Slack's host is asked as Slack, whatever its ids are."""
    found = recognised(PROFILES.values(), "https://api.slack.com/scim/v2", ["lucid-1"])

    assert found.profile.name == "slack"
