"""An export as CSV that is run again changes nothing, whichever of its columns are kept."""

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bulkscim.jobfile import csv_reader
from bulkscim.jobfile.exporting import record_of
from bulkscim.jobfile.invisible import unseen_at_end
from bulkscim.jobfile.mapping import Mapping, compile_header
from bulkscim.model.operation import ENTERPRISE, GROUP, USER, Defaults, Operation, Role, Verb
from bulkscim.planning.compare import differences
from bulkscim.runs.export import Exported, write_csv

# What cannot be seen at the ends of a value is no part of it in a job file.
TEXT = st.sampled_from(
    [
        *(
            "@home",
            "=1+1",
            "-7",
            "+49",
            "'=1",
            "''-2",
            "'tis",
            "O'Brien",
            "'",
            "a;b",
            'say "x"',
            "x\r\ny",
            "a\rb",
        ),
        *(" blank ", "\tx", "[secret]", "true", "ref:x", "Grüße", "a,b", "\0", ""),
    ]
) | st.text(st.characters(codec="utf-8"), max_size=6).filter(lambda text: not unseen_at_end(text))
LABEL = st.sampled_from(["work", "Work", "home", "a b", 'q"', "=x", "é", ""])
ELEMENT = st.fixed_dictionaries(
    {}, optional={"value": TEXT, "type": LABEL, "primary": st.booleans(), "display": TEXT, "odd": TEXT}
)


def with_one_primary(elements):
    """Return values of which one at most is primary (RFC 7643 §2.4): a file with more is refused, and says so."""
    first = next((at for at, one in enumerate(elements) if one.get("primary")), None)
    return [
        one if at == first or not one.get("primary") else {**one, "primary": False}
        for at, one in enumerate(elements)
    ]


ODD = TEXT | st.booleans() | st.integers(0, 9) | st.just({"deep": "x"}) | st.just(["x"])
EXTENSION = "urn:example:2.0:Odd:Extension"
USERS = st.fixed_dictionaries(
    {"id": st.just("1"), "userName": TEXT.filter(bool)},
    optional={
        "title": TEXT,
        "nickName": TEXT,
        "displayName": ODD,
        "active": st.booleans() | st.sampled_from(["True", "no", "odd"]),
        "name": st.fixed_dictionaries({}, optional={"givenName": ODD, "formatted": TEXT, "odd": TEXT}) | TEXT,
        "emails": st.lists(ELEMENT, max_size=4).map(with_one_primary) | st.just({"value": "x"}) | TEXT,
        "email": TEXT,
        "department": TEXT,
        "manager": TEXT,
        "type": TEXT,
        "ref": TEXT,
        "=odd": TEXT,
        ENTERPRISE: st.fixed_dictionaries(
            {},
            optional={
                "department": TEXT,
                "manager": st.sampled_from([{"value": "2"}, {"value": "9"}, "2", {"value": "3"}]),
            },
        ),
        EXTENSION: st.fixed_dictionaries(
            {}, optional={"level": ODD, "a.b": TEXT, "obj": st.just({"x": "y"})}
        ),
    },
)
NAMES = {"2": "=boss@example.com", "3": " odd "}


def exported(resources, kind=USER):
    """Write resources as CSV, and read that as any other program would: a header and rows of texts."""
    told, target = Exported(), io.StringIO(newline="")
    write_csv(target, lambda: [record_of(kind, each) for each in resources], NAMES.get, told)
    target.seek(0)
    header, *rows = csv.reader(target)
    return header, rows


def operations(header, rows, kept, defaults):
    """Keep some columns of a file, and read it as a job file."""
    columns = [index for index, name in enumerate(header) if kept(name)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([row[index] for index in columns] for row in (header, *rows))
    stream = io.BytesIO(text.getvalue().encode())
    names = csv_reader.header(stream).names
    mapping = compile_header(names, defaults)
    assert isinstance(mapping, Mapping), (names, mapping)
    stream.seek(0)
    return [mapping.operation_of(record) for record in csv_reader.read(stream)]


@given(st.lists(USERS, min_size=1, max_size=3), st.data())
def test_whichever_columns_are_kept_nothing_changes(users, data):
    """A cell that had a guard before it was put into the tenant with the guard once `_row` was gone."""
    header, rows = exported(users)
    assume(rows)
    dropped = data.draw(st.sets(st.sampled_from(sorted({*header} - {"userName"}))))
    found = operations(header, rows, lambda name: name not in dropped, Defaults(Verb.UPSERT))

    by_name = {user["userName"]: user for user in reversed(users)}
    assert len(found) <= len(users)
    for operation in found:
        assert isinstance(operation, Operation), operation
        same = [user for user in users if user["userName"] == operation.target.value]
        assert by_name.get(operation.target.value), operation
        assert any(not differences(operation.data, user) for user in same), operation
        for reference in operation.references:
            assert (reference.role, reference.key.value) == (Role.MANAGER, NAMES["2"])


@pytest.mark.parametrize("kept", [lambda name: True, lambda name: not name.startswith("_")])
def test_groups_keep_their_members(kept):
    """Members are named, in one cell that may need a guard."""
    groups = [{"id": "7", "displayName": "-dash", "members": [{"value": "2"}]}]
    [operation] = operations(*exported(groups, GROUP), kept, Defaults())

    assert operation.data == {"displayName": "-dash"}
    assert [each.key.value for each in operation.references] == [NAMES["2"]]
