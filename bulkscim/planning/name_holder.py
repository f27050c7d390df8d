"""Say what holds a name that a create could not take, where no lookup by that name finds it (pure).

A service may compare names in a form of its own: without accents, spaces or punctuation. What holds the name is then
found by resemblance, in a listing. It is only named, for two names that resemble each other may be two users; one
that is equal by this tool's own rule is the resource that the row asks for.
"""

from collections.abc import Iterator

from bulkscim.model.live import Found, Resembling
from bulkscim.model.operation import USER, JsonObject, Key, identities
from bulkscim.planning.context import View
from bulkscim.planning.decision import Wait
from bulkscim.planning.lookups import answers, emails_of
from bulkscim.scim.paths import get

SHOWN = 3
_CALLED = {
    "userName": ("username", "user name", "user_name", "login"),
    "displayName": ("displayname", "display name", "display_name"),
    "externalId": ("externalid", "external id", "external_id"),
    "emails.value": ("email", "e-mail", "mail address"),
}


def given(kind: str, data: JsonObject, target: Key) -> tuple[Key, ...]:
    """Return the names that a record gives its resource and that a service may keep unique, the target first."""
    mails = (Key(USER, "emails.value", value) for value in emails_of(data)) if kind == USER else ()
    return tuple(dict.fromkeys((target, *identities(kind, data), *mails)))


def named_by(told: str, names: tuple[Key, ...]) -> tuple[Key, ...]:
    """Return the names of which the tenant's words speak: by the attribute, else by the value."""
    text = told.casefold()
    by_attribute = [one for one in names if any(word in text for word in _CALLED.get(one.attribute, ()))]
    return tuple(by_attribute or [one for one in names if one.value.casefold() in text])


def holder(view: View, told: str, names: tuple[Key, ...]) -> Found | Wait | str:
    """Return the resource that has one of the names, or say what holds it as far as that is known."""
    named = named_by(told, names)
    for key in named or names[:1]:
        need = Resembling(key)
        alike = view.live.get(need)
        if alike is None:
            return Wait(need)
        same = [one for one in alike if answers(key, one)]
        if len(same) == 1:
            return Found(same[0])
        if alike:
            return f"{key.attribute} {key.value} is held by {', or by '.join(_shown(key, alike))}"
    key = named[0] if named else names[0]
    what = f"{key.attribute} {key.value}" if named else key.value
    unseen = f"{what} is held by something this token cannot see"
    if view.policy.profile.hides(key.type):
        unseen += ": a deactivated user, or an account outside this tenant"
    return unseen


def _shown(key: Key, alike: tuple[JsonObject, ...]) -> Iterator[str]:
    for one in alike[:SHOWN]:
        value = emails_of(one)[0] if key.attribute == "emails.value" else get(one, key.attribute)
        yield f"id {one['id']}, whose {key.attribute} is {value!r}"
