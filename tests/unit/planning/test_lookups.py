"""What a lookup's answer is worth."""

import pytest

from bulkscim.model.live import Ambiguous, Found
from bulkscim.model.operation import USER, Key
from bulkscim.planning.lookups import Ignored, Learned, Nothing, Trust, judge
from tests.support.making.rows import ADA

MAIL = Key(USER, "emails.value", "ada@example.com")
EXTERNAL = Key(USER, "externalId", "E-1")


def person(resource_id, name="ada@example.com", **attributes):
    return {"id": resource_id, "userName": name, **attributes}


@pytest.mark.parametrize(
    ("key", "resources", "expected"),
    [
        (ADA, [person("u1", "ADA@example.com")], Found),
        (ADA, [person("u1"), person("u1")], Found),
        (ADA, [], Nothing),
        (ADA, [person("u1"), person("u2")], Ambiguous),
        (ADA, [person("u1"), person("u2", "eve@example.com")], Ignored),
        (ADA, [person("u2", "eve@example.com")], Ignored),
        (ADA, [person("")], Ignored),
        (EXTERNAL, [person("u1", externalId="E-1")], Found),
        (EXTERNAL, [person("u1", externalId="e-1")], Ignored),
        (MAIL, [person("u1", emails=[{"value": "Ada@Example.com"}])], Found),
        (MAIL, [person("u1", emails=[{"value": "eve@example.com"}])], Ignored),
        (MAIL, [person("u1", emails=None)], Ignored),
    ],
)
def test_match_must_be_exactly_one_and_really_equal(key, resources, expected):
    """A server that ignores a filter must not make us edit a stranger."""
    assert isinstance(judge(key, resources, 0.0), expected)


def test_filter_once_seen_to_fail_is_not_trusted_again():
    """A lucky hit does not make up for an ignored filter."""
    learned = Learned()
    assert learned.trust(ADA) is Trust.UNKNOWN
    learned.note(ADA, Trust.WORKS)
    assert learned.trust(Key(USER, "userName", "eve")) is Trust.WORKS
    assert learned.trust(MAIL) is Trust.UNKNOWN
    learned.note(ADA, Trust.BROKEN)
    learned.note(ADA, Trust.WORKS)
    assert learned.trust(ADA) is Trust.BROKEN
