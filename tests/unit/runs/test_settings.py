"""What a run keeps of its settings."""

import pytest

from bulkscim.journal.settings import Connection, Settings
from bulkscim.runs.settings import kept


@pytest.mark.parametrize("user", ["me:hush@", "me:hu@sh/@", "hush@"])
def test_the_password_of_a_proxy_is_not_kept(user):
    """BULKSCIM_PROXY with a password was written into the journal's header in clear."""
    settings = Settings(connection=Connection(proxy=f"http://{user}proxy.example:3128"))

    assert kept(settings).connection.proxy == "http://proxy.example:3128"
