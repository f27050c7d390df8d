"""What a file says twice, or with more digits than can be kept, is refused with row and key before any request."""

import json

import pytest

from bulkscim.cli import code_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MAIL = '[map]\nuserName = "Mail"\n'


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """Run in a folder of its own, without a token."""
    monkeypatch.delenv("BULKSCIM_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)


def checked(tmp_path, name, text, map_text=""):
    """Validate a file; return the exit code."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    return code_of(["validate", name, "--op", "create", *(["--map", "map.toml"] if map_text else [])])


def created(data):
    """Return a record that creates Ada with what else is said."""
    return f'{{"op":"create","data":{{"userName":"ada@example.com",{data}}}}}'


TWICE = [
    ('{"op":"deactivate","op":"delete","match":{"userName":"bob@example.com"}}', "op: is given twice"),
    (created('"title":"A","title":"B"'), "data.title: is given twice"),
    (created('"title":"A","Title":"B"'), "data.Title: is given twice, also as title"),
    (created('"x":{"deep":[{"a":1,"a":2}]}'), "data.x.deep.0.a: is given twice"),
    (created('"x":{"deep":[{"a":1,"A":2}]}'), "data.x.deep.0.A: is given twice, also as a"),
    (created('"urn:x:1:User":{"c":1},"URN:X:1:user":{"c":2}'), "data.URN:X:1:user: is given twice"),
    (created(f'"manager":"m@x","{ENTERPRISE}":{{"manager":{{"value":"1"}}}}'), "data.manager: is given twice"),
    (created('"title":"\\u0022\\u0022","nickName":"B","nickName":"C"'), "data.nickName: is given twice"),
    ('{"op":"patch","id":"1","patch":[{"op":"add","Op":"remove","path":"title","value":"x"}]}', "patch.0.Op"),
    ('{"op":"patch","id":"1","data":{"title":"x"},"expect":{"title":"A","Title":"B"}}', "expect.Title"),
    ('{"op":"add_member","id":"1","member":{"userName":"a","username":"b"}}', "member.username"),
    ('{"method":"DELETE","path":"/Users/1","op":"deactivate"}', "op: means nothing in a record with a method"),
    ('{"method":"DELETE","path":"/Users/1","id":"2"}', "id: means nothing in a record with a method"),
    (
        '{"method":"PATCH","path":"/Users/1","data":{"Operations":[],"operations":[]}}',
        "data.operations: is given twice",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), TWICE)
def test_a_record_that_says_something_twice_is_refused(tmp_path, capsys, line, said):
    """The last of two equal keys counted: a record that says deactivate and delete deleted, exit 0."""
    first = created('"title":"A"').replace("ada@", "eve@")
    assert checked(tmp_path, "job.jsonl", f"{first}\n{line}\n") == 2

    error = capsys.readouterr().err
    assert f"job.jsonl:2 (row 2), {said}" in error


@pytest.mark.parametrize(
    ("number", "refused"),
    [
        ("12345678901234567890123", True),
        ("18446744073709551616", True),
        ("-9223372036854775809", True),
        ("0.12345678901234567891", True),
        ("1e400", True),
        ("1e-400", True),
        ("9" * 5000, True),
        ("18446744073709551615", False),
        ("-9223372036854775808", False),
        ("0.1", False),
        ("1.50", False),
        ("1E5", False),
        ('"12345678901234567890123"', False),
    ],
)
@pytest.mark.parametrize("title", ["Lead", "L\\u00e9ad"])
def test_a_number_that_would_lose_digits_is_refused(tmp_path, capsys, number, refused, title):
    """An employee number of 23 digits was sent as 1.2345678901234568e+22, exit 0."""
    line = created(f'"title":"{title}","urn:x:1:User":{{"badge":[{number}]}}')

    assert checked(tmp_path, "job.jsonl", line) == (2 if refused else 0)

    error = capsys.readouterr().err
    where = "job.jsonl:1 (row 1), data.urn:x:1:User.badge.0: "
    assert ("write it in quotes" in error and where in error) is refused


def test_what_is_said_once_passes(tmp_path):
    """Blanks, escapes, quotes in texts and texts that look like numbers are no reason to refuse a record."""
    data = {
        "userName": "a.5@example.com",
        "nickName": "a,5",
        "displayName": 'The "A", [0] \u00e9 \x7f',
        "title": "10:30",
        "x": {"n": [1, 2.5]},
    }
    record = {"op": "create", "data": data, "_note": {"a": 1}}
    lines = [json.dumps(record), json.dumps(record, ensure_ascii=False, indent=None, separators=(",", ":"))]
    lines += [json.dumps(record, separators=(",\t", " :\t")), json.dumps(record).replace('\\"', "\\u0022")]

    text = "\n".join(line.replace("a.5@", f"{number}.5@") for number, line in enumerate(lines))
    assert checked(tmp_path, "job.jsonl", text) == 0


@pytest.mark.parametrize(
    ("header", "map_text", "said"),
    [
        ("Mail,Title,Title", MAIL + 'title = "Title"\n', 'several columns "Title" (2, 3)'),
        ("Mail,Title,TITLE", MAIL + 'title = "title"\n', 'several columns "title" (2, 3)'),
        ("Mail,Title,Title", MAIL + 'title = "{Title} {Mail}"\n', 'several columns "Title" (2, 3)'),
        ("Mail,A,B", MAIL + 'title = "A"\nTitle = "B"\n', "keep one of them"),
        ("Mail,A,B", MAIL + 'givenName = "A"\n"name.givenName" = "B"\n', "keep one of them"),
        ("Mail,A,B", MAIL + 'name.givenName = "A"\n"name.givenName" = "B"\n', "name.givenName is filled twice"),
        ("Mail,A,B", MAIL + f'manager = "A"\n"{ENTERPRISE}:manager.value" = "B"\n', "keep one of them"),
        (
            "Mail,A,B",
            MAIL + "'emails[type eq \"work\"].value' = \"A\"\n'emails[type eq \"Work\"].value' = \"B\"\n",
            "keep one of them",
        ),
        ("Mail,A,B", MAIL + 'title = { column = "A", values = { Lead = "1", lead = "2" } }\n', "lists a text twice"),
        ("Mail,A,B", MAIL + "title = { constant = 99999999999999999999 }\n", "write it in quotes"),
        ("Mail,A,B", MAIL + "title = { constant = 0.12345678901234567891 }\n", "write it in quotes"),
        ("Mail,A,B", MAIL + 'title = "A"\ntitle = "B"\n', "is not TOML"),
    ],
)  # fmt: skip
def test_a_map_that_says_something_twice_is_refused(tmp_path, capsys, header, map_text, said):
    """Of two columns of one name, or two rules for one attribute, one was taken in silence."""
    assert checked(tmp_path, "job.csv", f"{header}\nada@example.com,x,y\n", map_text) == 2

    assert said in capsys.readouterr().err


def test_a_column_that_the_map_names_exactly_is_taken(tmp_path):
    """Another column that differs by its capitals alone is not in the way, and one that no rule uses may be there twice."""
    header = "Mail,Title,title,Note,Note"
    assert (
        checked(tmp_path, "job.csv", f"{header}\nada@example.com,x,y,z,z\n", MAIL + 'title = "title"\n') == 0
    )
