"""Tenants that keep names in a form of their own: what they make of a name, and jobs whose names they change.

A changed name is never changed again, and two names of a job never become one. So each stored name stands for one name
of the file.
"""

import re
import unicodedata

USER_NAME, GROUP_NAME = re.compile(r"n(\d+)@example\.com"), re.compile(r"(New|Team|Nest) (\d+)")
DOMAIN = "@example.com"
SINCE = " since"  # behind the name of a group that another user renamed
FORMS = {"nfc": "NFC", "nfd": "NFD"}
CHANGES = ("lower", "blanks", "nfc", "nfd", "domain", "clean")
NORMALISES = "normalises"  # a filter changes the name that it is asked for in the same way


def stored(changes, collection, name):
    """Return what a tenant with these changes makes of a name."""
    if not changes:
        return name
    users = collection == "Users"
    if "blanks" in changes:
        name = " ".join(name.split())
    if "lower" in changes and users:
        name = name.lower()
    if "domain" in changes and users and "@" not in name:
        name += DOMAIN
    if "clean" in changes and not users:
        name = "".join(
            letter if letter.isalnum() or letter in " -_" else "_" for letter in _in_form("NFC", name)
        )
    return _in_form(next((form for kind, form in FORMS.items() if kind in changes), None), name)


def _in_form(form, name):
    return unicodedata.normalize(form, name) if form else name


def respelled(value):
    """Return a line of a job, or a part of one, with names that such tenants change in the place of plain ones."""
    match value:
        case dict():
            return {name: respelled(one) for name, one in value.items()}
        case list():
            return [respelled(one) for one in value]
        case str():
            return _respelled_text(value)
    return value


def _respelled_text(text):
    if found := USER_NAME.fullmatch(text.lower()):
        name = _user_name(int(found[1]))
        return name.upper() if text.isupper() else name
    found = GROUP_NAME.fullmatch(text)
    return _group_name(found[1], int(found[2])) if found else text


def _user_name(number):
    forms = (f"N{number}.Zo\u00eb@Example.COM", f"n{number}{DOMAIN}", f"n{number}", f"n{number}.Jose\u0301")
    return forms[number % 4]


def _group_name(word, number):
    forms = (
        f"{word} {number} R&D",
        f"{word}  {number} Caf\u00e9",
        f"{word} {number}",
        f"{word} {number} Cafe\u0301/Bar",
    )
    return forms[number % 4]


def joins_since(lines, random):
    """Return records that add a user to a group of these lines by its old name and by the name that it may have since."""
    names = [
        line["data"]["displayName"] for line in lines if (line["op"], line["type"]) == ("create", "Group")
    ]
    return [
        {
            "op": "add_member",
            "type": "Group",
            "match": {"displayName": name + more},
            "member": {"id": f"u{random.randrange(8)}"},
        }
        for name in names
        for more in random.sample(("", SINCE), 2)
    ]
