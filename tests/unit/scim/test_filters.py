"""Filters."""

from hypothesis import given
from hypothesis import strategies as st

from bulkscim.scim import filters, protocol
from tests.support.servers.asked import asked_for


def test_a_filter_is_strictly_percent_encoded():
    """A blank is %20, a plus %2B, quotes and backslashes are escaped as JSON."""
    assert protocol.lookup_path("User", "userName", 'a+b "c"\\@x.org') == (
        "/Users?filter=userName%20eq%20%22a%2Bb%20%5C%22c%5C%22%5C%5C%40x.org%22"
    )


def test_a_filter_may_be_unquoted_where_the_server_wants_it():
    """Some servers reject quotes."""
    assert filters.equals("userName", "ada", quoted=False) == "userName eq ada"


@given(st.text())
def test_what_a_lookup_asks_for_can_be_read_back(value):
    """Quoting and encoding lose nothing, whatever the value."""
    path = protocol.lookup_path("User", "emails.value", value)
    assert path.isascii()
    assert asked_for(path) == ("emails.value", value)


def test_other_queries_ask_for_nothing_single():
    """Pages and compound filters are not lookups."""
    assert asked_for("/Users?startIndex=1&count=2") is None
    assert asked_for("/Users?filter=a%20eq%20%22b%22%20and%20c%20pr") is None
