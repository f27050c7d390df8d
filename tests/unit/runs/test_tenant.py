"""What connect says of a tenant."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.model.secret import Secret
from bulkscim.runs.tenant import Acquaintance, FirstLook, look
from bulkscim.tenants.profiles import profile_named
from bulkscim.tenants.tenant import Tenant
from tests.support.running.fake_clock import VirtualClock


def said(base_url, profile, **seen):
    """Return all that is said of a tenant."""
    shown = {"users": 1200, "notes": ()} | seen
    tenant = Tenant(base_url, Secret("s3cret"), profile)
    return "\n".join(Acquaintance(tenant, FirstLook(profile_named(profile), **shown)).lines())


def test_what_was_seen_is_told():
    """Host, profile, people, abilities and pace are told, the token is not."""
    text = said("https://acme.example/scim", "generic", notes=("it says little",))

    assert "https://acme.example/scim, profile generic" in text
    assert "1,200 shown" in text
    assert "10 requests in 1 s" in text
    assert "it says little" in text
    assert "s3cret" not in text


def test_integration_is_told_where_a_token_opens_one_of_several():
    """It names which of a provider's services the token opens."""
    assert "opens     teams" in said("https://acme.example", "lucid", integration="teams")


def test_better_profile_is_named():
    """At a provider's own host its profile is advised, unless it is chosen already."""
    home = profile_named("lucid").base_url

    assert "--profile lucid" in said(home, "generic")
    assert "--profile" not in said(home, "lucid")
    assert "--profile" not in said("https://acme.example", "generic")


def test_how_sure_a_profile_is_is_told():
    """A path alone is a hint."""
    assert "this is Lucid (lucid.app) (certain: " in said(profile_named("lucid").base_url, "generic")
    assert "this may be Keycloak" in said("https://acme.example/realms/main/scim/v2", "generic")
    assert "this may be Lucid (lucid.app) (likely: " in said(
        "https://acme.example", "generic", ids=("lucid-7",)
    )


def test_unknown_number_of_users_is_said():
    """A tenant that does not count is no tenant of none."""
    assert "unknown" in said("https://acme.example", "generic", users=None)


async def test_no_request_is_sent_where_no_run_can_be_made():
    """Its outcome could not be known."""
    with pytest.raises(UsageError, match="no run can be made at Microsoft Entra"):
        await look(None, profile_named("entra-inbound"), VirtualClock())
