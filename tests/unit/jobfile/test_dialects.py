"""Files as spreadsheets and directories write them are read, and what cannot be meant is refused."""

import codecs
import io

import pytest

from bulkscim.jobfile.encoding import AS_FOUND, FileForm
from bulkscim.jobfile.reading import rows
from bulkscim.jobfile.short_rows import ShortRows
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults, Verb
from bulkscim.reporting.errors_file import ErrorsFile, Failure

CREATE = Defaults(Verb.CREATE)
FULL = "userName,title,department,costCenter\n"


def opened(tmp_path, data, name="job.csv", form=AS_FOUND):
    """Write a file and open it."""
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return open_source(str(path), form=form)


def checked(tmp_path, data, defaults=CREATE, header_line=0):
    """Return the problems and notes of a file, and the resources that it asks for."""
    source = opened(tmp_path, data, form=FileForm(header_line=header_line))
    found = check(source, defaults, tmp_path / "index.sqlite")
    asked = [] if found.problem_count else [operation.data for _, operation in rows(source, defaults)]
    if found.index is not None:
        found.index.close()
    source.discard()
    return [each.removeprefix(source.name) for each in found.problems], found.notes, asked


@pytest.mark.parametrize(
    ("first", "between"),
    [
        ("sep=;", ";"),
        ("SEP=;", ";"),
        ('"sep=;"', ";"),
        ("sep=,", ","),
        ("sep=|", "|"),
        ("sep=\\t", "\t"),
        ("sep=\t", "\t"),
        ("sep=^", "^"),
        ("\r\nsep=;", ";"),
    ],
)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_the_delimiter_that_a_first_line_names_is_used(tmp_path, first, between, mark):
    """Excel's own first line was taken for the header: column "sep=;" is not known."""
    text = f'{first}\r\nuserName{between}title\r\nada{between}"a,;|b"\r\n'

    problems, notes, asked = checked(tmp_path, mark + text.encode())

    assert (problems, asked) == ([], [{"userName": "ada", "title": "a,;|b"}])
    assert "above the header" in notes[0]
    assert "between cells" in notes[0]


def test_a_first_line_that_contradicts_the_names_is_refused(tmp_path):
    """A file that was saved again with other delimiters had one column of all names."""
    problems, _, _ = checked(tmp_path, "sep=,\nuserName;title\nada;x\n")

    assert problems == [
        ':2: has semicolons between names, and "sep=," is above it; correct that line, or delete it'
    ]


def test_an_errors_file_of_a_delimiter_that_no_one_would_guess_has_commas(tmp_path):
    """The errors file has no line `sep=^`, so it could not be read back."""
    source = opened(tmp_path, "sep=^\nuserName^title\nada^a,b\n")
    with ErrorsFile(tmp_path, source) as file:
        for record in [next(iter(read(source)))]:
            file.add(record, Failure("r", 1, "create", 400, None, "no", "", 1))

    assert file.path.read_text().splitlines()[1].startswith('ada,"a,b",r,1,')


def read(source):
    """Read the records of a source."""
    from bulkscim.jobfile.reading import raw_records

    return raw_records(source)


@pytest.mark.parametrize(
    "above",
    [
        "version:v1.0,,,\n",
        "version:v1.0\r\n",
        "#TYPE System.Management.Automation.PSCustomObject\n",
        ",,\n\n",
        '"","";\n',
    ],
)
def test_what_programs_write_above_the_header_is_passed_over(tmp_path, above):
    """A template's version line was the header, and every column of the file unknown."""
    problems, _, asked = checked(tmp_path, above + "userName,title\nada,Lead\n")

    assert (problems, asked) == ([], [{"userName": "ada", "title": "Lead"}])


@pytest.mark.parametrize("quoted", [b"x", b'"x\ry"', b'"x\ny"'])
def test_lines_that_end_in_cr_alone_are_lines(tmp_path, quoted):
    """All of the file was one header line: put the cell in quotes."""
    head = b"\r".join([b"", b"userName,title", b"ada," + quoted])

    problems, notes, asked = checked(tmp_path, head + b"\rbob,Dev\r")
    wrong, _, _ = checked(tmp_path, head + b"\rada,b,c\r")

    assert (problems, notes, len(asked)) == ([], ("lines end in CR alone",), 2)
    assert wrong[0].startswith(f":{4 + (len(quoted) > 1)} (row 2): has 3 cells")


def test_a_cr_that_stands_alone_in_one_cell_is_still_a_problem(tmp_path):
    """Lines end as the header's does; a CR elsewhere is a fault of its row, in quotes it is text."""
    wrong, notes, _ = checked(tmp_path, b"userName,title\na\rb,c\n")
    _, _, asked = checked(tmp_path, b'userName,title\na,"b\rc"\n')

    assert "carriage return stands alone" in wrong[0]
    assert (notes, asked[0]["title"]) == ((), "b\rc")


@pytest.mark.parametrize(
    "data", [b'{"op":"create","data":{"userName":"a"}}\r{"op":"create","data":{"userName":"b"}}\r']
)
def test_json_lines_may_end_in_cr_alone(tmp_path, data):
    """The second object was `is not JSON`."""
    assert len(list(read(opened(tmp_path, data, "job.jsonl")))) == 2


def test_pipes_and_names_with_what_cannot_be_seen(tmp_path):
    """A no-break blank, a mark of no width and a line break in a name made it unknown, also for a map."""
    text = "\u200buserName|\xa0title\xa0|name.\u2060givenName\nada|Lead|Ada\n"
    mapped = Defaults(Verb.CREATE, map={"userName": "Log in", "title": "Job\xa0Title"})

    problems, notes, asked = checked(tmp_path, text)
    _, _, by_map = checked(tmp_path, 'Log\xa0in,"Job\nTitle"\nada,Lead\n', mapped)

    assert (problems, notes) == ([], ("pipes between cells",))
    assert asked == [{"userName": "ada", "title": "Lead", "name": {"givenName": "Ada"}}]
    assert by_map == [{"userName": "ada", "title": "Lead"}]


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (["ada@x.org,Lead,Eng,1", "bob@x.org,Dev", "eve@x.org,Dev"], "2 rows are"),
        (["ada@x.org,Lead,Eng,1", "bob@x.org,,,", "eve@x.org"], "1 row is"),
        (["bob@x.org", "eve@x.org", "ada@x.org,Lead,Eng,1", "mia@x.org,Dev,"], "3 rows are"),
    ],
)
def test_short_rows_are_filled_up_where_others_have_nothing_there_either(tmp_path, lines, count):
    """Excel leaves out the last delimiters, and each such row was refused."""
    problems, notes, asked = checked(tmp_path, FULL + "\n".join(lines) + "\n")

    assert problems == []
    assert notes[0].startswith(f"{count} shorter than the header")
    assert {"userName": "eve@x.org", "title": "Dev"} in asked or {"userName": "eve@x.org"} in asked
    assert len(notes) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["ada@x.org,Lead,Eng,1", "bob@x.org,Eng,2", "eve@x.org,Dev,,"],  # a number under department
        ["ada@x.org,Lead,Eng,1", "Dev,Eng,2", "Dev,Eng,3"],  # the name itself is lost
        ["ada@x.org,Lead,Eng,1", "bob@x.org,Dev,Eng", "eve@x.org,Dev,Eng,2"],  # no other row lacks it
        ["ada@x.org,Lead,Eng,1", "bob@x.org,Dev"],
        ["ada@x.org,Lead,Eng,", "bob@x.org", "mia@x.org,Lead,,1"],  # cut off: the title is always filled
    ],
)
def test_a_row_that_may_have_lost_a_delimiter_is_refused(tmp_path, lines):
    """Filled up, it would write cells under the wrong columns."""
    problems, _, _ = checked(tmp_path, FULL + "\n".join(lines) + "\n")

    assert problems[0].startswith(":3 (row 2): has")
    assert "is a delimiter missing?" in problems[0]


def test_short_rows_are_judged_by_the_whole_file_wherever_reading_begins(tmp_path):
    """A resume that starts at the short row must read it as the check did."""
    source = opened(tmp_path, FULL + "bob@x.org,Dev\n" + "ada@x.org,Lead,Eng,1\n" * 3 + "eve@x.org,Dev\n")

    assert [number for number, _ in rows(source, CREATE, 5)] == [5]
    assert [record.number for record in read(source)] == [1, 2, 3, 4, 5]


def test_forms_that_no_complete_row_has_are_not_filled_up():
    """Without complete rows every form may be; an empty cell fits every column."""
    short = ShortRows()
    short.learn(3, [["a@b", "1", "x"], ["c@d"], ["e@f"], ["", "2"]])

    assert [short.may_fill(row) for row in (["e@f"], ["x"], ["", "3"], ["e@f", "no"])] == [
        True,
        False,
        True,
        False,
    ]


def test_last_columns_without_a_name_may_be_empty_in_every_row(tmp_path):
    """`a,b,,,` was refused: column 3 has no name."""
    head = "userName,title,,,\nada,Lead,,,\nbob,Dev\n"

    problems, _, asked = checked(tmp_path, head)
    wrong, _, _ = checked(tmp_path, head + "eve,Dev, ,x,\nmia,Dev,,,,\n")

    assert (problems, len(asked)) == ([], 2)
    assert wrong[0].startswith(':4 (row 3), column 4: holds "x", and the column has no name')
    assert wrong[1].startswith(":5 (row 4): has 6 cells where the header has 5")


def test_a_nameless_column_between_others_is_refused(tmp_path):
    """Only last columns can be left over from a spreadsheet's grid."""
    problems, _, _ = checked(tmp_path, "userName,,title\nada,,Lead\n")

    assert ", column 2: has no name" in problems[0]


def test_a_dialect_may_come_from_a_pipe():
    """Standard input is read like a file."""
    source = open_source("-", io.BytesIO(b"sep=;\ruserName;title\rada;Lead\rbob;Dev\r"))

    assert [record.cells for record in read(source)] == [["ada", "Lead"], ["bob", "Dev"]]
    source.discard()


TITLED = "People,report\n\n2026-01-01;;\nuserName;title;Name\nada;Lead;x\n"


@pytest.mark.parametrize(
    ("text", "defaults", "line"),
    [
        (TITLED.replace(";Name", ";active").replace(";x", ";yes"), CREATE, 4),
        ("Report\nuserName,title,Login Name\nada,manager,active\n", CREATE, 2),
        (
            '"Report\nof people",,\n,,\nE-mail,Job,Dept\nada,Lead,Eng\n',
            Defaults(Verb.CREATE, map={"userName": "e-mail"}),
            4,
        ),
    ],
)
def test_a_header_below_a_title_is_named_with_the_flag_that_reads_it(tmp_path, text, defaults, line):
    """The message was: "People" is not a SCIM attribute path."""
    [said], _, _ = checked(tmp_path, text, defaults)

    assert f"the header seems to be on line {line} (" in said
    assert f"--header-line {line}" in said


@pytest.mark.parametrize("above", ["", "\n", "sep=;\n", '"a\n', "x" * 2000 + "\n"])
def test_the_header_is_read_on_the_line_that_is_given(tmp_path, above):
    """Whatever is above it, an open quote too; records are counted below it, and lines from the first."""
    text = f"{above}Title, of 2026\nuserName;title\nada;Lead\nbob;a;b\n"
    line = text[: text.index("userName")].count("\n") + 1

    [said], _, _ = checked(tmp_path, text, header_line=line)
    _, notes, asked = checked(tmp_path, text.replace(";a;b", ";b"), header_line=line)

    assert said.startswith(f":{line + 2} (row 2): has 3 cells")
    assert asked == [{"userName": "ada", "title": "Lead"}, {"userName": "bob", "title": "b"}]
    assert "semicolons between cells" in notes[0]


@pytest.mark.parametrize(
    ("line", "said"), [(2, "is blank"), (9, "cannot be read, or the file ends before it")]
)
def test_a_line_that_holds_no_names_is_refused(tmp_path, line, said):
    """Neither the next line nor an earlier one is taken for the header."""
    [found], _, _ = checked(tmp_path, "userName\n;;\nada\n", header_line=line)

    assert found == f":{line}: {said}; give the line of the column names"


def test_a_header_line_is_for_csv(tmp_path):
    """In JSONL it would pass over records."""
    source = opened(tmp_path, '{"data":{"userName":"a"}}\n', "job.jsonl", FileForm(header_line=1))

    assert "a header line is for CSV" in check(source, CREATE, tmp_path / "index").problems[0]
