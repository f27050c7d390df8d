"""The page of providers is that of the data."""

from dataclasses import fields

from bulkscim.providers.profile import Profile
from bulkscim.providers.quirks import Quirks
from tests.support.making.providers_page import AGAIN, MEANING, PAGE, WORN, page


def test_the_page_is_written_from_the_files():
    """A change of a file changes the page."""
    assert PAGE.read_text(encoding="utf-8") == page(), f"write it: {AGAIN}"


def test_every_key_is_explained():
    """Who writes a file reads what its keys mean."""
    assert set(MEANING) == {each.name for each in fields(Profile)} - {"name"}
    assert set(WORN) == {each.name for each in fields(Quirks)}
