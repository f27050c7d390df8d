"""What the fakes of a tenant are asked."""

from bulkscim.scim.filters import any_asked_for


def asked_for(path):
    """Return attribute and value of the one comparison that a request's path asks for, None if it asks otherwise."""
    asked = any_asked_for(path)
    return (asked[0], asked[1][0]) if asked is not None and len(asked[1]) == 1 else None
