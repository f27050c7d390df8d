"""Whatever names rows use for one another, every row comes to an end, and the last word on a person is the file's."""

from random import Random

import pytest

from tests.support.making.few import few

PEOPLE = 8


def held():
    """Return the people and groups that are there before."""
    return [
        {"id": f"u{number}", "userName": f"p{number}@example.com", "externalId": f"E{number}", "title": "Old"}
        for number in range(PEOPLE)
    ]


def name_of(number, random):
    """Name a person in one of three ways."""
    names = [{"id": f"u{number}"}, {"userName": f"P{number}@example.com"}, {"externalId": f"E{number}"}]
    return random.choice(names)


def line(position, random, last):
    """Return one record, and which user it leaves with what title."""
    number = random.randrange(PEOPLE)
    match, title = name_of(number, random), f"title {position}"
    group = f"G{random.randrange(3)}"
    match random.randrange(5):
        case 0:
            member = name_of(random.randrange(PEOPLE), random)
            return {"op": "add_member", "type": "Group", "match": {"displayName": group}, "member": member}
        case 1:
            new = f"new{position}"
            manager = {"userName": f"{random.choice(['new', 'p'])}{random.randrange(60)}@example.com"}
            data = {"userName": f"{new}@example.com", "externalId": f"X{position}", "manager": manager}
            return {"op": "create", "type": "User", "data": {**data, "groups": [group]}}
        case 2:
            last[number] = title
            data = {"userName": f"p{number}@example.com", "externalId": f"E{number}", "title": title}
            return {"op": "replace", "type": "User", "match": match, "data": data}
        case _:
            last[number] = title
            patch = [{"op": "replace", "path": "title", "value": title}]
            return {"op": "patch", "type": "User", "match": match, "patch": patch}


@pytest.mark.parametrize("seed", few(range(30), 3))
async def test_every_row_ends_and_the_last_has_the_last_word(carried, seed):
    """Rows wait for rows under many names; none waits for ever, and none overtakes another on the same person."""
    random, last = Random(seed), {}
    lines = [line(position, random, last) for position in range(60)]

    report = await carried(lines, held=held(), create_groups=True, concurrency=1 + seed % 8)

    assert report.exit_reason is None
    assert report.totals.pending + report.totals.in_doubt == 0
    titles = {user["id"]: user["title"] for user in carried.tenant.held["Users"].values() if "title" in user}
    assert {number: titles[f"u{number}"] for number in last} == last
