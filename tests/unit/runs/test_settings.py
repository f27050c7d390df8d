"""What a run keeps of its settings."""

import pytest

from bulkscim.jobfile.operations import Defaults
from bulkscim.planning.guards import Bounds
from bulkscim.runs.options import Connection
from bulkscim.runs.settings import Settings, bounds_of, header_of, protected_of, settings_of


@pytest.mark.parametrize("user", ["me:hush@", "me:hu@sh/@", "hush@"])
def test_the_password_of_a_proxy_is_not_kept(user):
    """BULKSCIM_PROXY with a password was written into the journal's header in clear."""
    settings = Settings(connection=Connection(proxy=f"http://{user}proxy.example:3128"))

    kept = header_of(settings, Defaults(), Bounds(None, None, None), ["owner@example.com"])

    assert settings_of(kept).connection.proxy == "http://proxy.example:3128"
    assert protected_of(kept) == ("owner@example.com",)


def test_guards_are_kept():
    """Resume holds the run's own; a journal of before `--max-adopt` gets the default, not "no bound"."""
    kept = header_of(Settings(), Defaults(), Bounds(1, 2, 3, 4)) | {"rows": 500}

    assert bounds_of(kept) == Bounds(1, 2, 3, 4)
    assert bounds_of({"guards": {"max_delete": 1}, "rows": 500}).max_adopt == 50
    assert bounds_of({"guards": {"max_adopt": None}, "rows": 500}).max_adopt is None
