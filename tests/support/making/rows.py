"""Short ways to write rows and what was read for them."""

from bulkscim.model.live import Found
from bulkscim.model.operation import (
    ENTERPRISE,
    GROUP,
    USER,
    Key,
    Operation,
    PatchOperation,
    Reference,
    Role,
    Verb,
)
from bulkscim.model.row import Applied, Facts, Row

ADA = Key(USER, "userName", "ada@example.com")
BOSS = Key(USER, "userName", "boss@example.com")
SALES = Key(GROUP, "displayName", "Sales")
MANAGER_PATH = f"{ENTERPRISE}:manager"


def user(resource_id="u1", **attributes):
    """Return a user as read."""
    return Found({"id": resource_id, "userName": "ada@example.com", **attributes})


def group(resource_id="g1", name="Sales"):
    """Return a group as read."""
    return Found({"id": resource_id, "displayName": name})


def creates(*references, producers=(), number=1, data=None, verb=Verb.CREATE):
    """Return a row that creates ada, or the user that `data` names."""
    given = {"userName": ADA.value, **(data or {})}
    operation = Operation(
        verb, USER, Key(USER, "userName", given["userName"]), data=given, references=references
    )
    return Row(number, operation, producers or (None,) * len(references))


def changes(verb, target=ADA, *, patch=(), data=None, expect=None, producer=None, number=2):
    """Return a row that changes what is there."""
    operations = tuple(PatchOperation(*one) for one in patch)
    operation = Operation(verb, target.type, target, data=data or {}, changes=operations, expect=expect or {})
    return Row(number, operation, target_producer=producer)


def joins(verb=Verb.ADD_MEMBER, member=ADA, *, producers=(None,), producer=None, number=2):
    """Return a row that changes a membership of Sales."""
    operation = Operation(verb, GROUP, SALES, references=(Reference(Role.MEMBER, member),))
    return Row(number, operation, producers, producer)


def done(*parts, resource_id="u1"):
    """Return the facts of a row whose parts took effect."""
    return Facts({part: Applied(part, resource_id, 201) for part in parts})
