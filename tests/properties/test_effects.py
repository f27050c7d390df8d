"""What is recorded of a change leads back to how things stood."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from bulkscim.model.operation import ENTERPRISE, PatchOperation
from bulkscim.model.step import Change
from bulkscim.planning import effects
from bulkscim.planning.compare import drifted, operations_for
from bulkscim.scim import patch, paths
from bulkscim.scim.effects import effects as effects_of

TEXT = st.sampled_from(["a", "A", "b", "c", 'say "x" and', "ü"])
LABEL = st.sampled_from(["work", "home", "other"])
ELEMENT = st.fixed_dictionaries(
    {}, optional={"value": TEXT, "type": LABEL, "primary": st.booleans(), "display": TEXT}
).filter(bool)
MEMBERS = st.lists(
    st.builds(
        lambda one, shown: {"value": one, **shown},
        st.sampled_from("abcdef"),
        st.sampled_from([{}, {"display": "x"}]),
    ),
    max_size=4,
    unique_by=lambda one: one["value"],
)
RESOURCE = st.fixed_dictionaries(
    {"id": st.just("u1")},
    optional={
        "userName": TEXT,
        "title": TEXT,
        "active": st.booleans(),
        "name": st.dictionaries(st.sampled_from(["givenName", "familyName"]), TEXT),
        "emails": st.lists(ELEMENT, max_size=4),
        "phoneNumbers": st.lists(ELEMENT, max_size=3),
        "members": MEMBERS,
        "tags": st.lists(TEXT, max_size=3),
        "skills": st.lists(ELEMENT, max_size=3),
        ENTERPRISE: st.fixed_dictionaries(
            {},
            optional={
                "department": TEXT,
                "manager": st.fixed_dictionaries({"value": TEXT}, optional={"displayName": TEXT}),
            },
        ),
        "urn:example:tools:2.0:User": st.dictionaries(
            st.sampled_from(["seats", "tools"]), st.lists(ELEMENT, max_size=2)
        ),
    },
)


def plain(value, name=""):
    """Return a value as it counts: without what is empty, the order of lists, and what a reference shows."""
    if isinstance(value, dict):
        kept = {"value"} if name in {"members", "manager"} else value.keys()
        found = {key: plain(one, key) for key, one in value.items() if key in kept}
        return {key: one for key, one in found.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return sorted((plain(one, name) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def backwards(changes):
    return operations_for(Change(change.path, change.after, change.before) for change in changes)


@given(RESOURCE, RESOURCE)
@example({"emails": [{"value": "a", "type": "work"}]}, {"emails": [{"value": "b", "type": "work"}]})
@example({"emails": [{"value": "a"}, {"value": "a"}]}, {"emails": [{"value": "A"}]})
def test_effects_backwards_lead_back(before, after):
    """Whatever became of a resource, the changes turned round and put into it give what was."""
    found = effects_of(before, after)

    assert plain(patch.apply(backwards(found), after)) == plain(before)


@given(RESOURCE, RESOURCE)
def test_effects_stand_in_what_they_led_to(before, after):
    """No change is taken for drift by the comparison that undo makes before it begins."""
    found = effects_of(before, after)

    assert not drifted({change.path: change.after for change in found}, after)
    assert plain(patch.apply(operations_for(found), before)) == plain(after)


@given(RESOURCE)
def test_nothing_that_stays_is_an_effect(resource):
    """The order of a list means nothing."""
    turned = {name: value[::-1] if isinstance(value, list) else value for name, value in resource.items()}

    assert effects_of(resource, turned) == ()


OPERATION = st.one_of(
    st.builds(PatchOperation, st.sampled_from(["add", "replace"]), st.just("title"), TEXT),
    st.builds(PatchOperation, st.just("add"), st.just("emails"), st.lists(ELEMENT, min_size=1, max_size=2)),
    st.builds(
        PatchOperation, st.just("replace"), st.just("emails"), st.lists(ELEMENT, min_size=1, max_size=2)
    ),
    st.builds(
        PatchOperation,
        st.just("remove"),
        st.sampled_from(["title", "emails", 'emails[type eq "work"]', "name"]),
    ),
    st.builds(PatchOperation, st.just("replace"), st.just('emails[type eq "work"].value'), TEXT),
    st.builds(PatchOperation, st.just("add"), st.just("members"), MEMBERS.filter(bool)),
    st.builds(PatchOperation, st.just("remove"), st.just("members"), MEMBERS.filter(bool)),
    st.builds(PatchOperation, st.just("replace"), st.none(), RESOURCE),
)


@given(RESOURCE, st.lists(OPERATION, min_size=1, max_size=4))
def test_effects_of_a_patch_lead_back(before, operations):
    """A PATCH of several operations is recorded as what all of them do together."""
    after = patch.apply(operations, before)

    found = effects.of_patch(before, tuple(operations), ())

    assert plain(patch.apply(backwards(found), after)) == plain(before)


NAMES = st.sampled_from(
    [
        "emails",
        "Emails",
        "name",
        "a b",
        "x.y",
        "value",
        "type",
        "",
        "é",
        "members",
        "urn:x",
        "urn:x:2.0:User",
        ENTERPRISE,
    ]
) | st.text(max_size=3)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, ANYTHING, max_size=5), st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_whatever_a_server_shows_can_be_compared(before, after):
    """Each path that is recorded is one that a PATCH can have."""
    found = effects_of(before, after)

    drifted({change.path: change.after for change in found}, after)
    assert [change.path for change in found if not paths.parse(change.path)] == []
    patch.apply(backwards(found), after)


@given(st.dictionaries(NAMES, ANYTHING, max_size=5), st.lists(OPERATION, min_size=1, max_size=3))
@example({"emails": ["work"]}, [PatchOperation("replace", 'emails[value eq "work"].type', "home")])
def test_a_patch_of_whatever_a_server_shows_is_recorded(before, operations):
    """What cannot be reckoned is recorded as it was asked; nothing ends the run."""
    asked = (Change("title", None, "a"),)

    assert all(paths.parse(change.path) for change in effects.of_patch(before, tuple(operations), asked))
