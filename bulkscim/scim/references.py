"""The ids in references: in members, groups and managers, in the forms that servers give them."""

from collections.abc import Iterator
from typing import Any

from bulkscim.scim import paths


def ids_in(value: Any) -> Iterator[str]:
    """Yield the ids in a reference, in a list of them, or in a bare value; some services write them as numbers."""
    for one in value if isinstance(value, list) else [value]:
        found = paths.find(one, "value") if isinstance(one, dict) else one
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if isinstance(found, str) and found:
            yield found
