"""A small soak: what `scripts/soak` does for half an hour with 100,000 operations and 30 kills."""

from tests.support.running.soak import soak


def test_a_soak_ends_right_and_flat(tmp_path):
    """Every row is done, the tenant is what the job says, the journal is sound, and no session stands out."""
    figures = soak(tmp_path, operations=400, kills=2)

    assert figures.wrong == []
    assert figures.kills == 2
