"""The table of what a probe found."""

import pytest

from bulkscim.providers.probing.seen import Seen
from bulkscim.providers.probing.traits import TRAITS, Finding
from bulkscim.reporting.probing import table

FOUND = [
    Finding("filter or", True, "documented", None, Seen(False, how="answered 400 invalidFilter"), TRAITS[0]),
    Finding("Bulk", None, "", False, Seen(None, how="only a write would tell"), TRAITS[0]),
]


@pytest.mark.parametrize("columns", [None, 200])
def test_a_trait_is_one_line_where_there_is_room(columns):
    head, first, second = table(FOUND, columns)

    assert head.split() == ["trait", "documented", "tenant", "states", "seen", "how"]
    assert first.split("  ")[0] == "!"
    assert second.endswith("only a write would tell")


def test_a_trait_is_two_lines_on_a_narrow_terminal():
    """Lines of 150 columns broke anywhere, and no column could be read."""
    assert list(table(FOUND, 70)) == [
        "! filter or  no",
        "    documented: yes (documented); how: answered 400 invalidFilter",
        "  Bulk       unknown",
        "    tenant states: no; how: only a write would tell",
    ]
