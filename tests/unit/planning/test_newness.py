"""Whether a create was answered with something new."""

import pytest

from bulkscim.planning.newness import Age, CreationTime, age_of, created_of, is_exact

BEGUN = 1_795_212_605.0
HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "created"),
    [
        ("2026-11-21T00:10:05Z", CreationTime(1_795_219_805.0)),
        ("2026-11-21T02:10:05+02:00", CreationTime(1_795_219_805.0)),
        ("2026-11-21T00:10:05", CreationTime(1_795_219_805.0, zoned=False)),
        ("2026-11-21 00:10:05.000", CreationTime(1_795_219_805.0, zoned=False)),
        ("yesterday", None),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        (1_795_219_805, None),
        (None, None),
    ],
)
def test_time_of_creation_is_read(text, created):
    """A time without a zone is read as UTC, and known to be without one."""
    assert created_of({"id": "1", "meta": {"created": text}}) == created
    assert created_of({"id": "1", "meta": "?"}) is None


@pytest.mark.parametrize(
    ("seconds", "zoned", "exact", "age"),
    [
        (0.0, True, False, Age.NEW),
        (3.0, True, True, Age.NEW),
        (-4.9, True, True, Age.NEW),
        (-6.0, True, False, Age.UNSURE),
        (-6.0, True, True, Age.OLD),
        (-12 * HOUR, False, False, Age.UNSURE),
        (-25.9 * HOUR, True, False, Age.UNSURE),
        (-26.1 * HOUR, False, False, Age.OLD),
        (-9000 * HOUR, True, False, Age.OLD),
        (12 * HOUR, False, True, Age.NEW),
    ],
)
def test_age_is_judged_by_how_well_clocks_are_known(seconds, zoned, exact, age):
    """A user of 2020 counted as made by the run, and a rollback deleted it."""
    assert age_of(CreationTime(BEGUN + seconds, zoned), BEGUN, exact=exact) is age


def test_what_is_not_shown_proves_nothing():
    """Neither a time of creation nor a time of the server: it counts as new."""
    assert age_of(None, BEGUN, exact=True) is Age.NEW
    assert age_of(CreationTime(0.0), None, exact=True) is Age.NEW
    assert is_exact(CreationTime(BEGUN - 5), BEGUN)
    assert not is_exact(CreationTime(BEGUN - 3 * HOUR, zoned=False), BEGUN)
    assert not is_exact(None, BEGUN)
    assert not is_exact(CreationTime(BEGUN), None)
