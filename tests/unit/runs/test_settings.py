"""What a run keeps of its settings."""

import pytest

from bulkscim.errors import UsageError
from bulkscim.journal.settings import Connection, Settings
from bulkscim.model.secret import Secret
from bulkscim.runs.settings import changed, checked_connection, connection_again, kept, times_of
from bulkscim.tenants.profiles import profile_named
from bulkscim.tenants.tenant import Tenant

TENANT = Tenant("https://tenant.example/v2", Secret("x"))


@pytest.mark.parametrize("user", ["me:hush@", "me:hu@sh/@", "hush@"])
def test_the_password_of_a_proxy_is_not_kept(user):
    """BULKSCIM_PROXY with a password was written into the journal's header in clear."""
    settings = Settings(connection=Connection(proxy=f"http://{user}proxy.example:3128"))

    assert kept(settings).connection.proxy == "http://proxy.example:3128"


def test_hours_and_deadlines_hold_for_later_sessions_until_they_are_lifted():
    """A date that has passed would stop each of them at once."""
    before = Connection(between="22:00-06:00", deadline="06:00")

    assert connection_again(Connection(), TENANT, before) == before
    assert connection_again(Connection(), TENANT, Connection(deadline="2026-01-01 06:00")).deadline is None
    lifted = connection_again(Connection(between="none", deadline="none"), TENANT, before)
    assert (times_of(lifted, 0.0).hours, times_of(lifted, 0.0).deadline) == (None, None)
    assert changed(Settings(connection=before), Settings(connection=lifted)) == {
        "between": "none",
        "deadline": "none",
    }


def test_the_share_of_limits_holds_for_later_sessions():
    """A resume would have taken what is left to the identity provider."""
    before = Connection(rate="100/min", budget_share="60%")

    again = connection_again(Connection(rate="50/min"), TENANT, before)
    (bucket,) = Settings(connection=again).buckets(profile_named("generic"))
    assert (bucket.limit, bucket.share) == (50, 0.6)
    assert connection_again(Connection(budget_share="100%"), TENANT, before).budget_share == "100%"


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        (Connection(deadline="2026-01-01 06:00"), "has passed"),
        (Connection(deadline="tomorrow"), "06:00"),
        (Connection(between="22-6"), "22:00-06:00"),
        (Connection(rate="fast"), "100/min"),
        (Connection(budget_share="0%"), "60%"),
    ],
)
def test_a_program_is_told_what_is_no_time(connection, told):
    """The command line reads its flags before; a program's keywords come here."""
    with pytest.raises(UsageError, match=told):
        checked_connection(connection)
