"""What a tenant says of itself."""

import json

import pytest

from bulkscim.model.request import Loss, NoAnswer, Response
from bulkscim.scim.discovery import Capabilities, capabilities_of


def said(config):
    """Return the capabilities that a config states."""
    return capabilities_of(Response(200, {}, json.dumps(config).encode()))


def test_what_makes_sense_is_believed():
    """Booleans, booleans as text and positive limits count."""
    assert said(
        {
            "patch": {"supported": True},
            "Filter": {"supported": "true", "maxResults": 200},
            "bulk": {"supported": False},
            "etag": {"supported": False},
        }
    ) == Capabilities(
        patch=True,
        filter=True,
        bulk=False,
        etag=False,
        max_results=200,
    )


@pytest.mark.parametrize(
    "reply",
    [
        NoAnswer(Loss.TIMEOUT, "late"),
        Response(404),
        Response(200, {}, b"<html>"),
        Response(200, {}, b"[]"),
        Response(200, {}, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]}'),
    ],
)
def test_a_missing_config_is_absent_with_a_note(reply):
    """Nothing is known then, and people are told."""
    found = capabilities_of(reply)
    assert (found.patch, found.filter, found.max_results) == (None, None, None)
    assert len(found.notes) == 1


def test_nonsense_is_left_out_part_by_part():
    """One bad part does not spoil the rest."""
    found = said({"patch": {"supported": 7}, "filter": {"supported": True, "maxResults": -5}, "etag": "yes"})
    assert (found.patch, found.filter, found.max_results, found.etag) == (None, True, None, None)
    assert len(found.notes) == 2
