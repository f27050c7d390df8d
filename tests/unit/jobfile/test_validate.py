"""A job file is checked whole before anything is sent."""

import gzip
import io
import json
import stat

import pytest

from bulkscim.errors import JobFileChanged, JobFileInvalid, UsageError
from bulkscim.jobfile.across import circles
from bulkscim.jobfile.reading import raw_records, rows
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import Chosen, check, index_of
from bulkscim.model.operation import Defaults, Key, Verb
from bulkscim.model.selection import TakenRows

CREATE = Defaults(Verb.CREATE)


@pytest.fixture
def checked(tmp_path):
    """Write a job file and check it."""

    def run(text, name="job.csv", defaults=CREATE, limit=None):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        source = open_source(str(path))
        taken = None if limit is None else TakenRows.first(limit)
        return check(source, defaults, tmp_path / "index.sqlite", Chosen(taken)), source

    return run


def said(result):
    """Return the problems with the folder's name cut off."""
    return [problem.rpartition("/")[2] for problem in result.problems]


def test_a_good_file_is_counted_by_verb_and_type(checked):
    """Rows, verbs and the index come out of one pass."""
    text = "op,type,userName,displayName\ncreate,,ada,\ncreate,Group,,Eng\ndelete,,bob,\n"

    result, source = checked(text)

    assert result.rows == 3
    assert result.verbs == {(Verb.CREATE, "User"): 1, (Verb.CREATE, "Group"): 1, (Verb.DELETE, "User"): 1}
    assert result.count(Verb.CREATE) == 2
    with result.sound_index() as index:
        assert (
            index.makers(Key("User", "userName", " ADA ")),
            index.makers(Key("Group", "displayName", "eng")),
            index.makers(Key("User", "userName", "bob")),
        ) == (1, 2, None)
    assert [number for number, _ in rows(source, CREATE)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "job.csv: is empty; the first line names the columns"),
        ("\n \n", "job.csv: is empty; the first line names the columns"),
        ("userName,title\n", "job.csv: has no records; there is nothing to do"),
        ("title\nx\n", 'job.csv:1: column "userName" is missing: create of a User needs it'),
        ('userName\n"ada\n', "job.csv:2 (row 1): a quoted cell that begins here is never closed"),
        (b"userName\n\0\n", "job.csv:2 (row 1): a NUL byte at offset 9"),
        ("userName\né\n".encode() + b"\xe9\n", "job.csv:3 (row 2): byte 0xe9 at offset 12 is not UTF-8"),
        ("op,userName\ncreat,x\n", 'job.csv:2 (row 1), column "op": "creat" is not an operation'),
        ("userName,active\nada,maybe\n", 'job.csv:2 (row 1), column "active": "maybe" is not true or false'),
    ],
)
def test_each_bad_csv_file_has_its_message(checked, text, problem):
    """Empty file, header only, missing column, broken quoting, NUL, unknown op, wrong type."""
    result, _ = checked(text)

    assert said(result)[0].startswith(problem)
    assert result.index is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "job.jsonl: has no records; there is nothing to do"),
        ('{"op":"delete","id":""}', "job.jsonl:1 (row 1), id: an empty id names nothing"),
        ("[{}]", "job.jsonl:1 (row 1): "),
    ],
)
def test_each_bad_jsonl_file_has_its_message(checked, text, problem):
    """Empty file, empty id, a JSON array."""
    result, _ = checked(text, "job.jsonl", Defaults())

    assert said(result)[0].startswith(problem)


def test_the_same_identity_in_other_case_is_made_once(checked):
    """Two rows that create one identity are an error that names both lines."""
    result, _ = checked("userName\nada@example.com\nbob\n\nADA@Example.com\n")

    assert said(result) == [
        'job.csv:5 (row 3): makes User userName "ADA@Example.com", as line 2 (row 1) does; keep one of them'
    ]
    with pytest.raises(JobFileInvalid, match="keep one of them"):
        result.sound_index()


def test_the_same_ref_is_made_once_and_must_be_made(checked):
    """A ref is one for the file, whatever the type; a ref that no row creates is an error."""
    text = (
        '{"op":"create","ref":"a","data":{"userName":"ada","manager":{"ref":"b"}}}\n'
        '{"op":"create","type":"Group","ref":"a","data":{"displayName":"Eng"}}\n'
    )

    result, _ = checked(text, "job.jsonl")

    assert said(result) == [
        "job.jsonl:1 (row 1): names a ref that no create or upsert of this file makes; correct the ref",
        'job.jsonl:2 (row 2): makes ref "a", as line 1 (row 1) does; keep one of them',
    ]


def test_refs_of_an_errors_file_may_be_made_by_its_run(checked):
    """An edited errors file holds only the records that failed."""
    result, _ = checked("ref,userName,manager,_run,_row\na,ada,ref:b,r,1\n")

    assert result.problem_count == 0
    result.sound_index().close()


def test_a_group_and_a_user_of_one_name_are_two(checked):
    """Identities are of a type, and externalId is exact."""
    text = "type,userName,displayName,externalId\nUser,x,x,A\nGroup,,x,A\nUser,y,x,a\n"

    result, _ = checked(text)

    assert result.problem_count == 0
    result.sound_index().close()


def test_a_user_named_by_address_is_found_in_the_file(checked):
    """Where a record names a resource by e-mail, the index knows the addresses that the file makes."""
    text = (
        '{"op":"create","data":{"userName":"ada","manager":{"email":"B@x"}}}\n'
        '{"op":"create","data":{"userName":"bob","emails":[{"value":"b@x"}]}}\n'
    )

    result, _ = checked(text, "job.jsonl")

    with result.sound_index() as index:
        assert index.makers(Key("User", "emails.value", "B@X")) == 2


def test_fifty_problems_are_shown_and_all_are_counted(checked):
    """A file full of faults stays readable."""
    result, _ = checked("userName,active\n" + "".join(f"u{n},maybe\n" for n in range(120)))

    assert (len(result.problems), result.problem_count) == (50, 120)
    with pytest.raises(JobFileInvalid, match="and 70 more"):
        result.sound_index()


def test_with_a_limit_only_the_first_records_count(checked):
    """What is behind the limit is not looked at."""
    result, _ = checked("userName\nada\nbob\nADA\n", limit=2)

    assert (result.rows, result.problem_count) == (2, 0)
    result.sound_index().close()


def test_an_index_of_another_file_is_rebuilt(checked, tmp_path):
    """The index is a cache: it is used only for the very file and defaults that it was made for."""
    result, _ = checked("userName\nada\n")
    result.sound_index().close()
    other = tmp_path / "other.csv"
    other.write_text("userName\nbob\nada\n")

    with index_of(open_source(str(other)), CREATE, tmp_path / "index.sqlite") as index:
        assert index.makers(Key("User", "userName", "ada")) == 2
    (tmp_path / "index.sqlite").write_bytes(b"nonsense")
    with index_of(open_source(str(other)), CREATE, tmp_path / "index.sqlite") as index:
        assert index.makers(Key("User", "userName", "bob")) == 1


def test_reading_starts_anywhere(checked):
    """The engine reads on from a row, and only the rows it wants."""
    result, source = checked("userName\n" + "".join(f"u{n}\n" for n in range(1, 100)))
    result.sound_index().close()

    found = list(rows(source, CREATE, start=50, wanted=lambda number: number % 10 == 0))

    assert [number for number, _ in found] == [50, 60, 70, 80, 90]
    assert Key("User", "userName", "u50") == found[0][1].target


UNSEEN_CSV = (
    "userName,title,groups\n\u200bada@example.com\ufeff,\u202aLead\u00a0,Sales;\u2060Eng\nb@example.com,x,\n"
)
UNSEEN_JSONL = (
    '{"op":"create","data":{"userName":"\u200bada@example.com\ufeff","title":"\\u202aLead\u00a0",'
    '"groups":["Sales","\u2060Eng"]}}\n{"op":"create","data":{"userName":"b@example.com","title":"x"}}\n'
)


@pytest.mark.parametrize(
    ("text", "name", "count"), [(UNSEEN_CSV, "job.csv", 2), (UNSEEN_JSONL, "job.jsonl", 3)]
)
def test_values_are_read_without_what_cannot_be_seen_at_their_ends(checked, text, name, count):
    """The user was created under a name that no user can type, and found by no later job."""
    result, source = checked(text, name)

    [note] = [note for note in result.notes if "invisible" in note]
    assert note.startswith(
        f"{count} values begin or end with an invisible character, which is not sent: U+200B in line"
    )
    assert (result.problems, result.warnings) == ((), ())
    result.sound_index().close()
    [(_, ada), _] = rows(source, CREATE)
    assert ada.target.value == ada.data["userName"] == "ada@example.com"
    assert ada.data["title"] == "Lead"
    assert [each.key.value for each in ada.references] == ["Sales", "Eng"]


def test_what_a_tenant_showed_and_what_is_expected_keep_all_characters(checked):
    """Else a rollback would change a value, and `expect` find drift that is none."""
    value = {"title": "\u200bLead"}
    line = {"op": "patch", "id": "1", "patch": [{"op": "replace", "value": value}], "expect": value}
    text = json.dumps(line, ensure_ascii=False)
    found = []
    for defaults in (Defaults(), Defaults(as_shown=True)):
        result, source = checked(text, "job.jsonl", defaults)
        result.sound_index().close()
        [(_, operation)] = rows(source, defaults)
        found.append((operation.changes[0].value["title"], operation.expect["title"]))
    assert found == [("Lead", "\u200bLead"), ("\u200bLead", "\u200bLead")]


TWO_PRIMARY = [{"value": "a@x.example", "primary": True}, {"value": "b@x.example", "Primary": True}]


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        (
            'userName,email,emails[type eq "home"].value,emails[type eq "home"].primary\nada,a@x.example,b@x.example,yes\n',
            "job.csv",
            'job.csv:2 (row 1), column "email": 2 values are primary',
        ),
        (
            json.dumps({"op": "create", "data": {"userName": "a", "emails": TWO_PRIMARY}}),
            "job.jsonl",
            "job.jsonl:1 (row 1), data.emails: 2 values are primary",
        ),
        (
            json.dumps(
                {"op": "patch", "id": "1", "patch": [{"op": "add", "path": "emails", "value": TWO_PRIMARY}]}
            ),
            "job.jsonl",
            "job.jsonl:1 (row 1), patch.emails: 2 values are primary",
        ),
    ],
)
def test_one_value_of_a_list_is_primary(checked, text, name, problem):
    """The server chose one of two, or refused the row in the middle of the run."""
    [told] = said(checked(text, name)[0])
    assert told == f'{problem}, such as "a@x.example" and "b@x.example"; keep one primary: true'


TOGETHER = "userName,email,manager\n"


@pytest.mark.parametrize(
    ("rows_", "warnings"),
    [
        (
            "a,s@x.example,\nb,S@X.example,\n",
            ['column "email": "S@X.example" is also an address of line 2 (row 1)'],
        ),
        (
            "c@x.example,c@x.example,\nb,C@x.example,\n",
            ['column "email": "C@x.example" is also an address of line 2'],
        ),
        (
            "c@x.example,d@x.example,\nb@x.example,c@x.example,\ne@x.example,e@x.example,\n",
            [],
        ),  # a name is no address
        ("a,,A\n", ['column "manager": "a" is named as their own manager']),
        (
            "a,,b\nb,,c\nc,,a\nd,,a\ne,,x\n",
            ['"manager": the managers of 3 users form a circle: "a" \u2192 "b" \u2192 "c"'],
        ),
        ("a,,b\nb,,c\nc,,\nd,,a\n", []),
    ],
)
def test_users_are_judged_together(checked, rows_, warnings):
    """A shared address and a circle of managers were taken without a word."""
    result, _ = checked(TOGETHER + rows_)
    assert result.problem_count == 0
    assert len(result.warnings) == len(warnings)
    assert all(part in told for part, told in zip(warnings, result.warnings, strict=True)), result.warnings
    result.sound_index().close()


@pytest.mark.parametrize(
    ("row", "warning"),
    [
        (
            'a,"Eng,Sales",',
            '"Eng,Sales" is taken as the name of one group; if it is several, put ; between groups',
        ),
        ("a,Eng|Sales,", 'split = "|" } in a map'),
        ("a,Eng;Sales / EMEA & Co.,", ""),
        (
            "a,,Ada Lovelace",
            '"Ada Lovelace" is looked up as a userName; if it is a name, write manager = { column = ',
        ),
        ("a,,1042", 'lookup = "employeeNumber" } in a map'),
        ("1041,,1042", ""),
        ("ada l,,bob b", ""),
    ],
)
def test_names_in_cells_that_mean_something_else_are_a_warning(checked, row, warning):
    """A group "Eng,Sales" was created, and each manager was not found in the middle of the run."""
    result, _ = checked(f"userName,groups,manager\n{row}\n")
    result.sound_index().close()
    assert [warning in told for told in result.warnings] == [True] * bool(warning)


@pytest.mark.parametrize(
    ("text", "name", "problem"),
    [
        (
            "ada@x.example,Ada\nbob@x.example,Bob\n",
            "job.csv",
            "job.csv:1: names no columns: it seems to be the first record",
        ),
        (
            '"userName,title"\n"ada,x"\n',
            "job.csv",
            "job.csv:1: is in quotes as a whole, so it is one cell; take the quotes",
        ),
        (
            'userName;title\n"ada;x"\n',
            "job.csv",
            "job.csv:2 (row 1): is in quotes as a whole, so it is one cell",
        ),
        (
            '{"schemas":["x"],"active":true}\n',
            "job.jsonl",
            "job.jsonl:1 (row 1): is a resource, and no operation; write a",
        ),
        (
            '{"op":"create","ref":"a","userName":"a"}\n',
            "job.jsonl",
            "job.jsonl:1 (row 1): has its attributes next to its operation; write a record for each: jq -c '{op, ref, data: ",
        ),
        (
            '{"schemas":["x"],"totalResults":1,"Resources":[{"userName":"a"}]}\n',
            "job.jsonl",
            'job.jsonl:1 (row 1): holds resources under "Resources"; write a record for each: jq -c ',
        ),
    ],
)
def test_file_in_another_form_has_its_cause_named(checked, text, name, problem):
    """Each column was called unknown, a cell too few was counted, or a name of the record meant nothing."""
    [told] = [
        problem.replace(f"{source.path.parent}/", "")
        for result, source in [checked(text, name)]
        for problem in result.problems
    ]
    assert told.startswith(problem)


def test_circles_are_found_whatever_leads_into_them():
    """Row 0 is none; each circle comes once, from its first row on."""
    after = [0, 2, 3, 1, 4, 3, 5, 0, 7]
    assert list(circles(after, [0] * len(after))) == [[1, 2, 3], [4]]


def test_a_file_that_changed_after_the_check_ends_the_run(checked, tmp_path):
    """A problem that the check did not see is not passed over."""
    result, source = checked("userName\nada\n")
    result.sound_index().close()
    (tmp_path / "job.csv").write_text("userName,title\nada\n")

    with pytest.raises(JobFileChanged, match="6 bytes longer"):
        list(raw_records(source))


def test_a_packed_file_is_spooled_and_adopted(tmp_path):
    """A .gz is unpacked into a private file, which the run folder takes over."""
    packed = tmp_path / "job.csv.gz"
    packed.write_bytes(gzip.compress(b"userName\nada\n"))
    folder = tmp_path / "run"
    folder.mkdir()

    source = open_source(str(packed))
    spooled = source.path
    mode = stat.S_IMODE(spooled.stat().st_mode)
    adopted = source.adopted(folder)

    assert (source.spooled, source.format, source.content.size, mode) == (True, "csv", 13, 0o600)
    assert folder / "job.csv" == adopted.path
    assert not spooled.exists()
    assert [record.cells for record in raw_records(adopted)] == [["ada"]]


@pytest.mark.parametrize(("data", "format_"), [(b'  {"op":"x"}', "jsonl"), (b"userName\n", "csv")])
def test_stdin_is_spooled_and_its_format_found(data, format_):
    """The first byte tells JSONL from CSV."""
    source = open_source("-", io.BytesIO(data))

    assert (format_, "stdin", True) == (source.format, source.name, source.spooled)
    assert data == source.path.read_bytes()
    source.discard()
    assert not source.path.exists()


def test_a_broken_gz_is_one_message(tmp_path):
    """A truncated archive leaves no copy behind."""
    packed = tmp_path / "job.csv.gz"
    packed.write_bytes(gzip.compress(b"userName\n" * 1000)[:-20])

    with pytest.raises(JobFileInvalid, match="not a whole gzip file"):
        open_source(str(packed))


@pytest.mark.parametrize(
    ("name", "text"), [("job.pdf", "named .csv"), ("missing.csv", "no such file"), (".", "is a folder")]
)
def test_what_is_no_job_file_is_refused(tmp_path, name, text):
    """The message says what a job file is."""
    (tmp_path / "job.pdf").write_text("x")

    with pytest.raises(UsageError, match=text):
        open_source(str(tmp_path / name))


@pytest.mark.parametrize(
    "data",
    [
        b"userName,password\nada,pw\n",
        b'{"op":"create","data":{"userName":"ada","PASSWORD":"pw"}}',
        b'{"op":"patch","id":"1","patch":[{"op":"replace","path":"password","value":"pw"}]}',
        b'{"op":"patch","id":"1","patch":[{"op":"replace","value":{"password":"pw"}}]}',
    ],
)
def test_a_password_is_not_taken_from_stdin(tmp_path, data):
    """What must be spooled may hold no secret: it would be written to disk."""
    source = open_source("-", io.BytesIO(data))

    result = check(source, CREATE, tmp_path / "index")
    source.discard()

    assert "holds a password" in result.problems[0]


def test_each_user_that_loses_access_is_counted_whatever_the_verb(tmp_path):
    """A guard that a patch of `active` slips past would be none."""
    off = {"active": False}
    lines = [
        {"op": "delete", "match": {"userName": "a"}},
        {"op": "deactivate", "match": {"userName": "b"}},
        {
            "op": "patch",
            "match": {"userName": "c"},
            "patch": [{"op": "replace", "path": "active", "value": False}],
        },
        {"op": "replace", "match": {"userName": "d"}, "data": {"userName": "d", **off}},
        {"op": "upsert", "data": {"userName": "e", **off}},
        {"op": "create", "data": {"userName": "f", **off}},
        {
            "op": "patch",
            "match": {"userName": "g"},
            "patch": [{"op": "replace", "path": "title", "value": "x"}],
        },
    ]
    path = tmp_path / "job.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    result = check(open_source(str(path)), Defaults(), tmp_path / "index")

    assert result.problems == ()
    assert result.removals == 5
