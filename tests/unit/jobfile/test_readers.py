"""Bad input is told line by line, in bounded memory, and reading goes on behind it."""

import io
import tracemalloc

import pytest

from bulkscim.jobfile import csv_reader, jsonl_reader
from bulkscim.jobfile.records import Problem, Record


def read_csv(data, **options):
    """Read CSV bytes whole."""
    return list(csv_reader.read(io.BytesIO(data), **options))


def read_jsonl(data, **options):
    """Read JSONL bytes whole."""
    return list(jsonl_reader.read(io.BytesIO(data), **options))


class LongLine(io.RawIOBase):
    """A file of one line that is never in memory, with a good record before and after it."""

    def __init__(self, before, size, after):
        self._pieces = iter([before, *([b"x" * 100_000] * (size // 100_000)), b"\n", after])
        self._rest = b""

    def readable(self):
        """It can be read."""
        return True

    def readinto(self, buffer):
        """Fill the buffer from the next piece."""
        self._rest = self._rest or next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def test_records_are_counted_without_header_and_blank_lines():
    """Row numbers count records from 1, line numbers count every line."""
    rows = read_csv(b"\nname\n\na\n,\nb\n".replace(b",\n", b'""\n'))
    lines = read_jsonl(b'\n{"a":1}\n \n{"b":2}\r\n')

    assert [(each.number, each.line, each.cells) for each in rows] == [(1, 4, ["a"]), (2, 6, ["b"])]
    assert [(each.number, each.line, each.text) for each in lines] == [(1, 2, '{"a":1}'), (2, 4, '{"b":2}')]


def test_a_quoted_cell_may_hold_lines_and_delimiters():
    """A record begins at its first line."""
    rows = read_csv(b'a,b\r\n"x\r\ny, ""z""",2\r\n3,4\r\n')

    assert [tuple(each)[:3] for each in rows] == [(1, 2, ['x\r\ny, "z"', "2"]), (2, 4, ["3", "4"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(delimiter):
    """Comma, semicolon and tab are told apart; those in quotes do not count."""
    data = delimiter.join(['"a,;x"', "b"]) + "\n" + delimiter.join(["1", "2"])

    assert [each.cells for each in read_csv(data.encode())] == [["1", "2"]]


def test_a_byte_order_mark_is_dropped():
    """The first column keeps its name."""
    header = csv_reader.header(io.BytesIO(b"\xef\xbb\xbfuserName,title\n"))

    assert header.names == ("userName", "title")
    assert read_jsonl(b'\xef\xbb\xbf{"a":1}\n')[0].body == {"a": 1}


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (b'"a"b,2\n', "must be doubled"),
        (b"1,2,3\n", "has 3 cells where the header has 2 (delimiter ,); is a cell with a delimiter"),
        (b"1\n", "has 1 cells where the header has 2"),
        (b"1,\x002\n", "a NUL byte at offset 6"),
        (b"1,\xe9\n", "byte 0xe9 at offset 6 is not UTF-8"),
        (b"1\r2,3\n", "carriage return"),
    ],
)
def test_a_bad_row_is_a_problem_and_reading_goes_on(bad, text):
    """The problem names line and row; the next row is read."""
    problem, record = read_csv(b"a,b\n" + bad + b"3,4\n")

    assert isinstance(problem, Problem)
    assert (problem.line, problem.row) == (2, 1)
    assert text in problem.fault.message
    assert tuple(record)[:3] == (2, 3, ["3", "4"])


def test_a_quote_that_is_never_closed_is_named_where_it_begins():
    """Broken quoting at the end of the file."""
    record, problem = read_csv(b'a,b\n1,2\n"3,4\n5,6\n')

    assert isinstance(record, Record)
    assert (
        problem.line,
        problem.row,
        problem.fault.message,
    ) == (3, 2, "a quoted cell that begins here is never closed")


def test_a_record_over_the_limit_is_given_up():
    """An open quote before much text is found out after 1 MB, and reading goes on."""
    rows = read_csv(b'a,b\n"1,2\n' + b"3,4\n" * 300_000)

    assert "over 1 MB: is a quote not closed?" in rows[0].fault.message
    assert rows[-1].cells == (["3", "4"])


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (b'{"a":\n', "is not JSON"),
        (b"[1]\n", "is not an object"),
        (b'"a"\n', "is not an object"),
        (b'{"a":"\x00"}\n', "a NUL byte at offset 6"),
        (b'{"a":"\xe9"}\n', "byte 0xe9 at offset 6 is not UTF-8"),
    ],
)
def test_a_bad_line_is_a_problem_and_reading_goes_on(bad, text):
    """The problem names its line; the next line is read."""
    problem, record = read_jsonl(bad + b'{"b":1}\n')

    assert isinstance(problem, Problem)
    assert (problem.line, problem.row) == (1, 1)
    assert text in problem.fault.message
    assert (record.number, record.line, record.body) == (2, 2, {"b": 1})


def test_invalid_json_on_line_70000_is_named():
    """A fault deep in a file is found by its line."""
    data = b'{"a":1}\n' * 69_999 + b'{"a":1,}\n' + b'{"a":1}\n'

    problems = [each for each in read_jsonl(data) if isinstance(each, Problem)]

    assert [problem.text("job.jsonl")[:52] for problem in problems] == [
        "job.jsonl:70000 (row 70000), column 7: is not JSON: "
    ]


@pytest.mark.parametrize(
    ("reader", "before", "after"),
    [(csv_reader.read, b"a\n1\n", b"2\n"), (jsonl_reader.read, b'{"a":1}\n', b'{"a":2}\n')],
)
def test_a_line_of_200_mb_is_never_in_memory(reader, before, after):
    """A record over 1 MB is a problem, not a load."""
    stream = io.BufferedReader(LongLine(before, 200_000_000, after), 1 << 16)
    tracemalloc.start()
    try:
        first, problem, last = reader(stream)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert problem.fault.message == "the line has 200,000,001 bytes; a record may have 1,000,000"
    assert (first.number, last.number) == (1, 3)
    assert peak < 8_000_000


@pytest.mark.parametrize("read", [read_csv, read_jsonl])
def test_only_wanted_records_are_read(read):
    """What is before `start` or not wanted is passed over, bad or good."""
    lines = [b'{"a":%d}' % number for number in range(1, 9)]
    lines[1] = b'"bad"x'
    data = b"\n".join([*([b"a"] if read is read_csv else []), *lines])

    found = read(data, start=3, wanted=lambda number: number % 2 == 0)

    assert [each.number for each in found] == [4, 6, 8]


def test_a_guard_is_taken_off():
    """A `'` before = + - @ was stripped only where there is a column `_row`; it went into the tenant elsewhere."""
    assert read_csv(b"a,b,c,d\n'=1,''=2,'x,-3\n")[0].cells == ["=1", "'=2", "'x", "-3"]
    assert csv_reader.header(io.BytesIO(b"'-a,b\n")).names == ("-a", "b")


def test_a_record_that_is_nested_without_end_is_a_problem():
    """What could not be written into a request is said before anything is sent."""
    text = b'{"op":"create","data":{"userName":"a","x":' + b"[" * 300 + b"]" * 300 + b"}}\n"
    (found,) = read_jsonl(text)

    assert isinstance(found, Problem)
    assert "nested" in found.fault.message


@pytest.mark.parametrize("number", ["9" * 400, "1e99999999999999999999", "1e-99999999999999999999"])
@pytest.mark.parametrize("end", ["", "}"])
def test_a_number_that_nothing_can_hold_is_a_problem_of_its_line(number, end):
    """It ended the command as a bug, with or without a closing brace behind it."""
    [problem] = read_jsonl(b'{"op":"create","n":' + number.encode() + end.encode())

    assert isinstance(problem, Problem)
